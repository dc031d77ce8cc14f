"""Calls in the override language, `range(1,stop=4)`: their arguments, casts, and exact rows of numbers."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import ceil, log, log10
from sys import float_info
from typing import Any, Final, NamedTuple

from mag.config.language.advice import write_alternatives
from mag.config.language.lexer import Scalar
from mag.config.language.override import Choice, Glob, Interval, format_sweep, format_value
from mag.errors import OverrideError

LONGEST = 1_000_000
"""More values than this are a slip of the keyboard, not a sweep."""

DIGITS = 6
"""The significant digits of a value between the ends of a logarithmic row, where they suffice."""


def expand_range(start: float, stop: float, step: float) -> tuple[float, ...]:
    """Return start, start + step, ... up to and without stop: ints where all three are, else floats.

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


_NUMBERS: Final[dict[str, Callable[[Any], float]]] = {"int": int, "float": float}
_TRUTH: Final = {"true": True, "false": False}


def cast(name: str, value: Any) -> Any:
    """Return the value as another type; lists, dicts (their values) and choices element by element.

    A range is cast by its bounds and step, as is an interval: `int(range(0,3,1.5))` is `range(0,3,1)`.

    Raises:
        OverrideError: It has no meaning as that type.

    >>> cast("int", [3.7, {"a": "5"}]), cast("str", True), cast("bool", "False")
    ([3, {'a': 5}], 'true', False)
    """
    if isinstance(value, Choice):
        return _cast_choice(name, value)
    if isinstance(value, (Glob, Interval)):
        return _cast_interval(name, value)
    if isinstance(value, list):
        return [cast(name, item) for item in value]
    if isinstance(value, dict):
        return {key: cast(name, item) for key, item in value.items()}
    return _cast_scalar(name, value)


def _cast_choice(name: str, choice: Choice) -> Choice:
    if choice.span is None:
        return replace(choice, values=tuple(cast(name, value) for value in choice.values))
    if name not in _NUMBERS:
        values = write_alternatives([choice]) or "a,b,..."
        raise OverrideError(f"a range can only become int or float; for other types write {name}({values})")
    start, stop, step = map(_NUMBERS[name], choice.span)
    return replace(choice, values=expand_range(start, stop, step), span=(start, stop, step))


def _cast_interval(name: str, sweep: Glob | Interval) -> Interval:
    if isinstance(sweep, Glob) or name not in _NUMBERS:
        raise OverrideError(f"{name}() has no meaning for {format_sweep(sweep)}")
    number = _NUMBERS[name]
    return sweep._replace(start=number(sweep.start), end=number(sweep.end))


def _cast_scalar(name: str, value: Scalar) -> Scalar:
    try:
        if name == "bool":
            return _TRUTH[value.lower()] if isinstance(value, str) else bool(value)
        if name == "str" and value is not None:
            return str(value).lower() if isinstance(value, bool) else str(value)
        return _NUMBERS[name](value)
    except (KeyError, OverflowError, TypeError, ValueError):
        raise OverrideError(f"{name}() has no meaning for {format_value(value)}") from None


class Call(NamedTuple):
    """`name(positional, ..., name=value, ...)`, written somewhere in the override `text`."""

    name: str
    positional: tuple[Any, ...]
    named: dict[str, Any]
    text: str

    def bind(self, *names: str, optional: int = 0) -> dict[str, Any]:
        """Return the arguments by name, as Python would bind them.

        Raises:
            OverrideError: One is missing, unknown or given twice, or there are too many.

        >>> Call("range", (1,), {"stop": 4}, "").bind("start", "stop", "step", optional=1)
        {'start': 1, 'stop': 4}
        """
        self.check_names(*names)
        bound = dict(zip(names, self.positional, strict=False))
        if len(self.positional) > len(names):
            raise OverrideError(f"{self.name}() takes {len(names)} values, not {len(self.positional)}")
        if twice := bound.keys() & self.named.keys():
            raise OverrideError(f"{self.name}() has two values for {min(twice)!r}")
        bound |= self.named
        for name in names[: len(names) - optional]:
            if name not in bound:
                raise OverrideError(f"{self.name}({','.join(names)}) lacks {name!r}")
        return bound

    def gather(self, *names: str) -> tuple[Any, ...]:
        """Return the positional arguments, or else the one that is given by one of these names.

        Raises:
            OverrideError: There are both, or there is none.
        """
        named = [self.named[name] for name in names if name in self.named]
        if not self.positional and not named:
            raise OverrideError(f"{self.name}() needs at least one value")
        if len(named) > 1 or (self.positional and named):
            raise OverrideError(f"{self.name}() takes its values by position or by one name, not both")
        return self.positional or (named[0],)

    def check_names(self, *names: str) -> None:
        """Refuse a named argument that is none of these.

        Raises:
            OverrideError: There is one.
        """
        for name in self.named.keys() - set(names):
            known = f"known are {', '.join(names)}" if names else "it takes values only"
            raise OverrideError(f"{self.name}() has no argument named {name!r} ({known})")

    def check_numbers(self, values: Iterable[Any]) -> None:
        """Refuse what is no finite number.

        Raises:
            OverrideError: A value is infinite, or no int or float.
        """
        for value in values:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (number and abs(value) <= float_info.max):
                raise OverrideError(f"{self.name}() takes finite numbers, not {describe(value)}")

    def check_plain(self, values: Iterable[Any]) -> None:
        """Refuse a sweep among the values or inside them, and say how to write the values out.

        Raises:
            OverrideError: There is one.
        """
        given = list(values)
        if any(map(holds_sweep, given)):
            flat = write_alternatives(given)
            hint = f"; in one level that is {self.name}({flat})" if flat else ""
            raise OverrideError(f"{self.name}() takes plain values, and a sweep is among them{hint}")


def holds_sweep(value: Any) -> bool:
    """Tell whether a value is a sweep, or a list or dict with one somewhere inside."""
    if isinstance(value, list):
        return any(map(holds_sweep, value))
    if isinstance(value, dict):
        return any(map(holds_sweep, value.values()))
    return isinstance(value, (Choice, Glob, Interval))


def describe(value: Any) -> str:
    """Return a value or a sweep as it would be typed."""
    return format_sweep(value) if isinstance(value, (Choice, Glob, Interval)) else format_value(value)
