"""Laws of the zygote: when it is killed, nothing is lost, and what its child does is still seen."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mag.record.records import Record

Mag = Callable[..., "object"]
Read = Callable[[str], Record]

APP = """\
import os, signal, subprocess, time
import mag

KINDS = {
    "returns": lambda: time.sleep(0.2),
    "raises": lambda: {}["missing"],
    "segfault": lambda: (time.sleep(0.2), os.kill(os.getpid(), signal.SIGSEGV)),
    "exits": lambda: (time.sleep(0.2), os._exit(3)),
    "hangs": lambda: time.sleep(60),
    "leaves": lambda: print(subprocess.Popen(["sleep", "973"], start_new_session=True).pid),
    "well": lambda: None,
}

@mag.main()
def train(config):
    if config.kind != "well":
        os.kill(os.getppid(), signal.SIGKILL)
    KINDS[config.kind]()
"""


VERDICTS = {
    "returns": "completed",
    "raises": "failed",
    "segfault": "killed",
    "exits": "failed",
    "hangs": "timeout",
    "leaves": "completed",
    "well": "completed",
}


@pytest.fixture
def swept(project: Path, mag: Mag) -> Path:
    """Return a project in which each kind was run, after it had killed its zygote."""
    (project / "train.py").write_text(APP)
    mag("sweep", f"+kind={','.join(VERDICTS)}", "-j", "2", "--timeout", "2s")
    return project


@pytest.mark.usefixtures("swept")
def test_each_is_recorded_for_what_it_was(read: Read) -> None:
    """A child whose zygote was killed has the verdict that it deserves, and the next experiments run."""
    assert {kind: read(kind).status for kind in VERDICTS} == VERDICTS
    assert read("segfault").exit["signal"] == signal.SIGSEGV


def test_nothing_is_left_running(swept: Path) -> None:
    """What a child left behind is ended, although the zygote could not."""
    pid = int((swept / "experiments" / "leaves" / "log").read_text().split()[0])
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _is_alive(pid):
        time.sleep(0.05)
    assert not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


SLOW = """\
import os, signal, time
import mag

os.register_at_fork(after_in_parent=lambda: time.sleep(0.2))

@mag.main()
def train(config):
    print("began", flush=True)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(0.5)
"""


def test_an_experiment_whose_zygote_is_killed_right_after_the_fork_is_run_once(
    project: Path, mag: Mag, read: Read
) -> None:
    """It has told the supervisor that it is there before it began, whatever its zygote still wanted to say."""
    (project / "train.py").write_text(SLOW)
    mag("sweep", "+i=1")

    assert read("1").status == "completed"
    assert (project / "experiments" / "1" / "log").read_text().count("began") == 1
