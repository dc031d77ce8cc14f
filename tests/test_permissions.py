"""Laws of places that may not be read or written: named with the reason, they cost themselves and are repaired."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Mag

OWN = "1|0.5"
DROP = ("--bounding-set", "-dac_override,-dac_read_search")


@pytest.fixture(scope="module")
def restrained() -> list[str]:
    """Return the words before a command that is to respect permissions, which do not bind root."""
    if os.getuid() != 0:
        return []
    if shutil.which("setpriv") is None or subprocess.run(["setpriv", *DROP, "true"], check=False).returncode:
        pytest.skip("root may write everywhere, and setpriv cannot take that away here")
    return ["setpriv", *DROP]


@pytest.fixture
def bound(restrained: list[str], project: Path) -> Iterator[Mag]:
    """Return mag as somebody to whom permissions apply; in the end the project can be removed."""

    def run_mag(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*restrained, sys.executable, "-m", "mag", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    yield run_mag
    for path in (project, *project.rglob("*")):
        path.chmod(0o755)


def test_a_store_that_cannot_be_written(bound: Mag) -> None:
    """It can be looked at, a command that writes says why not and starts nothing, and later it does what is left."""
    bound("sweep", "C=1")
    Path("experiments").chmod(0o555)
    assert [bound(*words).returncode for words in (["ls"], ["show", OWN], ["status"], ["failures"])] == [0] * 4
    for words in (["sweep", "C=1,2"], ["run", "C=2"]):
        done = bound(*words)
        assert (done.returncode, done.stderr) == (2, "mag: Cannot write in experiments: Permission denied.\n")
    Path("experiments").chmod(0o755)

    assert "1 completed, 1 done before" in bound("sweep", "C=1,2").stderr


@pytest.mark.parametrize(
    ("place", "mode", "named"),
    [
        (OWN, 0o555, f"{OWN}/log: Permission denied"),
        (OWN, 0o000, f"{OWN}/.mag/record.json: Permission denied"),
        (f"{OWN}/.mag", 0o555, f"{OWN}/.mag/attempts: Permission denied"),
        (f"{OWN}/.mag/record.json", 0o000, f"{OWN}/.mag/record.json: Permission denied"),
        (f"{OWN}/.mag/lock", 0o000, f"{OWN}/.mag/lock: Permission denied"),
    ],
)
def test_one_place_that_cannot_be_used_costs_itself(bound: Mag, place: str, mode: int, named: str) -> None:
    """It fails with the place and the reason, the others run, and when it is mended so does this one."""
    bound("sweep", "C=1")
    path = Path("experiments", place)
    before = path.stat().st_mode
    path.chmod(mode)
    done = bound("sweep", "C=1,2", "--force")
    assert (done.returncode, named in done.stderr) == (1, True), done.stderr
    assert "2 experiments: 1 completed, 1 failed." in done.stderr
    path.chmod(before)

    assert "2 experiments: 2 completed." in bound("sweep", "C=1,2", "--force").stderr
    assert Path("experiments", OWN, "log").read_text() == "C is 1\n"


def test_what_cannot_be_read_is_told(bound: Mag) -> None:
    """Neither the sweeps nor an experiment pass for not there, when they only cannot be read."""
    bound("sweep", "C=1")
    Path("experiments", ".mag", "sweeps").chmod(0o000)
    done = bound("status")
    assert (done.returncode, done.stderr) == (2, "mag: Cannot list experiments/.mag/sweeps: Permission denied.\n")
    Path("experiments", OWN, ".mag").chmod(0o000)
    done = bound("failures")

    assert (done.returncode, f"{OWN} is corrupt. Cannot read" in done.stderr) == (1, True)
