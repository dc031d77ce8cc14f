"""The laws of summaries."""

import math
import statistics
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.columns import Column, collect_columns
from mag.compare.rows import MISSING, Row
from mag.compare.summary import (
    compute_statistic,
    find_best,
    find_metrics,
    group_rows,
    pivot_rows,
    tabulate_grid,
    tabulate_groups,
)

MakeRow = Callable[..., Row]
SCORE = Column("results", "score")
C = Column("config", "C")


@pytest.fixture
def rows(make_row: MakeRow) -> list[Row]:
    """Return two values of C with three and two seeds, one of which has no score."""
    scores = {(1, 0): 1.0, (1, 1): 2.0, (1, 2): 3.0, (10, 0): 5.0, (10, 1): None}
    return [
        make_row({"C": c, "seed": seed}, {"score": score, "note": "x"} if score else {"note": "y"})
        for (c, seed), score in scores.items()
    ]


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=9))
def test_statistics_agree_with_the_standard_library(make_row: MakeRow, numbers: list[float]) -> None:
    """Mean and standard deviation are those of the sample."""
    found = compute_statistic([make_row({}, {"score": number}) for number in numbers], SCORE)
    assert found is not None
    assert found.mean == pytest.approx(statistics.fmean(numbers))
    assert found.sd == pytest.approx(statistics.stdev(numbers), abs=1e-3)
    assert found.n == len(numbers)


@given(st.lists(st.floats() | st.integers() | st.booleans() | st.text() | st.none()))
def test_no_value_stops_a_summary(make_row: MakeRow, values: list[Any]) -> None:
    """Whatever was registered, a statistic counts the numbers among it."""
    found = compute_statistic([make_row({}, {"score": value}) for value in [*values, 10**400]], SCORE)
    assert found is not None
    assert found.n == 1 + sum(isinstance(value, int | float) for value in values)


def test_nan_is_not_hidden(make_row: MakeRow) -> None:
    """A mean over NaN is NaN: leaving it out would lie."""
    found = compute_statistic([make_row({}, {"score": value}) for value in (1.0, math.nan)], SCORE)
    assert found is not None
    assert math.isnan(found.mean)


def test_a_single_value_has_no_deviation(make_row: MakeRow) -> None:
    """The standard deviation of one value is not zero, it is not known."""
    found = compute_statistic([make_row({}, {"score": True})], SCORE)
    assert found is not None
    assert (found.mean, found.sd, found.n) == (1.0, MISSING, 1)


@given(st.lists(st.sampled_from([1, 1.0, "1", True, None, "b", [1]])))
def test_groups_part_the_rows(make_row: MakeRow, values: list[Any]) -> None:
    """Every row is in exactly one group, and rows of a group have the same value, by type too."""
    rows = [make_row({"C": value}) for value in values]
    groups = group_rows(rows, [C])
    assert sum(len(group.rows) for group in groups) == len(rows)
    assert len({repr(group.values) for group in groups}) == len(groups)
    assert all(repr(row.config["C"]) == repr(group.values[0]) for group in groups for row in group.rows)


def test_groups_without_a_key_are_one(rows: list[Row]) -> None:
    """Grouping by nothing gives the whole."""
    assert [group.rows for group in group_rows(rows, [])] == [tuple(rows)]


def test_a_table_of_groups_has_mean_sd_and_n(rows: list[Row]) -> None:
    """Each group gets a row; how many have a metric is told where some lack it."""
    catalog = collect_columns(rows)
    table = tabulate_groups(group_rows(rows, [C]), [C], find_metrics(rows, catalog), catalog)
    assert table.headers == ("C", "n", "score", "score sd", "score ±95%", "score n")
    assert table.rows == ((1, 3, 2.0, 1.0, pytest.approx(2.4841, abs=1e-4), 3), (10, 2, 5.0, MISSING, MISSING, 1))


def test_metrics_are_numbers(rows: list[Row]) -> None:
    """A result that is a text everywhere has no mean."""
    assert find_metrics(rows, collect_columns(rows)) == [SCORE]


def test_the_best_is_the_highest_or_the_lowest(make_row: MakeRow) -> None:
    """NaN, texts and missing values are never the best; ties are all the best."""
    values = [1.0, math.nan, "9", 3, 3.0, 1, 10**400, -(10**400)]
    rows = [make_row({"i": i}, {"score": value}) for i, value in enumerate(values)] + [make_row({"i": 8})]
    assert [row.config["i"] for row in find_best(rows[:6], SCORE)] == [3, 4]
    assert [row.config["i"] for row in find_best(rows[:6], SCORE, lowest=True)] == [0, 5]
    assert [row.config["i"] for row in find_best(rows, SCORE)] == [6]
    assert find_best(rows[1:3], SCORE) == []


def test_a_pivot_is_a_grid_of_means(rows: list[Row]) -> None:
    """Cells into which no number falls are missing."""
    table = tabulate_grid(pivot_rows(rows, SCORE, Column("config", "seed"), C, collect_columns(rows)))
    assert table.headers == ("seed", "C=1", "C=10")
    assert table.rows == ((0, 1.0, 5.0), (1, 2.0, MISSING), (2, 3.0, MISSING))


def test_a_pivot_over_several_experiments_takes_the_mean(rows: list[Row]) -> None:
    """What is neither row nor column is averaged over."""
    table = tabulate_grid(pivot_rows(rows, SCORE, C, Column("fact", "status"), collect_columns(rows)))
    assert table.rows == ((1, 2.0), (10, 5.0))
