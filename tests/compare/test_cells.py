"""The laws of cells."""

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mag.compare.rows import MISSING, format_briefly, format_value
from mag.config.documents.scalars import read_scalar

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(SCALARS)
def test_a_scalar_reads_back(value: Any) -> None:
    """What a table shows of a number, boolean or null is what a filter's reader understands it to be."""
    assert read_scalar(format_value(value)) == value


@given(st.text())
def test_a_text_stays_as_it_is(text: str) -> None:
    """A text is shown as it is, without quotes."""
    assert format_value(text) == text


@given(st.lists(st.text(max_size=3) | st.integers(), max_size=3))
def test_lists_of_different_values_read_differently(values: list[Any]) -> None:
    """Texts in a list that would read as something else are quoted, so that a list says what it holds."""
    shown = format_value(values)
    for index, value in enumerate(values):
        other = [*values[:index], str(value) if isinstance(value, int) else f"{value},", *values[index + 1 :]]
        assert format_value(other) != shown


def test_missing_and_null_differ() -> None:
    """A cell without a value is empty, null is spelled out."""
    assert format_value(MISSING) == ""
    assert format_value(None) == "null"


def test_what_is_nested_without_end_is_cut() -> None:
    """Deep nesting ends in dots instead of a crash."""
    deep: Any = json.loads("[" * 300 + "]" * 300)
    assert "..." in format_value(deep)


def test_only_long_floats_are_rounded() -> None:
    """A float is shown with six digits if it has very many, and as it is otherwise."""
    assert format_briefly(0.1 + 0.2) == "0.3"
    assert format_briefly(0.12345678) == "0.12345678"
    assert format_briefly(math.inf) == "inf"
