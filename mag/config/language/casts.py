"""The casts of the override language: `int() float() str() bool()` on values, lists, dicts and sweeps."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from mag.config.language.lexer import Scalar
from mag.config.language.override import Choice, Glob, Interval, format_sweep, format_value
from mag.config.language.ranges import expand_range
from mag.config.language.refusals import write_alternatives
from mag.errors import OverrideError

_NUMBERS: Final[dict[str, Callable[[Any], float]]] = {"int": int, "float": float}
_TRUTH: Final = {"true": True, "false": False}


def cast(name: str, value: Any) -> Any:
    """Return the value as another type; lists, dicts (their values) and choices element by element.

    A range is cast by its bounds and step, as is an interval: `int(range(0,3,1.5))` is `range(0,3,1)`.

    Args:
        name: "int", "float", "str" or "bool".
        value: What an override may hold: a plain value or a sweep.

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
