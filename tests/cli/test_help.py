"""Laws of `mag help`."""

import re
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from mag.cli.help import TOPICS
from mag.cli.pages import COMMANDS

Mag = Callable[..., CompletedProcess[str]]


def test_without_a_topic(mag: Mag) -> None:
    """`mag help` is `mag --help`, and names the topics."""
    shown = mag("help").stdout
    assert shown.startswith(mag("--help").stdout.rstrip())
    assert all(f"  {name} " in shown for name in TOPICS)


@pytest.mark.parametrize("name", ["config", "sweep", "help"])
def test_a_command(name: str, mag: Mag) -> None:
    """`mag help COMMAND` is `mag COMMAND --help`."""
    assert mag("help", name).stdout == mag(name, "--help").stdout


@pytest.mark.parametrize("name", TOPICS)
def test_a_topic(name: str, mag: Mag) -> None:
    """A topic is a page: a title, no line wider than 120, and not longer than a few screens."""
    done = mag("help", name)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert 15 < len(lines) < (450 if name == "python" else 150)
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", TOPICS)
def test_pages_name_commands_that_exist(name: str, mag: Mag) -> None:
    """What a page says to type begins with a command."""
    typed = re.findall(r"(?:^|`)mag\s(\w+)", mag("help", name).stdout, re.MULTILINE)
    assert set(typed) <= set(COMMANDS)


def test_topics_and_commands_are_different_names() -> None:
    """No topic hides a command."""
    assert not set(TOPICS) & set(COMMANDS)


@pytest.mark.parametrize(("typed", "meant"), [("override", "overrides"), ("swep", "sweep"), ("zzz", "the topics are ")])
def test_unknown_topics(typed: str, meant: str, mag: Mag) -> None:
    """An unknown topic is exit status 2, with the nearest one."""
    done = mag("help", typed)
    assert (done.returncode, done.stdout) == (2, "")
    assert meant in done.stderr
