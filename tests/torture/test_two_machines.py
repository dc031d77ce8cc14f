"""Laws of two machines on one file system whose locks do not reach from one to the other.

Each machine has namespaces of its own (host name, processes, mounts) and mounts the folder by bindfs, through which
locks of one mount say nothing to the other; its clock is an hour off. Needs root, unshare and bindfs.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.launch.ledger import APP, read_ledger, wait_until

_SKEWED = """\
import os, time
skew, real = float(os.environ["SKEW"]), time.time
time.time = lambda: real() + skew
"""
_START = """\
hostname "$NAME"; mount -t tmpfs none /run; mkdir /run/mag /run/tmp
bindfs "$REAL" /run/mag || exit 9
export TMPDIR=/run/tmp; cd /run/mag; "$@"; exit $?
"""
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make namespaces"),
    pytest.mark.skipif(shutil.which("bindfs") is None or shutil.which("unshare") is None, reason="needs bindfs"),
]


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the machines share, which is the current one."""
    (tmp_path / "skew").mkdir()
    (tmp_path / "skew" / "sitecustomize.py").write_text(_SKEWED)
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "train.py").write_text(APP)
    monkeypatch.chdir(tmp_path / "real")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "skew"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return tmp_path / "real"


def run_on(name: str, skew: int, *words: str) -> "subprocess.Popen[str]":
    """Start mag on a machine of that name, whose clock is so many seconds off."""
    apart = ["unshare", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    env = {**os.environ, "NAME": name, "REAL": str(Path.cwd()), "SKEW": str(skew)}
    command = [*apart, "sh", "-c", _START, "sh", sys.executable, "-m", "mag", *words]
    return subprocess.Popen(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def list_processes(machine: "subprocess.Popen[str]") -> list[int]:
    """Return the processes of a machine, without those that serve its file system."""
    init = Path(f"/proc/{machine.pid}/task/{machine.pid}/children").read_text().split()[0]
    space = os.readlink(f"/proc/{init}/ns/pid")
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(path / "ns/pid") == space and b"bindfs" not in (path / "comm").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def say(machine: "subprocess.Popen[str]") -> str:
    """Return all that a machine prints, when it has ended."""
    return machine.communicate(timeout=120)[0]


def test_two_machines_share_a_sweep(shared: Path) -> None:
    """Each experiment is run once, by one of them, and both end."""
    words = ["sweep", "+x=range(11,31)", "+steps=3", "-j", "2"]
    machines = [run_on("a", 3600, *words), run_on("b", -3600, *words)]
    said = [say(machine) for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], said
    assert read_ledger("start") == read_ledger("end") == Counter(range(11, 31))
    assert not list(shared.glob("experiments/*/.mag/*.lease.*"))


@pytest.mark.usefixtures("shared")
def test_a_silent_machine_loses_its_experiments() -> None:
    """Another takes them over when the lease has lapsed; what the silent one would write when it wakes is refused."""
    silent = run_on("a", 3600, "sweep", "+x=11", "+steps=20")
    wait_until(lambda: read_ledger("start"))
    stopped = list_processes(silent)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert "running" in say(run_on("b", -3600, "ls"))
        other = run_on("b", -3600, "sweep", "+x=11", "+steps=20")
        assert "1 completed" in say(other)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert "silent" in say(silent)
    assert silent.returncode == 1
    assert "completed" in say(run_on("c", 0, "ls"))
