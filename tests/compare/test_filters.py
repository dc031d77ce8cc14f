"""The laws of filters."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.columns import collect_columns
from mag.compare.filters import apply_filters, join_words
from mag.compare.rows import Row, format_value
from mag.errors import UsageError
from mag.record.paths import StorePaths

MakeRow = Callable[..., Row]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text("abc 1.,[]'\"", max_size=5)


def keep(rows: list[Row], *filters: str) -> list[Row]:
    """Return the rows that meet the filters."""
    return apply_filters(rows, filters, collect_columns(rows))


@pytest.fixture
def rows(make_row: MakeRow) -> list[Row]:
    """Return three experiments, one of which failed."""
    return [
        make_row({"C": 1, "model": {"name": "svm"}}, {"accuracy": 0.5}, started="2026-11-20T12:00:00+00:00"),
        make_row({"C": 10.0, "model": {"name": "mlp"}}, {"accuracy": 0.9}, started="2026-11-23T12:00:00+00:00"),
        make_row({"C": 100, "model": {"name": "svm"}}, status="failed", identity="ab" * 32),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C=10", [10]),
        ("C==1", [1]),
        ("C=1,100", [1, 100]),
        ("C = 1, 100", [1, 100]),
        ("C!=10", [1, 100]),
        ("C!=1,10", [100]),
        ("C>1", [10, 100]),
        ("C>=10", [10, 100]),
        ("C<1e1", [1]),
        ("C<=10", [1, 10]),
        ("C=1e1", [10]),
        ("model.name=svm", [1, 100]),
        ("model.name!=svm", [10]),
        ("config.model.name=mlp", [10]),
        ("accuracy>0.5", [10]),
        ("results.accuracy=0.5", [1]),
        ("accuracy=", [100]),
        ("accuracy!=", [1, 10]),
        ("accuracy!=0.5", [10, 100]),
        ("status=failed", [100]),
        ("status=failed,completed", [1, 10, 100]),
        ("name='1|{'name': 'svm'}'", [1]),
        ("identity=ABAB", [100]),
        ("attempt=1", [1, 10, 100]),
        ("started>2026-11-22", [10]),
        ("started<2026-11-22 08:00", [1]),
        ("started=2026-11-20", [1]),
        ("started=", [100]),
        ("C=nan", []),
    ],
)
def test_filters(rows: list[Row], text: str, expected: list[int]) -> None:
    """A filter keeps the experiments that meet it, in their order."""
    assert [row.config["C"] for row in keep(rows, text)] == expected


def test_all_filters_must_be_met(rows: list[Row]) -> None:
    """Several filters are joined by `and`."""
    assert [row.config["C"] for row in keep(rows, "model.name=svm", "C>1")] == [100]


@given(st.lists(SCALARS, min_size=1), st.text("ab1.,'[", max_size=4))
def test_unequal_is_the_opposite_of_equal(make_row: MakeRow, values: list[Any], text: str) -> None:
    """Every experiment, also one without the key, meets exactly one of `C=x` and `C!=x`."""
    rows = [make_row({"C": value}) for value in values] + [make_row({})]
    equal, unequal = (len(keep(rows, f"C{sign}{text}")) for sign in ("=", "!="))
    assert equal + unequal == len(rows)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.lists(st.integers(), max_size=3))
def test_what_a_table_shows_can_be_typed(make_row: MakeRow, value: Any) -> None:
    """The value of a cell, typed behind `=`, finds its experiment."""
    rows = [make_row({"C": value})]
    assert keep(rows, f"C={format_value(value)}") == rows


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_comparisons_are_those_of_numbers(make_row: MakeRow, value: float, limit: float) -> None:
    """`C<x` keeps exactly the experiments whose C is less than x."""
    limit = limit if math.isfinite(limit) else 0.0
    rows = [make_row({"C": value})]
    assert bool(keep(rows, f"C<{limit!r}")) == (value < limit)


def test_quotes_ask_for_a_text(make_row: MakeRow) -> None:
    """`C="1"` finds the text and not the number; without quotes both are found."""
    rows = [make_row({"C": 1}), make_row({"C": "1"}), make_row({"C": "a,b"})]
    assert [row.config["C"] for row in keep(rows, 'C="1"')] == ["1"]
    assert [row.config["C"] for row in keep(rows, "C=1")] == [1, "1"]
    assert [row.config["C"] for row in keep(rows, "C='a,b'")] == ["a,b"]


def test_booleans_are_no_numbers(make_row: MakeRow) -> None:
    """`C=1` does not find true, nor `C=true` 1."""
    rows = [make_row({"C": True}), make_row({"C": 1})]
    assert [row.config["C"] for row in keep(rows, "C=1")] == [1]
    assert [row.config["C"] for row in keep(rows, "C=true")] == [True]


def test_lists_are_compared_without_regard_to_blanks(make_row: MakeRow) -> None:
    """A list is typed as the table shows it, or without blanks; its commas part no values."""
    rows = [make_row({"sizes": [8, 16]}), make_row({"sizes": [8]})]
    assert keep(rows, "sizes=[8,16]") == keep(rows, "sizes=[8, 16]") == rows[:1]
    assert keep(rows, "sizes=[8,16],[8]") == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("svm", "write KEY=VALUE"),
        ("failed", "write status=failed"),
        ("=1", "not expected here"),
        ("accuracy>", "something is missing"),
        ("acuracy>0.9", "did you mean 'accuracy'"),
        ("status=fail", "did you mean failed"),
        ("status=zzz", "it is one of running, completed"),
        ("C>big", "cannot be ordered"),
        ("started>soon", "write 20.*tuesday"),
        ("nokey", "write KEY=VALUE"),
        ("C=1 or", "something is missing"),
        ("1 > 0", "names no key"),
    ],
)
def test_mistakes_are_answered_with_what_to_type(rows: list[Row], text: str, message: str) -> None:
    """A filter that cannot be meant is refused, with what probably was."""
    with pytest.raises(UsageError, match=message):
        keep(rows, text)


def test_corrupt_experiments_can_be_filtered(rows: list[Row], corrupt_row: Row) -> None:
    """An experiment that cannot be read meets no condition on what it holds, and is found by its status."""
    assert keep([*rows, corrupt_row], "status=corrupt") == [corrupt_row]
    assert corrupt_row not in keep([*rows, corrupt_row], "C>0", "started>2000-01-01")


@pytest.mark.parametrize(("text", "meant"), [("C=>10", "C>=10"), ("C =< 10", "C<=10"), ("C=<10", "C<=10")])
def test_a_comparison_the_wrong_way_round_is_told(rows: list[Row], text: str, meant: str) -> None:
    """`=>` is no operator; what is offered in its place can be typed."""
    with pytest.raises(UsageError, match=f"did you mean {meant}"):
        keep(rows, text)
    assert keep(rows, meant)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["C=1 or C=100"], [1, 100]),
        (["C=1", "or", "C=100"], [1, 100]),
        (["not", "C=1"], [10, 100]),
        (["not status=failed and C>1"], [10]),
        (["model.name=s*"], [1, 100]),
        (["model.name!=s*"], [10]),
        (['model.name == "?lp" or accuracy < 0.6'], [1, 10]),
        (["model.name in [svm, tree] and C * 2 > 100"], [100]),
        (["(C=1 or C=10) and accuracy >= 0.9"], [10]),
        (["C=1,100,model.name=svm"], [1, 100]),
        (["0 < C <= 10"], [1, 10]),
        (["name == model.name or C == 100"], [100]),
        (["accuracy is null"], [100]),
        (["started > 2026-11-21 or started="], [10, 100]),
        (["started<=2026-11-20"], [1]),
        (["started=2026-11"], [1, 10]),
    ],
)
def test_one_language(rows: list[Row], texts: list[str], expected: list[int]) -> None:
    """Filters are conditions, with `and`, `or`, `not`, `in`, wild texts and arithmetic; words may be apart."""
    assert [row.config["C"] for row in keep(rows, *texts)] == expected


def test_what_cannot_be_compared_costs_one_row(make_row: MakeRow) -> None:
    """A text among numbers meets no comparison with a number; the other part of an `or` is still asked."""
    rows = [make_row({"lr": "auto", "C": 1}), make_row({"lr": 0.5, "C": 2})]
    assert keep(rows, "lr > 0.1") == rows[1:]
    assert keep(rows, "lr > 0.1 or C = 1") == rows


def test_a_choice_is_a_key(make_row: MakeRow) -> None:
    """What was chosen from a group is asked for by the group's name, unless the config has such a key."""
    rows = [make_row({"lr": 1}, choices={"model": "cnn"}), make_row({"lr": 2}, choices={"model": "mlp"})]
    assert keep(rows, "model=cnn") == keep(rows, "choices.model=c*") == rows[:1]
    rows = [make_row({"model": "own"}, choices={"model": "cnn"})]
    assert keep(rows, "model=own") == keep(rows, "choices.model=cnn") == rows


def test_keys_of_unusual_characters(make_row: MakeRow) -> None:
    """A key that the store has needs no quotes, whatever it is made of."""
    rows = [make_row({"learning-rate": 0.1, "1st": 1}), make_row({"learning-rate": 0.2, "1st": 2})]
    assert keep(rows, "learning-rate>0.1") == keep(rows, "learning-rate=0.2") == keep(rows, "1st=2") == rows[1:]


def test_words_are_joined() -> None:
    """Without `and`, `or`, `not` each word is a condition; with them all are one, and neighbours are joined."""
    assert join_words(["C=1", "D=2"]) == ["C=1", "D=2"]
    assert join_words(["C=1", "D=2", "or", "not", "E=3"]) == ["C=1 and D=2 or not E=3"]


def test_a_sweep_is_its_whole_plan(make_row: MakeRow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sweep=` finds what the sweep ran and what it found done, by its id or either end of it."""
    monkeypatch.chdir(tmp_path)
    folder = StorePaths("experiments").manifests
    folder.mkdir(parents=True)
    plan = [{"identity": "a" * 64}, {"identity": "b" * 64}]
    (folder / "20261201-080000-1a2b3c.json").write_text(json.dumps({"version": 1, "plan": plan}))
    old = make_row({"C": 1}, identity="a" * 64, sweep="20261101-080000-000000")
    new = make_row({"C": 2}, identity="b" * 64, sweep="20261201-080000-1a2b3c")
    other = make_row({"C": 3}, identity="c" * 64)
    for text in ("sweep=1a2b3c", "sweep=20261201", "sweep=*1a2b*", "sweep=20261201-080000-1a2b3c"):
        assert keep([old, new, other], text) == [old, new], text
    assert keep([old, new, other], "sweep=") == [other]
    with pytest.raises(UsageError, match="no sweep 'ffffff'"):
        keep([old, new, other], "sweep=ffffff")


def test_a_number_is_no_key_that_ends_so(make_row: MakeRow) -> None:
    """`k > 1` compares with the number, although there is a key `m.1`; `m.1=x` names that."""
    rows = [make_row({"k": number, "m": {1: "x"}}) for number in (1, 2)]
    assert [row.config["k"] for row in keep(rows, "k > 1", "m.1=x")] == [2]
