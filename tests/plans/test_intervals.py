"""Laws of drawing from intervals."""

import math

from hypothesis import given
from hypothesis import strategies as st

from mag.config.language.override import Interval
from mag.plans.intervals import Draws

BOUNDS = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(BOUNDS, st.integers(0, 9999))
def test_a_value_lies_between_the_ends(bounds: tuple[float, float], index: int) -> None:
    """Rounding leads no further than a step beyond an end."""
    low, high = bounds
    assert low - (high - low) / 1000 <= Draws(Interval(low, high))[index] <= high + (high - low) / 1000


@given(st.floats(1e-9, 1.0), st.floats(1.1, 1e6), st.integers(0, 9999))
def test_a_logarithmic_scale_is_even_in_ratios(low: float, ratio: float, index: int) -> None:
    """The logarithm of a value is as far along as its index."""
    value = Draws(Interval(low, low * ratio, log=True))[index]
    assert math.isclose(math.log(value / low) / math.log(ratio), (index + 0.5) / 10_000, abs_tol=0.01)


def test_names_stay_readable() -> None:
    """No value has more than six characters' worth of digits where four tell them apart."""
    assert all(len(f"{value!r}") <= 6 for value in Draws(Interval(0.0, 0.5)))


@given(st.integers(-50, 50), st.integers(0, 50))
def test_integers_are_all_there(low: int, width: int) -> None:
    """An interval of integers has each of them once, both ends included."""
    assert list(Draws(Interval(low, low + width))) == list(range(low, low + width + 1))
