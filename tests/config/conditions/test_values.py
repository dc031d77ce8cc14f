"""Laws of dates."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.conditions.values import parse_moment, parse_period
from mag.errors import SpaceError

NOW = dt.datetime(2026, 12, 1, 9, 30).astimezone()  # a Tuesday


def test_a_date_without_zone_is_local() -> None:
    """A date that a user types means the user's own time zone."""
    assert parse_moment("2026-11-23") == dt.datetime(2026, 11, 23).astimezone()
    assert parse_moment("2026-11-23T12:00:00+00:00") == dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["yesterday", "", "9999-12-31T23:59:59-14:00", "2026-13-01"])
def test_what_is_no_date_is_one_kind_of_error(text: str) -> None:
    """Whoever reads dates of unknown origin has one exception to catch."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2026-11-23", "2026-11-23 00:00", "2026-11-24 00:00"),
        ("2026-11-23 08:30", "2026-11-23 08:30", "2026-11-23 08:31"),
        ("2026-12", "2026-12-01 00:00", "2027-01-01 00:00"),
        ("today", "2026-12-01 00:00", "2026-12-02 00:00"),
        ("yesterday", "2026-11-30 00:00", "2026-12-01 00:00"),
        ("tuesday", "2026-12-01 00:00", "2026-12-02 00:00"),
        ("last Tuesday", "2026-11-24 00:00", "2026-11-25 00:00"),
        ("wed", "2026-11-25 00:00", "2026-11-26 00:00"),
        ("last week", "2026-11-23 00:00", "2026-11-30 00:00"),
        ("-7d", "2026-11-24 09:30", "2026-11-24 09:30"),
        ("2 hours ago", "2026-12-01 07:30", "2026-12-01 07:30"),
        ("now", "2026-12-01 09:30", "2026-12-01 09:30"),
    ],
)
def test_periods(text: str, first: str, after: str) -> None:
    """A date is the time that people mean by it, in their own time zone."""
    period = parse_period(text, NOW)
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in period] == [first, after]


@pytest.mark.parametrize("text", ["soon", "", "7d", "-7 apples", "2026-13", "-", "last", "31.12.2026"])
def test_what_is_no_period_is_refused(text: str) -> None:
    """The message offers forms that can be typed."""
    with pytest.raises(SpaceError, match="yesterday, or how long ago, as in -7d"):
        parse_period(text, NOW)


@given(st.integers(0, 96))
def test_before_in_and_after(hours: int) -> None:
    """A moment is before a day, in it, or after it; `<=` is before or in, `>=` is in or after."""
    day, moment = parse_period("2026-11-24"), parse_moment("2026-11-22") + dt.timedelta(hours=hours)
    before, inside = day.precedes("<", moment), day.agrees(moment)
    assert (before, inside) in {(True, False), (False, True), (False, False)}
    assert day.precedes("<=", moment) is (before or inside)
    assert day.precedes(">=", moment) is not before
