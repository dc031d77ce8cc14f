"""Dates as people say them: `2026-11-23 08:30`, `tuesday`, `yesterday`, `-7d`, `last week`."""

import calendar
import datetime as dt
import re
from typing import NamedTuple

from mag.errors import SpaceError
from mag.patterns import compile_lazily

_AGO = compile_lazily(r"-?\s*(\d+(?:\.\d+)?)\s*([a-z]+)(?:\s+ago)?", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400),
    **dict.fromkeys(("month", "months"), 30 * 86_400),
    **dict.fromkeys(("y", "year", "years"), 365 * 86_400),
}
_DAYS = tuple(name.lower() for name in calendar.day_name)
_MONTH = compile_lazily(r"(\d{4})-(\d{1,2})")


class Period(NamedTuple):
    """What a date covers: a whole day, a minute, a moment.

    Attributes:
        start: Its first moment.
        end: The first moment after it; `start` for a single moment.
    """

    start: dt.datetime
    end: dt.datetime

    def agrees(self, moment: dt.datetime) -> bool:
        """Tell whether a moment lies in it."""
        return self.start <= moment < self.end or moment == self.start

    def precedes(self, name: str, moment: dt.datetime) -> bool:
        """Tell whether a moment is `<`, `<=`, `>` or `>=`: before it begins, before it ends, after it began."""
        if name == "<":
            return moment < self.start
        if name == "<=":
            return moment < self.end or moment <= self.start
        return moment > self.start if name == ">" else moment >= self.start


def parse_moment(text: str) -> dt.datetime:
    """Return a date and time in the local time zone, which is also that of a text that names none.

    Raises:
        ValueError: It is none.
    """
    try:
        return dt.datetime.fromisoformat(text).astimezone()
    except OverflowError as error:
        raise ValueError(f"{text} is beyond all time zones") from error


def parse_period(text: str, now: dt.datetime | None = None) -> Period:
    """Return the time that a text names, in the local time zone.

    Raises:
        SpaceError: It is none of these.

    >>> period = parse_period("yesterday", dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC))
    >>> f"{period.start:%Y-%m-%d}"
    '2026-11-30'
    """
    present = (now or dt.datetime.now(dt.UTC)).astimezone()
    word = " ".join(text.lower().split())
    found = _parse_day(word, present) or _parse_ago(word, present) or _parse_written(text.strip())
    if found is None:
        raise SpaceError(
            f"{text!r} is no date: write {present:%Y-%m-%d}, '{present:%Y-%m-%d} 08:30', tuesday, yesterday, "
            f"or how long ago, as in -7d or -2h"
        )
    return found


def _parse_day(word: str, now: dt.datetime) -> Period | None:
    if word == "now":
        return Period(now, now)
    today = now.date()
    monday = today - dt.timedelta(days=today.weekday())
    spans = {"today": (today, 1), "yesterday": (today - dt.timedelta(days=1), 1)}
    spans |= {"this week": (monday, 7), "last week": (monday - dt.timedelta(days=7), 7)}
    plain = word.removeprefix("last ") if word not in spans else word
    for index, name in enumerate(_DAYS):
        if plain in {name, name[:3]}:
            back = (today.weekday() - index) % 7
            back += 7 if not back and word.startswith("last ") else 0
            spans[word] = (today - dt.timedelta(days=back), 1)
    if word not in spans:
        return None
    first, days = spans[word]
    return Period(_begin(first), _begin(first + dt.timedelta(days=days)))


def _begin(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day).astimezone()


def _parse_ago(word: str, now: dt.datetime) -> Period | None:
    match = _AGO.fullmatch(word)
    if match is None or match[2] not in _UNITS or not (word.startswith("-") or word.endswith(" ago")):
        return None
    try:
        moment = now - dt.timedelta(seconds=float(match[1]) * _UNITS[match[2]])
    except OverflowError:
        moment = dt.datetime.min.replace(tzinfo=dt.UTC)
    return Period(moment, moment)


def _parse_written(text: str) -> Period | None:
    try:
        if month := _MONTH.fullmatch(text):
            year, number = int(month[1]), int(month[2])
            return Period(_begin(dt.date(year, number, 1)), _begin(dt.date(year + number // 12, number % 12 + 1, 1)))
        start = parse_moment(text)
        if len(text) == len("2026-11-23"):
            return Period(start, _begin(start.date() + dt.timedelta(days=1)))
    except (ValueError, OverflowError):
        return None
    colons = text.replace("T", " ").partition(" ")[2].split("+")[0].count(":")
    lengths = {0: dt.timedelta(hours=1), 1: dt.timedelta(minutes=1), 2: dt.timedelta(seconds=1)}
    length = dt.timedelta() if "." in text else lengths.get(colons, dt.timedelta())
    return Period(start, start + length)
