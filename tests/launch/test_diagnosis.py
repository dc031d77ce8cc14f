"""Laws of the diagnosis: what is missing is found, and said with what to do."""

import errno
import fcntl
import os
import resource
from pathlib import Path

import pytest

from mag.launch import diagnosis
from mag.launch.diagnosis import Finding, examine_file_system, examine_gpus, examine_limits, examine_machine


def pick(findings: list[Finding], about: str) -> Finding:
    """Return the last finding about a thing."""
    return [finding for finding in findings if finding.about == about][-1]


def test_a_good_file_system(tmp_path: Path) -> None:
    """Locks, renames and names work, nothing is left behind, and the store need not be there yet."""
    found = list(examine_file_system(tmp_path / "a" / "experiments"))

    assert {finding.about for finding in found} >= {"file system", "locks", "writing", "space"}
    assert "trouble" not in {finding.state for finding in found}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flock", "said"),
    [(OSError(errno.ENOTSUP, "Operation not supported"), "there are none"), (None, "do not exclude each other")],
)
def test_a_file_system_without_locks(
    flock: OSError | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is trouble, with another place as the way out."""

    def lock(_file: int, _kind: int) -> None:
        if flock is not None:
            raise flock

    monkeypatch.setattr(fcntl, "flock", lock)
    found = pick(list(examine_file_system(tmp_path)), "locks")

    assert (found.state, said in found.finding, "--dir" in str(found.advice)) == ("trouble", True, True)


def test_a_place_that_cannot_be_written() -> None:
    """It is trouble; what cannot be tried is not said to work."""
    found = list(examine_file_system(Path("/proc/self")))

    assert [(finding.about, finding.state) for finding in found] == [("file system", "trouble")]


def test_case_and_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where capital letters do not count, or the clock is another's, that is to be known."""
    monkeypatch.setattr("mag.launch.diagnosis.os.path.exists", lambda _: True)
    monkeypatch.setattr("mag.launch.diagnosis.time.time", lambda: 0.0)
    found = list(examine_file_system(tmp_path))

    assert pick(found, "names").state == "note"
    assert "s ahead" in pick(found, "clock").finding


def test_few_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small limit says how many experiments it allows, and how to raise it."""
    limits = {resource.RLIMIT_NOFILE: (64, 8192), resource.RLIMIT_NPROC: (50, 50), resource.RLIMIT_FSIZE: (1024, 1024)}
    monkeypatch.setattr(resource, "getrlimit", limits.__getitem__)
    found = {finding.about: finding for finding in examine_limits()}

    assert found["open files"].finding.startswith("64 allow ")
    assert "ulimit -n 4096" in str(found["open files"].advice)
    assert {finding.state for finding in found.values()} == {"note"}


def test_limits_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that the control group limits is a note; without a limit it is what there is."""
    monkeypatch.setattr(diagnosis, "_read_memory_limit", lambda: 512 << 20)
    assert "allows 512 MB" in pick(list(examine_machine()), "memory").finding
    monkeypatch.setattr(diagnosis, "_read_memory_limit", lambda: None)

    assert pick(list(examine_machine()), "memory").state == "fine"


def test_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables decide which there are; such as contradict each other are trouble."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    assert "leaves 2 to this process" in pick(list(examine_gpus()), "GPUs").finding
    monkeypatch.setenv("HIP_VISIBLE_DEVICES", "4")

    assert [finding.state for finding in examine_gpus()] == ["trouble"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,5"
