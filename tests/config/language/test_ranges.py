"""Rows of numbers."""

from fractions import Fraction
from itertools import pairwise
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.language.calls import LONGEST, expand_range, space_evenly, space_geometrically
from mag.errors import OverrideError

numbers = st.integers(-1000, 1000)
positive = st.floats(1e-9, 1e9)


@given(numbers, numbers, numbers.filter(bool))
def test_integer_ranges_are_those_of_python(start: int, stop: int, step: int) -> None:
    """Law: with three ints, a range is Python's."""
    assert expand_range(start, stop, step) == tuple(range(start, stop, step))


@given(numbers, numbers, numbers.filter(bool), st.integers(1, 6))
def test_decimal_ranges_have_no_rounding_noise(start: int, stop: int, step: int, places: int) -> None:
    """Law: a decimal range is the integer range with the point moved, each value the nearest float."""
    unit = 10**places
    values = expand_range(start / unit, stop / unit, step / unit)
    assert values == tuple(float(Fraction(index, unit)) for index in range(start, stop, step))


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(2, 50))
def test_even_spacing_keeps_both_ends(start: float, end: float, num: int) -> None:
    """Law: `num` values, from start to end exactly, never turning back."""
    values = space_evenly(start, end, num)
    assert (len(values), values[0], values[-1]) == (num, start, end)
    assert sorted(values, reverse=start > end) == list(values)


@given(positive, positive, st.integers(2, 50))
def test_geometric_spacing_keeps_both_ends_and_the_ratio(start: float, factor: float, num: int) -> None:
    """Law: `num` values, from start to end exactly, all neighbours of the same ratio up to the rounding."""
    end = start * (1 + factor)
    values = space_geometrically(start, end, num)
    assert (len(values), values[0], values[-1]) == (num, start, end)
    ratio = (end / start) ** (1 / (num - 1))
    assert all(isclose(after / before, ratio, rel_tol=1e-5) for before, after in pairwise(values))


def test_values_between_are_short() -> None:
    """Law: the values become names, so they are rounded to six digits, and powers of ten are exact."""
    assert space_geometrically(1e-3, 1e-1, 5) == (0.001, 0.00316228, 0.01, 0.0316228, 0.1)
    assert space_geometrically(1000, 1, 4) == (1000.0, 100.0, 10.0, 1.0)


def test_dense_values_stay_apart() -> None:
    """Law: where six digits would make neighbours equal, there are more."""
    assert len(set(space_geometrically(1.0, 1.00001, 101))) == 101


def test_endless_and_enormous_ranges_are_refused() -> None:
    """Law: a range that never ends, or makes more than a million values, is an error before it takes memory."""
    with pytest.raises(OverrideError, match="must not be 0"):
        expand_range(0, 1, 0)
    with pytest.raises(OverrideError, match="more than 1000000 are not planned"):
        expand_range(0, LONGEST + 1, 1)
    with pytest.raises(OverrideError, match="more than 1000000 are not planned"):
        space_evenly(0, 1, LONGEST + 1)
