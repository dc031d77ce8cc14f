"""Widths: how much of a terminal's line a text takes, and how it is cut."""

import unicodedata

GAP = 2
"""Blanks between two columns."""


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


def cut_middle(text: str, width: int) -> str:
    """Return as much of an escaped text as fits into a width: its beginning and its end, an ellipsis between them.

    >>> cut_middle("resnet|0.001|adam|7", 11), cut_middle("ok", 5), cut_middle("abc", 1)
    ('resne…dam|7', 'ok', '…')
    """
    if measure(text) <= width:
        return text
    left, right = (width - 1) - (width - 1) // 2, (width - 1) // 2
    return f"{_take(text, left)}…{_take(text[::-1], right)[::-1]}"


def _take(text: str, width: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _measure_character(character)
        if taken > width:
            return text[:index]
    return text
