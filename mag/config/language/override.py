"""Overrides: what one `key=value` of the command line means, and how it is written back.

`mag.config.language.grammar` reads them; here they are values, and text again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple, TypeAlias

from mag.config.language.lexer import is_bare, is_bare_key, quote, write_word
from mag.errors import OverrideError

Operation: TypeAlias = Literal["set", "add", "force", "delete"]

_PREFIXES: dict[Operation, str] = {"set": "", "add": "+", "force": "++", "delete": "~"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A finite sweep: its values in the order in which they are tried, sorted, shuffled and cast already.

    `span` is (start, stop, step) where the values were written as a range, else None.
    """

    values: tuple[Any, ...]
    tags: tuple[str, ...] = ()
    span: tuple[float, float, float] | None = field(default=None, compare=False)


class Glob(NamedTuple):
    """Patterns over the options of a group; whoever knows the options expands them with `match`."""

    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    def match(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the names that fit an included pattern and no excluded one, in their own order.

        >>> Glob(("a*",), exclude=("*z",)).match(["adam", "sgd", "az"])
        ('adam',)
        """
        return tuple(name for name in names if _fits(name, self.include) and not _fits(name, self.exclude))


class Interval(NamedTuple):
    """All numbers from `start` to `end`, from which only an optimiser can draw; `log` says on which scale."""

    start: float
    end: float
    tags: tuple[str, ...] = ()
    log: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """One override.

    Two overrides are equal when they mean the same, however they were typed.

    Attributes:
        text: What was typed.
        operation: "set" for `key=`, "add" for `+key=`, "force" for `++key=`, "delete" for `~key`.
        key: The dotted key, such as `model.C`, or the group, such as `db/engine`; may be empty.
        package: What stands after `@`; None without an `@`, empty for the root of the config.
        value: None, bool, int, float, str, list or dict; None where there is a sweep or no value.
        has_value: False only for `~key` alone.
        sweep: The values to try, where there are several.
    """

    text: str = field(compare=False)
    operation: Operation
    key: str
    package: str | None = None
    value: Any = None
    has_value: bool = True
    sweep: Choice | Glob | Interval | None = None

    @property
    def is_sweep(self) -> bool:
        """Tell whether it stands for several values."""
        return self.sweep is not None

    @property
    def values(self) -> tuple[Any, ...]:
        """The values that it stands for, in order: those of a finite sweep, else the one value, if any.

        Raises:
            OverrideError: They are not known: a glob needs the group's options, an interval an optimiser.
        """
        if isinstance(self.sweep, Choice):
            return self.sweep.values
        if isinstance(self.sweep, Glob):
            raise OverrideError(f"{self.text!r} has no values before the options of the group {self.key!r} are known")
        if isinstance(self.sweep, Interval):
            name = format_override(replace(self, value="", sweep=None))
            raise OverrideError(
                f"{self.text!r} is an interval, from which only an optimising sampler can draw; "
                f"for a grid type {write_word(f'{name[:-2]}lin({self.sweep.start!r},{self.sweep.end!r},num=5)')}"
            )
        return (self.value,) if self.has_value else ()

    def with_value(self, value: Any) -> "Override":
        """Return the same override with one concrete value, its text written anew.

        Args:
            value: None, bool, int, float, str, list, tuple or dict.

        Raises:
            OverrideError: The value is of another type.

        >>> Override("+a=1,2", "add", "a", sweep=Choice((1, 2))).with_value(2).text
        '+a=2'
        """
        text = f"{_format_name(self)}={format_value(value)}"
        return Override(text, self.operation, self.key, self.package, value)


def format_override(override: Override) -> str:
    """Return the text that `parse_override` reads as an equal override, quoted exactly where needed.

    Raises:
        OverrideError: The value is of a type that the language cannot write.

    >>> format_override(Override("", "force", "a.b", value="x,y"))
    "++a.b='x,y'"
    """
    name = _format_name(override)
    if not override.has_value:
        return name
    sweep = override.sweep
    return f"{name}={format_value(override.value) if sweep is None else format_sweep(sweep)}"


def _format_name(override: Override) -> str:
    package = "" if override.package is None else f"@{override.package}"
    return f"{_PREFIXES[override.operation]}{override.key}{package}"


def format_value(value: Any) -> str:
    """Return the text that the override language reads as the value.

    Raises:
        OverrideError: The value, or one inside it, is of another type.

    >>> format_value([1, 1e-5, True, None, "a b", "1", {"x": "${y}"}])
    "[1,1e-05,true,null,a b,'1',{x:${y}}]"
    """
    if isinstance(value, str):
        return value if is_bare(value) else quote(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(format_value, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{format_key(key)}:{format_value(item)}" for key, item in value.items()) + "}"
    return _format_number(value)


def format_key(key: Any) -> str:
    """Return the text that the override language reads as the key of a dict.

    Raises:
        OverrideError: The key is of another type.

    >>> format_key("a b"), format_key(1), format_key("1")
    ('a b', '1', "str('1')")
    """
    if isinstance(key, str):
        return key if is_bare_key(key) else f"str({quote(key)})"
    return _format_number(key)


def format_sweep(sweep: Choice | Glob | Interval) -> str:
    """Return the text that the override language reads as the sweep.

    Raises:
        OverrideError: A value of it is of a type that the language cannot write.

    >>> format_sweep(Choice((1, 2))), format_sweep(Choice((1,), tags=("t",)))
    ('1,2', 'tag(t,choice(1))')
    """
    if isinstance(sweep, Glob):
        return f"glob({format_value(sweep.include)},{format_value(sweep.exclude)})"
    call = _format_choice(sweep) if isinstance(sweep, Choice) else _format_interval(sweep)
    return f"tag({','.join(map(format_value, sweep.tags))},{call})" if sweep.tags else call


def _format_number(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)  # numpy's floats are floats too, but name their type in their own repr
    raise OverrideError(
        f"a value of type {type(value).__name__} cannot be written as an override: {value!r:.80}; "
        "give None, a bool, an int, a float, a str, a list or a dict"
    )


def _format_choice(choice: Choice) -> str:
    values = ",".join(map(format_value, choice.values))
    if choice.span or not choice.values:
        return f"range({','.join(map(repr, choice.span or (0,)))})"
    return values if len(choice.values) > 1 and not choice.tags else f"choice({values})"


def _format_interval(interval: Interval) -> str:
    call = f"{'log' if interval.log else 'interval'}({interval.start!r},{interval.end!r})"
    return f"int({call})" if isinstance(interval.start, int) else call


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
