"""What the tests of the commands that look share: experiments on disk, and mag run on them."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mag.cli.program import run_program
from mag.config.identity import compute_identity
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record, write_record


class Ending(NamedTuple):
    """What came of a command.

    Attributes:
        status: Its exit status.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
    """

    status: int
    out: str
    err: str


Git = Callable[..., str]
Run = Callable[..., Ending]
Write = Callable[..., ExperimentPaths]
OnTerminal = Callable[..., tuple[int, str]]


@pytest.fixture
def versioned(project: Path, git: Git) -> Path:
    """Return the project as a clean repository that ignores nothing."""
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return project


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that puts an experiment into the store of the current directory."""
    monkeypatch.chdir(tmp_path)

    def write_experiment(name: str, config: dict[str, Any], *, log: bytes = b"", **fields: Any) -> ExperimentPaths:
        paths = StorePaths(str(fields.pop("root", "experiments"))).experiment(name)
        Path(paths.private).mkdir(parents=True)
        standard = {"status": "completed", "identity": compute_identity(config), "identifier": name}
        write_record(paths, Record(config=config, **{**standard, **fields}), durable=False)
        if log:
            Path(paths.log).write_bytes(log)
        return paths

    return write_experiment


@pytest.fixture
def three(write: Write) -> None:
    """Put three experiments into the store, the last of which failed."""
    commit = {"hash": "5" * 40, "branch": "main", "dirty": True, "remote": None}
    times = {"started": "2026-11-23T12:00:00+00:00", "seconds": 1.25, "commit": commit}
    write("1|0", {"C": 1, "kernel": "rbf", "seed": 0}, results={"accuracy": 0.5, "loss": float("nan")}, **times)
    write("10|0", {"C": 10, "kernel": "rbf", "seed": 0}, results={"accuracy": 0.9, "loss": 0.25}, **times)
    error = {"type": "ValueError", "message": "bad C\nreally", "where": "train.py:3 in train"}
    write("2|0", {"C": 2, "kernel": "rbf", "seed": 0}, status="failed", error=error, log=b"one\ntwo\n", **times)


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Return a function that runs mag in this process, as if through pipes."""

    def run_here(*arguments: str) -> Ending:
        status = run_program(list(arguments))
        captured = capsysbinary.readouterr()
        return Ending(status, captured.out.decode(), captured.err.decode())

    return run_here


@pytest.fixture
def on_terminal() -> OnTerminal:
    """Return a function that runs mag with a terminal as output, and returns exit status and what was shown."""

    def run_there(*arguments: str, width: int = 80, **environment: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        clean = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "NO_COLOR"}}
        with subprocess.Popen(
            [sys.executable, "-m", "mag", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            env=clean | {"TERM": "xterm"} | environment,
        ) as process:
            os.close(theirs)
            shown = b"".join(iter(lambda: _read(ours), b""))
        os.close(ours)
        return process.returncode, shown.decode().replace("\r\n", "\n")

    return run_there


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other side is closed
        return b""
