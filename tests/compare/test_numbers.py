"""The laws of numbers in tables: as many digits as tell them apart."""

import math

from hypothesis import given
from hypothesis import strategies as st

from mag.compare.rows import format_numbers

FLOATS = st.floats(-1e300, 1e300, allow_subnormal=False)


@given(st.lists(FLOATS, min_size=1))
def test_rounded_numbers_are_close_and_apart(values: list[float]) -> None:
    """A number is rounded to four digits at least, and no two that differ by more than noise look alike."""
    texts = format_numbers(values)
    assert all(math.isclose(float(text), value, rel_tol=6e-4) for text, value in zip(texts, values, strict=True))
    apart = {f"{value:.10g}" for value in values}
    assert len({*map(float, texts)}) >= len({*map(float, apart)}) - ("-0" in apart)


def test_four_digits_are_enough_unless_they_are_not() -> None:
    """0.9333 says it, two numbers that differ in the seventh digit show it, and short ones stay as they are."""
    assert format_numbers([14 / 15, 0.5, 2]) == ["0.9333", "0.5", "2"]
    assert format_numbers([0.1234567, 0.1234568]) == ["0.1234567", "0.1234568"]
    assert format_numbers([0.1 + 0.2, 0.3]) == ["0.3", "0.3"]
    assert format_numbers([math.nan, math.inf, "x", 123456789]) == ["nan", "inf", "x", "123456789"]
