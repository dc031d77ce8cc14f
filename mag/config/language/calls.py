"""Calls in the override language, `range(1,stop=4)`, and how their arguments are checked."""

from collections.abc import Iterable
from sys import float_info
from typing import Any, NamedTuple

from mag.config.language.override import Choice, Glob, Interval, format_sweep, format_value
from mag.config.language.refusals import write_alternatives
from mag.errors import OverrideError


class Call(NamedTuple):
    """`name(positional, ..., name=value, ...)`, written somewhere in the override `text`."""

    name: str
    positional: tuple[Any, ...]
    named: dict[str, Any]
    text: str

    def bind(self, *names: str, optional: int = 0) -> dict[str, Any]:
        """Return the arguments by name, as Python would bind them.

        Args:
            names: The parameters in order.
            optional: How many of the last ones may be left out.

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
