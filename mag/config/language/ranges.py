"""Rows of numbers, exact in decimal: 0, 0.1, 0.2, 0.3 rather than 0.30000000000000004."""

from math import ceil, log, log10

from mag.errors import OverrideError

LONGEST = 1_000_000
"""More values than this are a slip of the keyboard, not a sweep."""

DIGITS = 6
"""The significant digits of a value between the ends of a logarithmic row, where they suffice."""


def expand_range(start: float, stop: float, step: float) -> tuple[float, ...]:
    """Return start, start + step, ... up to and without stop: ints where all three are, else floats.

    Args:
        start: The first value.
        stop: The first that is left out.
        step: The distance; negative to count down.

    Raises:
        OverrideError: A zero step, or more than a million values.

    >>> expand_range(0, 0.3, 0.1)
    (0.0, 0.1, 0.2)
    """
    if step == 0:
        raise OverrideError("the step of a range must not be 0")
    from fractions import Fraction  # noqa: PLC0415 - few overrides need it, and it is slow to load

    first, last, width = Fraction(repr(start)), Fraction(repr(stop)), Fraction(repr(step))
    count = _check_count(max(0, ceil((last - first) / width)))
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        return tuple(range(start, stop, step))
    return tuple(float(first + index * width) for index in range(count))


def space_evenly(start: float, end: float, num: int) -> tuple[float, ...]:
    """Return `num` floats at equal distances, both ends included.

    Args:
        start: The first value.
        end: The last value.
        num: How many, at least 2.

    Raises:
        OverrideError: More than a million values.

    >>> space_evenly(0, 1, 5)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    from fractions import Fraction  # noqa: PLC0415 - few overrides need it, and it is slow to load

    first, last = Fraction(repr(start)), Fraction(repr(end))
    steps = _check_count(num) - 1
    return tuple(float(first + (last - first) * index / steps) for index in range(num))


def space_geometrically(start: float, end: float, num: int) -> tuple[float, ...]:
    """Return `num` floats at equal ratios, both ends included and exact.

    The values between are rounded, because they become part of an experiment's name: 0.00316228, to six
    significant digits, or to more where the values lie so dense that six would disturb their ratios.

    Args:
        start: The first value, positive.
        end: The last value, positive and not the first.
        num: How many, at least 2.

    Raises:
        OverrideError: More than a million values.

    >>> space_geometrically(1e-5, 1e-1, 5)
    (1e-05, 0.0001, 0.001, 0.01, 0.1)
    """
    from decimal import Decimal, localcontext  # noqa: PLC0415 - few overrides need it, and it is slow to load

    steps = _check_count(num) - 1
    distance = (abs(log(end) - log(start)) or 1e-16) / steps
    digits = min(17, max(DIGITS, 4 - int(log10(distance))))
    with localcontext() as context:
        context.prec = 40
        first = Decimal(repr(start))
        power = (Decimal(repr(end)) / first).ln() / steps
        between = [f"{first * (power * index).exp():.{digits - 1}e}" for index in range(1, steps)]
    return (float(start), *map(float, between), float(end))


def _check_count(count: int) -> int:
    if count > LONGEST:
        raise OverrideError(f"that makes {count} values, and more than {LONGEST} are not planned")
    return count
