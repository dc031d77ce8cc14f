"""Values in conditions: texts, numbers and times, dates as people say them included."""

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from mag.config.conditions.operations import Answer, Pattern, is_equal, is_nan
from mag.config.language.lexer import QUOTED, WORD, read_word, unquote
from mag.errors import OverrideError, SpaceError
from mag.patterns import compile_lazily

Test: TypeAlias = Callable[[Any], bool]

_WILD = compile_lazily(r"[*?]")
_CALL = compile_lazily(r"[a-z]+\s*\(")


def read_tests(text: str) -> list[Test]:
    """Return the tests whether a value is one of those between the commas of a text.

    Raises:
        SpaceError: One of them stands for no certain values.

    >>> [any(test(value) for test in read_tests("1,res*,[8,16]")) for value in (1.0, "resnet", [8, 16], True)]
    [True, True, True, False]
    """
    return [test for part in split_commas(text) for test in _read_part(part.strip())]


def split_commas(text: str) -> Iterator[str]:
    """Yield the parts of a text between commas; those inside brackets and quotes do not count.

    >>> list(split_commas("1,[8,16],'a,b'"))
    ['1', '[8,16]', "'a,b'"]
    """
    start = position = depth = 0
    while position < len(text):
        if quoted := QUOTED.match(text, position):
            position = quoted.end()
            continue
        character = text[position]
        depth = max(0, depth + (character in "[({") - (character in "])}"))
        if character == "," and not depth:
            yield text[start:position]
            start = position + 1
        position += 1 + (character == "\\")
    yield text[start:]


def _read_part(text: str) -> list[Test]:
    if not text:
        return [lambda value: value is None or value == ""]
    if QUOTED.fullmatch(text):
        return [_equal_text(unquote(text))]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return [_equal_text(text[1:-1])]
    if _WILD.search(text) and not _CALL.match(text):
        return [Pattern(text).agrees]
    return [_equal(value, text) for value in _read_values(text)]


def _read_values(text: str) -> tuple[Any, ...]:
    """Return the values that the override language reads; a text that it cannot read is itself."""
    if WORD.fullmatch(text):
        try:
            return (read_word(text),)
        except ValueError:
            return (text,)
    from mag.config.language.grammar import parse_override  # noqa: PLC0415 - few conditions have lists

    try:
        override = parse_override(f"value={text}")
    except OverrideError:
        return (text,)
    try:
        return override.values
    except OverrideError:
        raise SpaceError(f"{text} stands for no certain values; write them out, as in KEY=1,10") from None


def _equal_text(text: str) -> Test:
    wild = Pattern(text) if _WILD.search(text) else text
    return lambda value: not isinstance(value, int | float) and is_equal(value, wild)


def _equal(typed: Any, text: str) -> Test:
    """Return the test whether a value is the one that was typed, or the very text."""
    if is_nan(typed):
        return lambda value: is_nan(value) or value == text

    def test(value: Any) -> bool:
        """Tell whether a value is the one meant."""
        return is_equal(value, text) or (is_equal(value, typed) and not isinstance(value, Answer))

    return test


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
