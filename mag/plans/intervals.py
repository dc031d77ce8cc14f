"""Intervals as values to draw from: so many, evenly spread, each rounded to as many digits as matter."""

import math
from collections.abc import Sequence
from typing import overload

from mag.config.language.override import Interval

_STEPS = 10_000
"""How many values an interval of floats has: a draw of thousands hardly meets one twice, and names stay readable."""
_DIGITS = 4
"""Significant digits of a value on a logarithmic scale, and of the distance between two on a linear one."""


class Draws(Sequence[float]):
    """The values of an interval, from its low end to its high end; each is computed when it is asked for.

    >>> draws = Draws(Interval(0.0, 1.0))
    >>> len(draws), draws[0], draws[1234]
    (10000, 0.0001, 0.1235)
    >>> list(Draws(Interval(1, 4)))
    [1, 2, 3, 4]
    """

    def __init__(self, interval: Interval) -> None:
        self._low, self._high = interval.start, interval.end
        self._is_log = interval.log
        self._is_integer = isinstance(interval.start, int) and isinstance(interval.end, int)
        span = abs(self._high - self._low)
        self._decimals = _DIGITS - math.ceil(math.log10(span)) if span else 0

    def __len__(self) -> int:
        return int(self._high - self._low) + 1 if self._is_integer else _STEPS

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[float]: ...
    def __getitem__(self, index: int | slice) -> float | Sequence[float]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        if self._is_integer:
            return self._low + index
        share = (index + 1) / (_STEPS + 1)
        if self._is_log:
            return float(f"{self._low * (self._high / self._low) ** share:.{_DIGITS}g}")
        return round(self._low + (self._high - self._low) * share, self._decimals)
