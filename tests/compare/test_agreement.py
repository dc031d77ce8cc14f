"""Laws of agreement between results."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.differences import is_same, pair_values
from mag.compare.rows import MISSING

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(VALUES)
def test_everything_agrees_with_itself(value: Any) -> None:
    """Whatever can be registered agrees with itself, NaN included."""
    assert is_same(value, value)


@given(VALUES, VALUES, st.floats(0, 1))
def test_agreement_is_mutual(one: Any, other: Any, tolerance: float) -> None:
    """Which of the two comes first makes no difference."""
    assert is_same(one, other, tolerance) == is_same(other, one, tolerance)


@pytest.mark.parametrize(
    ("before", "after", "tolerance", "agrees"),
    [
        (1.0, math.nextafter(1.0, 2), 0, False),
        (1.0, 1.0 + 1e-9, 1e-6, True),
        (0.0, 1e-9, 1e-6, True),
        (1e300, 1.1e300, 1e-3, False),
        (float("inf"), float("-inf"), 1, False),
        (10**400, 1.0, 0.5, False),
        ("a", "b", 1, False),
        ([1.0, 2.0], [1.0], 1, False),
        (None, 0, 1, False),
    ],
)
def test_tolerance(before: Any, after: Any, tolerance: float, agrees: bool) -> None:
    """Numbers may be apart by the tolerance; without one, not by a bit; nothing else may be apart at all."""
    assert is_same(before, after, tolerance) is agrees


def test_missing_values() -> None:
    """A value that only one side has is a disagreement; an ignored key is none."""
    pairs = pair_values({"a": 1, "b": {"c": 2}}, {"a": 1, "d": 3}, ignore=["d*"])

    assert [(pair.key, pair.after, pair.agrees) for pair in pairs] == [("a", 1, True), ("b.c", MISSING, False)]
