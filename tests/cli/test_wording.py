"""The laws of wording."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.cli.wording import describe_signal, format_duration, format_moment, format_size

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400)


@given(ANYTHING)
def test_nothing_stops_the_words(value: object) -> None:
    """Whatever a record holds in the place of a number, it is shown."""
    assert [isinstance(words(value), str) for words in (format_duration, format_size, describe_signal)] == [True] * 3


@given(st.floats(0.1, 1e7), st.floats(1.01, 100))
def test_durations_grow(seconds: float, factor: float) -> None:
    """No unit is taken too early: the words for more time never say less."""
    units = {"s": 1, "min": 60, "h": 3600, "d": 86_400}

    def read(text: str) -> float:
        words = text.split()
        return sum(float(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))

    assert read(format_duration(seconds)) <= read(format_duration(seconds * factor))
    assert math.isclose(read(format_duration(seconds)), seconds, rel_tol=0.05)


@pytest.mark.parametrize(("size", "words"), [(0, "0 bytes"), (999_499, "999 kB"), (999_500, "1 MB"), (5e13, "50 TB")])
def test_sizes(size: float, words: str) -> None:
    """Three digits and a unit."""
    assert format_size(size).startswith(words)


def test_a_time_that_cannot_be_read_stays() -> None:
    """A record of unknown origin is shown as it is."""
    assert format_moment("soon") == "soon"


def test_a_time_is_what_it_was() -> None:
    """The long form names the very second that was recorded, in any time zone."""
    recorded = "2026-11-23T12:00:05.9+05:30"
    assert dt.datetime.fromisoformat(format_moment(recorded)) == dt.datetime(2026, 11, 23, 6, 30, 5, tzinfo=dt.UTC)
    assert format_moment(format_moment(recorded), brief=True) == format_moment(recorded)[:16]
