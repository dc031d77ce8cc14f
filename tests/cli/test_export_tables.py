"""The laws of `mag export` of tables."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.usefixtures("three")
def test_everything_is_exported(run: Run) -> None:
    """A row for each experiment and a column for each thing that is known, numbers in full."""
    rows = list(csv.DictReader(run("export", "C=1,10").out.splitlines()))
    assert [(row["name"], row["kernel"], row["accuracy"], row["branch"]) for row in rows] == [
        ("1|0", "rbf", "0.5", "main"),
        ("10|0", "rbf", "0.9", "main"),
    ]


@pytest.mark.usefixtures("three")
def test_a_file_by_what_its_name_ends_in(run: Run) -> None:
    """-o says the format, too; what was asked for, in the order asked for, is in it."""
    words = ("export", "--sort", "-accuracy", "--columns", "C,accuracy", "--limit", "1", "-o", "t.jsonl")
    assert run(*words).err == "1 experiment in t.jsonl\n"
    assert json.loads(Path("t.jsonl").read_text()) == {"C": 10, "accuracy": 0.9}
    assert run("export", "--columns", "C", "--format", "markdown", "C=2").out == "| C |\n| ---: |\n| 2 |\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "t.xyz"], "What format is t.xyz"),
        (["--format", "parket"], "did you mean 'parquet'"),
        (["--format", "parquet"], "say which with -o results.parquet"),
        (["acuracy>1"], "did you mean 'accuracy'"),
        (["--bundle", "1|0", "--sort", "C"], "leave out filters"),
        (["-o", "nowhere/t.csv"], "nowhere"),
    ],
)
@pytest.mark.usefixtures("three")
def test_mistakes(run: Run, words: list[str], said: str) -> None:
    """A mistake is told, and nothing is written."""
    ending = run("export", *words)
    assert (ending.status, ending.out) == (2, "")
    assert said in ending.err
