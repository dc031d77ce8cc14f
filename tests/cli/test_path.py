"""The laws of `mag path`."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mag.record.paths import ExperimentPaths

Run = Callable[..., Any]
Write = Callable[..., ExperimentPaths]
OnTerminal = Callable[..., tuple[int, str]]


def test_the_path_and_nothing_else(run: Run, write: Write, tmp_path: Path) -> None:
    """The path is absolute, and alone."""
    write("10|0.01", {"C": 10})
    assert run("path", "10|0.01") == (0, f"{tmp_path}/experiments/10|0.01\n", "")


def test_it_can_be_gone_to(write: Write) -> None:
    """What the help says works, also for a name that is no valid text."""
    write(os.fsdecode(b"a \xff b"), {"C": 10}, identifier="a")
    command = f'cd "$({sys.executable} -m mag path experiments/a*)" && ls .mag'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "record.json\n"


def test_from_inside(run: Run, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an experiment's directory, `.` is that experiment."""
    write("1", {"C": 1})
    monkeypatch.chdir("experiments/1")
    assert run("path", ".").out == f"{tmp_path}/experiments/1\n"


@pytest.mark.parametrize("reference", ["x", "experiments", ".", "..", "", "/", "x" * 300, "a/b", "zz" * 32, "-"])
def test_what_is_no_experiment(run: Run, write: Write, reference: str) -> None:
    """Whatever else is named ends with status 4 and one line."""
    write("1", {"C": 1})
    status, out, err = run("path", reference)
    assert (status, out, err.count("\n")) == (4, "", 1)


def test_on_a_terminal_it_is_escaped(on_terminal: OnTerminal, write: Write) -> None:
    """A name cannot play with the terminal."""
    write("a\x1bb", {"C": 1})
    assert on_terminal("path", "experiments/a\x1bb")[1].endswith("/experiments/a\\x1bb\n")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("command", ["show", "log", "path"])
def test_an_empty_name_is_no_experiment(run: Run, command: str) -> None:
    """What a shell variable that is not set types ends with status 4 and says so."""
    status, out, err = run(command, "")
    assert (status, out) == (4, "")
    assert "names no experiment" in err
