"""Widths: how much of a terminal's line a text takes, and how columns share a line."""

import unicodedata
from collections.abc import Iterable, Sequence

GAP = 2
"""Blanks between two columns."""

_NARROWEST = 12
_SHORT = 16  # numbers, dates and statuses say nothing when they are cut


def measure(text: str) -> int:
    """Return how many columns of a terminal an escaped text takes.

    >>> measure("abc"), measure("日本"), measure("e\u0301")
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_measure_character, text))


def _measure_character(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, width: int) -> str:
    """Return as much of an escaped text as fits into a width, its end replaced by an ellipsis where it does not.

    >>> cut("completed", 5), cut("日本語", 4), cut("ok", 5)
    ('comp…', '日…', 'ok')
    """
    if measure(text) <= width:
        return text
    taken, room = 0, width - 1
    for index, character in enumerate(text):
        taken += _measure_character(character)
        if taken > room:
            return text[:index] + "…"
    return text


def fit(widths: Sequence[int], room: int, expendable: Sequence[int] = ()) -> list[int]:
    """Return the widths at which columns fit side by side.

    Long texts give way first, then columns are left out. The first column always stays, and gets half of the room
    if it needs it: it is what the others are about.

    >>> fit([30, 9, 5], 40), fit([30, 9, 5], 24), fit([30, 9, 5], 24, expendable=[1])
    ([22, 9, 5], [13, 9, 0], [17, 0, 5])
    """
    floors = [width if width <= _SHORT else _NARROWEST for width in widths]
    floors[:1] = [min(width, max(_NARROWEST, room // 2)) for width in widths[:1]]
    shown = set(range(len(widths)))
    for index in (*expendable, *range(len(widths) - 1, 0, -1)):
        if _add_up(floors[place] for place in shown) <= room:
            break
        shown.discard(index)
    limit = max(widths, default=0)
    while limit and _add_up(min(widths[place], max(floors[place], limit)) for place in shown) > room:
        limit -= 1
    fitted = [min(width, max(floor, limit)) for width, floor in zip(widths, floors, strict=True)]
    return [width if place in shown else 0 for place, width in enumerate(fitted)]


def _add_up(widths: Iterable[int]) -> int:
    return sum(width + GAP for width in widths) - GAP
