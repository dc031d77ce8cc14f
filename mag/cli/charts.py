"""Charts of a few lines: blocks or braille where the terminal has them, plain characters elsewhere."""

import math
import os
from collections.abc import Sequence
from itertools import pairwise

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN = "_.-=^"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def can_draw() -> bool:
    """Tell whether the terminal is likely to have more than ASCII."""
    words = (os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((word for word in words if word), "")
    return "utf" in locale.lower() and os.environ.get("TERM") not in {"dumb", "linux"}


def draw_line(values: Sequence[float], width: int, *, fancy: bool) -> str:
    """Return a chart of one line: how values went, each character the mean of some of them.

    >>> draw_line([0, 1, 2, 3], 4, fancy=True), draw_line([0, 1, 2, 3], 4, fancy=False), draw_line([], 4, fancy=True)
    ('▁▃▆█', '_.=^', '')
    """
    levels = _BLOCKS if fancy else _PLAIN
    means = _thin(values, width)
    if not means:
        return ""
    low, high = min(means), max(means)
    span = high - low
    if not 0 < span < math.inf:
        return levels[0] * len(means)
    return "".join(levels[round((mean - low) / span * (len(levels) - 1))] for mean in means)


def _thin(values: Sequence[float], width: int) -> list[float]:
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) <= width:
        return finite
    edges = [len(finite) * index // width for index in range(width + 1)]
    return [sum(value / (end - start) for value in finite[start:end]) for start, end in pairwise(edges)]


def draw_curve(points: Sequence[tuple[float, float]], width: int, height: int) -> list[str]:
    """Return a chart in braille, two by four dots a character, of steps and values.

    Args:
        points: What to draw.
        width: In characters.
        height: In lines.
    """
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    cells = [[0] * width for _ in range(height)]
    if finite:
        left, right = min(x for x, _ in finite), max(x for x, _ in finite)
        low, high = min(y for _, y in finite), max(y for _, y in finite)
        for x, y in finite:
            column = _place(x, left, right, width * 2)
            row = height * 4 - 1 - _place(y, low, high, height * 4)
            cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
    return ["".join(chr(0x2800 + cell) for cell in line) for line in cells]


def _place(value: float, low: float, high: float, count: int) -> int:
    span = high - low
    if not span or not math.isfinite(span):
        return 0
    return min(count - 1, int((value - low) / span * count))
