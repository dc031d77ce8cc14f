"""Laws of apps that touch what mag relies on: replace clocks, fork and return, halt their parent, hang at import."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.records import Record
from tests.cli.test_sweep import children

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]
APP = """\
import gc, os, signal, socket, subprocess, sys, time
import mag
{top}

@mag.main
def train(config, experiment):
    {body}
"""


@pytest.fixture
def write(project: Path) -> Callable[..., None]:
    """Return a function that writes the app: what stands at its top, and what the function does."""

    def write_app(body: str, top: str = "") -> None:
        (project / "train.py").write_text(APP.format(body=body.replace("\n", "\n    "), top=top))

    return write_app


Write = Callable[..., None]


@pytest.mark.parametrize(
    "top",
    [
        "socket.setdefaulttimeout(0.2)",
        "from resource import *; setrlimit(RLIMIT_NOFILE, (4096, 4096)); held = [os.dup(2) for _ in range(1100)]",
        "import json; json.dumps = None",
        "time.time = time.monotonic = lambda: 5.0",
    ],
    ids=["sockets", "files", "json", "clock"],
)
def test_what_an_app_does_at_its_top(write: Write, mag: Mag, read: Read, top: str) -> None:
    """It runs as any other, and takes the time that it takes."""
    write("time.sleep(0.5)\nreturn config.k", top)
    done = mag("sweep", "+k=1,2", "-j", "1", timeout=30)

    assert (done.returncode, read("1").results, read("2").results) == (0, {"result": 1}, {"result": 2})
    assert (read("1").seconds or 0) >= 0.5


def test_a_limit_by_a_clock_that_stands_still(write: Write, mag: Mag, read: Read) -> None:
    """An app that freezes time is ended when its time is over."""
    write("signal.pause()", "time.monotonic = lambda: 5.0")
    mag("sweep", "+k=1", "--timeout", "0.5s", timeout=30)

    assert read("1").status == "timeout"


@pytest.mark.parametrize(
    "fork",
    ["return {'fork': 1}", "sys.exit(0)", "\n    time.sleep(0.2)\n    1 / 0"],
)
@pytest.mark.parametrize(
    ("end", "status"), [("return {'own': 1}", "completed"), ("os.kill(os.getpid(), signal.SIGKILL)", "killed")]
)
def test_a_fork_decides_nothing(write: Write, mag: Mag, read: Read, fork: str, end: str, status: str) -> None:  # noqa: PLR0917
    """However a fork of an experiment ends, the record is of the experiment's own process."""
    write(f"if os.fork() == 0: {fork}\ntime.sleep(0.1)\n{end}")
    mag("sweep", "+k=1", timeout=30)

    assert (read("1").status, read("1").results) == (status, {"own": 1} if status == "completed" else {})


def test_the_first_verdict_stays(write: Write, mag: Mag, read: Read) -> None:
    """A limit that is reached while what an experiment left is being ended is no reason for how it ended itself."""
    write("subprocess.Popen(['sleep', '60'])\ntime.sleep(0.2)\nraise ValueError('the reason')")
    mag("sweep", "+k=1", "--timeout", "0.4s", timeout=30)

    assert (read("1").status, (read("1").error or {})["message"]) == ("failed", "the reason")


def test_files_after_a_freeze(write: Write, mag: Mag, project: Path) -> None:
    """What is in the buffers of files is written, though the experiment has set all objects apart."""
    write("global out\nout = open('out', 'w')\nout.write('kept')\ngc.freeze()")
    mag("sweep", "+k=1")

    assert (project / "out").read_text() == "kept"


def test_a_signal_that_was_blocked_stays_so(write: Write, mag: Mag, read: Read) -> None:
    """A fork lets nothing through that the experiment holds back."""
    write(
        "signal.pthread_sigmask(signal.SIG_BLOCK, {15})\nif os.fork() == 0: os._exit(0)\nos.wait()\n"
        "return 15 in signal.pthread_sigmask(signal.SIG_BLOCK, [])"
    )
    mag("sweep", "+k=1")

    assert read("1").results == {"result": True}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_hangs(write: Write, project: Path, number: int) -> None:
    """Whoever stops the command is not kept waiting, and nothing is left running."""
    write("pass", "open('here', 'w').close(); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-m", "mag", "sweep", "+k=1"], stderr=subprocess.DEVNULL) as runner:
        while not (project / "here").exists():
            time.sleep(0.02)
        server = children(runner.pid)[0]
        runner.send_signal(number)
        assert runner.wait(timeout=4) == 128 + number

    assert not Path(f"/proc/{server}").exists()


def test_a_supervisor_that_is_asked_to_stop_is_replaced(write: Write, project: Path, mag: Mag) -> None:
    """Somebody else's SIGTERM ends one experiment, and not the sweep."""
    write("open(f'here{config.k}', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.02)")
    command = [sys.executable, "-m", "mag", "sweep", "+k=1,2,3,4", "-j", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as runner:
        while not (project / "here1").exists():
            time.sleep(0.02)
        os.kill(children(children(runner.pid)[0])[0], signal.SIGTERM)
        (project / "go").touch()
        said = runner.communicate(timeout=30)[1]

    assert "4 experiments: 3 completed, 1 interrupted." in said
    assert mag("sweep", "+k=1,2,3,4").returncode == 0


@pytest.mark.parametrize("call", ["fork", "dup"])
def test_where_there_is_no_room(write: Write, mag: Mag, read: Read, project: Path, call: str) -> None:
    """What could not be started says why; what had completed before is as it was."""
    write("return config.k")
    mag("sweep", "+k=1,2", "-j", "1")
    (project / "train.py").write_text(
        (project / "train.py").read_text().replace("import mag\n", f"import mag\n{NO_ROOM[call]}\n", 1)
    )
    done = mag("sweep", "+k=1,2", "-j", "1", "--force", timeout=30)

    assert done.returncode == 1
    assert "it could not be started: " in done.stderr
    assert [(read(k).status, read(k).attempt, read(k).results) for k in "12"] == [
        ("completed", 1, {"result": 1}),
        ("completed", 1, {"result": 2}),
    ]
    assert not list((project / "experiments" / "1" / ".mag" / "attempts").iterdir())


NO_ROOM = {
    "fork": """
fork, forks = os.fork, []
def count():  # the fork server forks its supervisor, which cannot fork
    forks.append(1)
    if len(forks) > 1: raise BlockingIOError(11, 'Resource temporarily unavailable')
    return fork()
os.fork = count""",
    "dup": """
import mag.run.supervisor
def refuse(path): raise OSError(24, 'Too many open files')
mag.run.supervisor.open_log = refuse""",
}
