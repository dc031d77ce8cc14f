"""Laws of the last words of a command: what they advise is about the very experiments that it ran."""

import shlex
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Mag = Callable[..., CompletedProcess[str]]
APP = """\
import mag
@mag.main(config_path="configs", config_name="config")
def train(config):
    print("in the other store")
    return {"elsewhere": 1} if config.C < 9 else 1 / 0
"""


def read_advice(done: CompletedProcess[str]) -> list[str]:
    """Return the words of the advised command, without `mag`."""
    line = next(line for line in done.stderr.splitlines() if line.startswith("Next: "))
    return shlex.split(line.removeprefix("Next: mag ").partition("  (")[0])


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["run", "C=2"], "elsewhere"),
        (["run", "C=9"], "ZeroDivisionError"),
        (["sweep", "C=2"], "elsewhere"),
        (["sweep", "C=9"], "in the other store"),
    ],
)
@pytest.mark.parametrize("directory", ["a dir", "../b$x"])
def test_advice_leads_to_the_store_that_was_named(
    project: Path, mag: Mag, command: list[str], shown: str, directory: str
) -> None:
    """With `--dir` the advised command has it too, the first time and when all is done already."""
    mag(*command)
    (project / "train.py").write_text(APP)
    for _ in range(2):
        done = mag(*command, "--dir", directory)
        advised = mag(*read_advice(done))
        assert advised.returncode == 0, advised.stderr
        assert shown in advised.stdout


@pytest.mark.usefixtures("project")
def test_advice_is_short_where_nothing_was_named(mag: Mag) -> None:
    """The project's own store needs no option, wherever in the project one is."""
    assert read_advice(mag("run", "C=2")) == ["show", "2|0.5"]
    assert read_advice(mag("sweep", "C=3")) == ["summarize"]
