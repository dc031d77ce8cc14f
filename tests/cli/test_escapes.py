"""Laws of what experiments may hold to do harm to a terminal: whatever shows it spells it out."""

import shlex
import sys
from pathlib import Path

import pexpect
import pytest

from tests.conftest import Mag

NASTY = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"
BAD = ("\x1b]0;owned", "\x1b[2J", "\x07", "\u202e", "\x9b")
NAME = "2|0.5|%1B]0;owned%07%1B[2J%E2%80%AE%C2%9B31m"
APP = f"""\
import time
import mag

@mag.main(config_path="configs", config_name="config")
def train(config, experiment):
    print({NASTY!r}, flush=True)
    experiment.register_result({NASTY!r}, 1)
    experiment.register_result("text", {NASTY!r})
    time.sleep(1)
    if config.C == 2:
        raise type({NASTY!r}, (Exception,), {{}})({NASTY!r})
"""
LOOKING = [
    *(["ls"], ["ls", "--json"], ["ls", "-q"], ["summarize"], ["summarize", "--json"], ["status"], ["status", "--json"]),
    *(["watch"], ["failures"], ["failures", "--json"], ["show", "bad"], ["show", "bad", "--json"]),
    *(["diff", "good", "bad"], ["path", "bad"], ["stop", NASTY], ["rerun", "bad"], ["sweep", f"+{NASTY}=1"]),
]


def find_harm(text: str) -> list[str]:
    """Return what of it a terminal would take for an order."""
    return [bad for bad in BAD if bad in text]


@pytest.fixture
def nasty(project: Path) -> list[str]:
    """Return the overrides of a sweep of which everything is nasty; one of the two experiments fails."""
    (project / "train.py").write_text(APP)
    return ["C=1,2", f'+k="{NASTY}"']


def test_a_sweep_and_all_that_looks(nasty: list[str], mag: Mag) -> None:
    """Through pipes nothing harmful comes out, neither while it runs nor when its experiments are looked at."""
    said = [mag("sweep", *nasty)]
    known = {"good": NAME.replace("2", "1", 1), "bad": NAME}
    said += [mag(*(known.get(word, word) for word in words)) for words in LOOKING]

    assert said[0].returncode == 1
    assert [(done.args, found) for done in said if (found := find_harm(done.stdout + done.stderr))] == []
    assert not [done.stderr for done in said if "Traceback" in done.stderr]


def test_on_a_terminal(nasty: list[str]) -> None:
    """Neither the live view, nor the lines above it, nor tables hold anything that the experiments made up."""
    commands = [["sweep", *nasty], ["ls"], ["failures"], ["status"], ["summarize"], ["watch"], ["log", NAME]]
    shown = [
        str(pexpect.run(shlex.join([sys.executable, "-m", "mag", *words]), timeout=60, encoding="utf-8"))
        for words in commands
    ]

    assert "\\x1b]0;owned" in shown[0]
    assert [find_harm(text) for text in shown] == [[]] * len(commands)
