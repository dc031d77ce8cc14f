"""The laws of filters."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.columns import collect_columns
from mag.compare.filters import apply_filters, parse_filter, split_values
from mag.compare.rows import Row, format_value
from mag.errors import UsageError

MakeRow = Callable[..., Row]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text("abc 1.,[]'\"", max_size=5)


def keep(rows: list[Row], *filters: str) -> list[Row]:
    """Return the rows that meet the filters."""
    return apply_filters(rows, [parse_filter(text) for text in filters], collect_columns(rows))


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
        ("=1", "write KEY=VALUE"),
        ("accuracy>", "compares with nothing"),
        ("acuracy>0.9", "did you mean 'accuracy'"),
        ("status=fail", "did you mean failed"),
        ("status=zzz", "it is one of running, completed"),
        ("C>big", "write a number"),
        ("started>yesterday", "write 'started>20"),
    ],
)
def test_mistakes_are_answered_with_what_to_type(rows: list[Row], text: str, message: str) -> None:
    """A filter that cannot be meant is refused, with what probably was."""
    with pytest.raises(UsageError, match=message):
        keep(rows, text)


def test_the_date_that_is_offered_works(rows: list[Row]) -> None:
    """The filters that the message about a date recommends are accepted."""
    with pytest.raises(UsageError) as error:
        keep(rows, "started>soon")
    offered = str(error.value).split("'")[5::2]
    assert len(offered) == 2
    assert all(len(keep(rows, text)) < len(rows) for text in offered)


def test_corrupt_experiments_can_be_filtered(rows: list[Row], corrupt_row: Row) -> None:
    """An experiment that cannot be read meets no condition on what it holds, and is found by its status."""
    assert keep([*rows, corrupt_row], "status=corrupt") == [corrupt_row]
    assert corrupt_row not in keep([*rows, corrupt_row], "C>0", "started>2000-01-01")


@given(st.lists(st.text("ab1 .", max_size=3), min_size=1))
def test_values_are_parted_by_commas(values: list[str]) -> None:
    """Splitting undoes joining, but for blanks at the ends."""
    assert list(split_values(",".join(values))) == [value.strip() for value in values]


@pytest.mark.parametrize("text", ["C=>10", "C =< 10", "C=<10", "C=>1,2"])
def test_a_comparison_the_wrong_way_round_is_told(rows: list[Row], text: str) -> None:
    """`=>` is no operator; both of what is offered in its place can be typed."""
    with pytest.raises(UsageError, match="did you mean") as error:
        parse_filter(text)
    meant, quoted = re.findall(r"'(C[<>=][^']*)'", str(error.value))[-2:]
    assert parse_filter(meant).operator in {"<=", ">="}
    assert keep(rows, quoted) == []
