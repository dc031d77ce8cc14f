"""Widths: how much of a terminal's line a text takes, and how columns share a line."""

import unicodedata
from collections.abc import Sequence

GAP = 2
"""Blanks between two columns."""

_NARROWEST = 12


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
    """Return the widths at which columns fit side by side: the widest give way first, then columns are left out.

    Args:
        widths: What the columns would like.
        room: Columns of the terminal.
        expendable: Which to leave out first, by index; the last ones follow. The first column always stays.

    Returns:
        The widths, 0 for a column that is left out.

    >>> fit([30, 9, 5], 30), fit([30, 9, 5], 20), fit([30, 9, 5], 20, expendable=[1])
    ([12, 9, 5], [20, 0, 0], [13, 0, 5])
    """
    fitted = list(widths)
    order = [*expendable, *(index for index in range(len(widths) - 1, 0, -1) if index not in expendable)]
    for index in order:
        if _add_up(fitted, _NARROWEST) <= room:
            break
        fitted[index] = 0
    limit = max(fitted, default=0)
    while limit > 1 and _add_up(fitted, limit) > room:
        limit -= 1
    return [min(width, limit) for width in fitted]


def _add_up(widths: Sequence[int], limit: int) -> int:
    """Return the room that columns take, none of them wider than the limit."""
    taken = [min(width, limit) + GAP for width in widths if width]
    return sum(taken) - GAP
