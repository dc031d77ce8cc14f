"""Laws of comparing and calculating in conditions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.conditions.operations import calculate, contains, is_equal, precedes
from mag.errors import SpaceError

NUMBERS = st.integers(-100, 100) | st.floats(-100, 100)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=2), lambda inner: st.lists(inner, max_size=2), max_leaves=4
)


@given(VALUES, VALUES)
def test_sameness(left: Any, right: Any) -> None:
    """Sameness is symmetric, everything is the same as itself, and what is the same is equal."""
    assert is_equal(left, left)
    assert is_equal(left, right) is is_equal(right, left)
    assert not is_equal(left, right) or left == right


@pytest.mark.parametrize(("left", "right"), [(1, True), (0, False), ([1], [True]), (None, 0), (None, ""), ("1", 1)])
def test_kinds_differ(left: Any, right: Any) -> None:
    """A number is no boolean, no text, and not null."""
    assert not is_equal(left, right)


@given(NUMBERS, NUMBERS)
def test_orders_are_pythons(left: float, right: float) -> None:
    """Numbers have the order that they have in Python."""
    found = [precedes(name, left, right) for name in ("<", "<=", ">", ">=")]
    assert found == [left < right, left <= right, left > right, left >= right]


@given(VALUES)
def test_null(value: Any) -> None:
    """Null has no order, holds nothing, and makes a calculation null."""
    assert not precedes("<", None, value)
    assert not precedes(">=", value, None)
    assert not contains(None, value)
    assert calculate("+", None, value) is None


@given(st.sampled_from(["+", "-", "*", "/", "//", "%"]), NUMBERS, NUMBERS)
def test_calculations_are_pythons(name: str, left: float, right: float) -> None:
    """Numbers calculate as in Python; what is no error there is none here."""
    try:
        expected = {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "/": lambda: left / right,
            "//": lambda: left // right,
            "%": lambda: left % right,
        }[name]()
    except ZeroDivisionError:
        with pytest.raises(SpaceError, match="divides by zero"):
            calculate(name, left, right)
    else:
        assert calculate(name, left, right) == expected


@pytest.mark.parametrize(
    ("name", "left", "right", "reason"),
    [
        ("+", "a", "b", "no number"),
        ("*", "a", 10**9, "no number"),
        ("+", True, 1, "no number"),
        ("**", 10, 10**10, "too large"),
        ("**", 10.0, 10**10, "too large"),
        ("**", -8, 0.5, "no real number"),
        ("**", 0, -1, "divides by zero"),
        ("*", 2**4000, 2**4000, "too large"),
    ],
)
def test_refused_calculations(name: str, left: Any, right: Any, reason: str) -> None:
    """What is no number, or would become a monster, is refused."""
    with pytest.raises(SpaceError, match=reason):
        calculate(name, left, right)


@pytest.mark.parametrize(("left", "right"), [(1, "a"), (True, 2), ([1], [2]), ("a", 1.0)])
def test_no_order(left: Any, right: Any) -> None:
    """Only two numbers and two texts have an order."""
    with pytest.raises(SpaceError, match="cannot be ordered"):
        precedes("<", left, right)


def test_contains() -> None:
    """A list holds what is the same as one of its items, a text what is written in it, and a number nothing."""
    assert contains([1, [2]], [2.0])
    assert not contains([1], True)
    assert contains("adamw", "adam")
    assert not contains("adamw", None)
    with pytest.raises(SpaceError, match="write a list"):
        contains(5, 1)
    with pytest.raises(SpaceError, match="write a list"):
        contains("a", 1)
