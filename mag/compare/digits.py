"""Digits: numbers with as many of them as tell the numbers of a column apart."""

import math
from collections.abc import Sequence
from typing import Any

from mag.compare.rows import format_value

_FEWEST = 4
_MOST = 10  # what differs beyond is the noise of floating point
_PLAIN_FROM, _PLAIN_TO = -4, 15


def format_numbers(values: Sequence[Any]) -> list[str]:
    """Return the values of a column as texts: floats rounded to four digits, or to as many as tell them apart.

    Values that are no floats stay as they are; integers keep all of their digits.

    >>> format_numbers([0.9333333333333333, 0.5, 10, "svm"]), format_numbers([0.123456, 0.123457])
    (['0.9333', '0.5', '10', 'svm'], ['0.123456', '0.123457'])
    """
    floats = {value for value in values if isinstance(value, float) and math.isfinite(value)}
    digits = _count_digits(floats)
    return [format_float(value, digits) if isinstance(value, float) else format_value(value) for value in values]


def _count_digits(floats: set[float]) -> int:
    apart = len({f"{value:.{_MOST}g}" for value in floats})
    digits = _FEWEST
    while digits < _MOST and len({f"{value:.{digits}g}" for value in floats}) < apart:
        digits += 1
    return digits


def format_float(value: float, digits: int) -> str:
    """Return a float with so many significant digits, and none that say nothing.

    >>> format_float(0.93333, 4), format_float(12345.678, 4), format_float(1e-7, 4), format_float(2.0, 4)
    ('0.9333', '12346', '1e-07', '2.0')
    """
    if not math.isfinite(value):
        return repr(value)
    exact = repr(value)
    if len(exact) <= digits + 1:
        return exact
    if value and not 10.0**_PLAIN_FROM <= abs(value) < 10.0**_PLAIN_TO:
        return f"{value:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else digits
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
