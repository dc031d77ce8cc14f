"""The laws of tables."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.columns import Column, collect_columns
from mag.compare.rows import MISSING, Row
from mag.compare.table import Table, build_table, rank, sort_naturally, sort_rows

MakeRow = Callable[..., Row]
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.lists(st.integers())


def test_a_table_is_rectangular() -> None:
    """No table has a row that is shorter or longer than its headers."""
    with pytest.raises(ValueError, match="every row"):
        Table(("a", "b"), ((1, 2), (3,)))


def test_ragged_experiments_make_a_rectangular_table(make_row: MakeRow) -> None:
    """An experiment that lacks a result has an empty cell."""
    rows = [make_row({"C": 1}, {"loss": 0.5}), make_row({"C": 2})]
    catalog = collect_columns(rows)
    table = build_table(rows, [catalog.find("C"), catalog.find("loss")], catalog)
    assert table == Table(("C", "loss"), ((1, 0.5), (2, MISSING)))


@given(st.lists(VALUES | st.just(MISSING)))
def test_values_of_all_kinds_can_be_sorted(values: list[Any]) -> None:
    """Whatever experiments hold, sorting works, and what is no value comes last."""
    ordered = sorted(values, key=rank)
    absent = [value is MISSING or (isinstance(value, float) and math.isnan(value)) for value in ordered]
    assert absent == sorted(absent)


@pytest.mark.parametrize("descending", [False, True])
def test_missing_and_nan_come_last_in_both_directions(make_row: MakeRow, descending: bool) -> None:
    """Turning the order round does not bring to the top what has no value."""
    rows = [make_row({"i": i}, results) for i, results in enumerate([{"x": math.nan}, {"x": 1}, {}, {"x": 2}])]
    ordered = sort_rows(rows, [(Column("results", "x"), descending)])
    assert [row.config["i"] for row in ordered] == ([3, 1, 0, 2] if descending else [1, 3, 0, 2])


@pytest.mark.parametrize("descending", [False, True])
def test_numbers_come_first_in_both_directions(make_row: MakeRow, descending: bool) -> None:
    """Texts and null never rank above a number, whichever end is asked for."""
    rows = [make_row({"i": i}, {"x": x}) for i, x in enumerate([0.9, None, 0.5, "n/a", math.nan])]
    ordered = sort_rows(rows, [(Column("results", "x"), descending)])
    assert [row.config["i"] for row in ordered] == ([0, 2] if descending else [2, 0]) + [3, 1, 4]


def test_later_keys_break_ties(make_row: MakeRow) -> None:
    """The first key counts most."""
    rows = [make_row({"a": a, "b": b}) for a, b in [(1, 1), (2, 1), (1, 2)]]
    ordered = sort_rows(rows, [(Column("config", "a"), False), (Column("config", "b"), True)])
    assert [tuple(row.config.values()) for row in ordered] == [(1, 2), (1, 1), (2, 1)]


def test_numbers_sort_as_numbers(make_row: MakeRow) -> None:
    """2 comes before 10, in a config and inside a text."""
    rows = [make_row({"C": 10}), make_row({"C": 2}), make_row({"C": "b10"}), make_row({"C": "b9"})]
    ordered = sort_naturally(rows, [Column("config", "C")])
    assert [row.config["C"] for row in ordered] == [2, 10, "b9", "b10"]
