"""The laws of effects."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.columns import Column
from mag.compare.effects import decompose
from mag.compare.rows import Row

MakeRow = Callable[..., Row]
METRIC = Column("results", "y")
KEYS = [Column("config", key) for key in "abs"]


def make_rows(make_row: MakeRow, values: list[float]) -> list[Row]:
    """Return the experiments of a grid of 3 by 2 by 2."""
    points = itertools.product(range(3), range(2), range(2))
    return [make_row(dict(zip("abs", point, strict=True)), {"y": y}) for point, y in zip(points, values, strict=True)]


def explain(numpy: Any, rows: list[Row], keys: Sequence[tuple[str, ...]]) -> float:
    """Return the sum of squares that a linear model of these terms explains: the reference, by least squares."""
    y = numpy.array([row.results["y"] for row in rows])
    blocks = [numpy.ones((len(rows), 1))]
    for term in keys:
        labels = [tuple(row.config[key] for key in term) for row in rows]
        blocks.append(numpy.array([[label == level for level in sorted(set(labels))] for label in labels], float))
    design = numpy.hstack(blocks)
    fitted = design @ numpy.linalg.lstsq(design, y, rcond=None)[0]
    return float(((fitted - y.mean()) ** 2).sum())


@given(st.lists(st.floats(-100, 100), min_size=12, max_size=12))
def test_shares_are_those_of_an_analysis_of_variance(make_row: MakeRow, values: list[float]) -> None:
    """On a full grid each share is what a linear model explains by that term, over all there is to explain."""
    numpy = pytest.importorskip("numpy")
    rows = make_rows(make_row, values)
    found = decompose(rows, METRIC, KEYS)
    total = sum((y - sum(values) / 12) ** 2 for y in values)
    for effect in found.effects:
        term = tuple(column.key for column in effect.columns)
        within = [(key,) for key in term] if len(term) > 1 else []
        expected = (explain(numpy, rows, [*within, term]) - (explain(numpy, rows, within) if within else 0.0)) / total
        assert math.isclose(effect.share, max(0.0, expected), abs_tol=1e-6)


def test_a_key_that_does_all_does_all(make_row: MakeRow) -> None:
    """A result that is a function of one key is explained by it, and by nothing else."""
    found = decompose(make_rows(make_row, [float(i // 4) for i in range(12)]), METRIC, KEYS)
    assert found.effects[0].columns == (KEYS[0],)
    assert math.isclose(found.effects[0].share, 1.0)
    assert all(effect.share < 1e-9 for effect in found.effects[1:])
    assert found.warnings == ()


def test_two_that_matter_only_together(make_row: MakeRow) -> None:
    """An exclusive or is no effect of either key, and all of the pair."""
    values = [float(b ^ s) for _, b, s in itertools.product(range(3), range(2), range(2))]
    found = {effect.columns: effect.share for effect in decompose(make_rows(make_row, values), METRIC, KEYS).effects}
    assert math.isclose(found[KEYS[1], KEYS[2]], 1.0)
    assert sum(share for columns, share in found.items() if columns != (KEYS[1], KEYS[2])) < 1e-9


def test_gaps_are_warned_of(make_row: MakeRow) -> None:
    """Where combinations are missing, nobody is told that shares are apart."""
    found = decompose(make_rows(make_row, [1.0, 2.0, 3.0, 4.0] * 3)[1:], METRIC, KEYS)
    assert "not all combinations of a and b" in found.warnings[0]
    assert found.rest is None


def test_what_the_data_cannot_say(make_row: MakeRow) -> None:
    """A text that is another in each experiment explains nothing; many numbers are compared in ranges."""
    rows = [make_row({"t": f"x{i}", "lr": i / 7}, {"y": float(i)}) for i in range(40)]
    found = decompose(rows, METRIC, [Column("config", "t"), Column("config", "lr")])
    assert "t has a different value in each experiment" in found.warnings[0]
    assert found.cut == (Column("config", "lr"),)
    assert found.effects[0].levels == 4
    assert decompose(rows[:2], METRIC, KEYS).effects == ()
