"""Wording: durations, sizes, times and signals as people read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from mag.compare.rows import format_value, is_number
from mag.config.conditions.values import parse_moment
from mag.run.interruption import name_signal

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_THOUSAND = 1000
_BEYOND = 1e15
_STATUSES = {
    "completed": "completed",
    "skipped": "done before",
    "accepted": "accepted",
    "new": "new",
    "running": "running",
    "submitted": "submitted",
    "elsewhere": "running elsewhere",
    "failed": "failed",
    "killed": "killed",
    "timeout": "timed out",
    "interrupted": "interrupted",
    "pruned": "pruned",
    "lost": "lost",
    "imported": "imported",
    "corrupt": "corrupt",
    "duplicate": "duplicate",
    "unstarted": "not started",
}


def format_duration(seconds: Any) -> str:
    """Return a duration in the units that suit it; what is no sensible number stays as it is.

    >>> [format_duration(seconds) for seconds in (0.0312, 2.5, 125, 7500, 200_000)]
    ['0.031 s', '2.5 s', '2 min 5 s', '2 h 5 min', '2 d 7 h']
    """
    if not _is_sensible(seconds):
        return format_value(seconds)
    if seconds < _MINUTE:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + " s" if seconds < 1 else f"{seconds:.3g} s"
    whole = int(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def format_size(size: Any) -> str:
    """Return a number of bytes in the unit that suits it; what is no sensible number stays as it is.

    >>> [format_size(size) for size in (1, 999, 1500, 123_456_789)]
    ['1 byte', '999 bytes', '1.5 kB', '123 MB']
    """
    if not _is_sensible(size):
        return format_value(size)
    if size < _THOUSAND:
        return f"{size} byte{'s' * (size != 1)}"
    power = min(4, next(power for power in range(1, 99) if size < 999.5 * _THOUSAND**power))
    return f"{size / _THOUSAND**power:.3g} {('kB', 'MB', 'GB', 'TB')[power - 1]}"


def format_moment(text: str, *, brief: bool = False) -> str:
    """Return a recorded time in the local time zone; one that cannot be read stays as it is."""
    try:
        moment = parse_moment(text)
    except ValueError:
        return text
    return f"{moment:%Y-%m-%d %H:%M}" if brief else moment.isoformat(" ", "seconds")


def list_words(words: Sequence[str]) -> str:
    """Return words as a part of a sentence.

    >>> list_words(["a"]), list_words(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def count_experiments(number: int) -> str:
    """Return "1 experiment", "2 experiments"."""
    return f"{number} experiment{'' if number == 1 else 's'}"


def describe_counts(counts: Mapping[str, int]) -> str:
    """Return counts of statuses as "3 completed, 1 failed", good news first.

    >>> describe_counts({"failed": 1, "completed": 3, "unstarted": 0})
    '3 completed, 1 failed'
    """
    known = (status for status in _STATUSES if counts.get(status))
    return ", ".join(f"{counts[status]} {_STATUSES[status]}" for status in known)


def describe_signal(number: Any) -> str:
    """Return a signal's number and name.

    >>> describe_signal(9), describe_signal(63)
    ('9 (SIGKILL)', '63')
    """
    name = name_signal(number)
    return f"{number} ({name})" if name.startswith("SIG") else format_value(number)


def _is_sensible(number: Any) -> bool:
    return is_number(number) and 0 <= number < _BEYOND
