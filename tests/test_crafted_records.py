"""Crafted records: whatever somebody has written into one, no command that reads it ends in a traceback."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mag.cli.program import run_program
from tests.conftest import Mag

VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        1e308,
        "",
        "x",
        "\x1b[2J",
        "../../x",
        "\ud800",
        "0" * 40,
        [],
        [None],
        {},
        {"": None},
        {"a": {"b": []}},
    ),
    *([[[[]]]], {"path": 3}, "9" * 5000, 10**30, [1, "a", {}], "${a}", "*" * 300),
)
READING = (
    *(["ls"], ["ls", "--json"], ["show", "NAME"], ["show", "NAME", "--json"], ["log", "NAME"], ["path", "NAME"]),
    *(["diff", "NAME", "good"], ["failures"], ["status"], ["summarize"], ["export", "--bundle", "NAME", "-o", "x.mag"]),
    *(["restore", "NAME", "back"], ["rerun", "NAME", "--here", "no.such.key=1"], ["gc", "-n"]),
)


def list_places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in a record."""
    if path:
        yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from list_places(item, (*path, key))


def put(record: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a copy of a record with another value in a place."""
    changed = copy.deepcopy(record)
    holder: Any = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


@pytest.fixture
def record(project: Path, mag: Mag) -> dict[str, Any]:
    """Return the record of a real experiment, in which nothing is missing, beside one that stays as it is."""
    mag("run", "C=1")
    found: dict[str, Any] = json.loads(Path("experiments", "1|0.5", ".mag", "record.json").read_text())
    Path("experiments", "1|0.5").rename("experiments/good")
    found["commit"] |= {
        "top": str(project),
        "hash": "1" * 40,
        "snapshot": "2" * 40,
        "changed": ["a.py"],
        "dirty": True,
        "not_captured": [{"path": "a", "reason": "b"}],
        "elsewhere": [{"path": "/lib", "digest": "a", "files": {"x.py": "a"}}],
    }
    found["error"] = {"type": "ValueError", "message": "bad", "where": "train.py:3 in train"}
    return found


def test_no_command_breaks(record: dict[str, Any], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Mutations of a real record: each command says in a sentence what is wrong, or shows what there is."""
    draw = random.Random(7)
    places = list(list_places(record))
    private = Path("experiments", "crafted", ".mag")
    private.mkdir(parents=True)
    for number in range(120):
        value = draw.choice(VALUES)
        path = draw.choice(places)
        (private / "record.json").write_text(json.dumps(put(record, path, value)))
        words = [word.replace("NAME", "crafted") for word in READING[number % len(READING)]]
        status = run_program(words)
        said = capsysbinary.readouterr().err
        assert status in {0, 1, 2, 4}, (words, path, value, said)
        assert b"Traceback" not in said, (words, path, value, said)
