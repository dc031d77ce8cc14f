"""Filters: which points are left out, by conditions on the composed config of each."""

from collections.abc import Iterator, Sequence
from typing import Any

from mag.config.conditions.expressions import Find, parse_expression
from mag.config.conditions.operations import is_same
from mag.config.language.grammar import parse_overrides
from mag.config.language.lexer import QUOTED
from mag.config.language.override import Choice, Override
from mag.errors import SpaceError
from mag.patterns import compile_lazily
from mag.plans.space import Filter, name_key

_WITH_KEY = compile_lazily(r"[^\s'\"\[({=]+\s*=")


def read_where(text: str, origin: str = "--where ") -> Filter:
    """Return the filter that keeps the points for which a condition holds.

    Raises:
        SpaceError: It cannot be read.

    >>> read_where("C > 1").keeps({"C": 1}.get)
    False
    """
    try:
        expression = parse_expression(text)
    except SpaceError as error:
        raise SpaceError(f"{origin}{error}") from None
    return Filter(f"{origin}{text!r}", expression.keys, lambda find: bool(expression.evaluate(find)))


def read_exclude(text: str, origin: str = "--exclude ") -> Filter:
    """Return the filter that leaves out the points for which all of some values hold, `a=1,b=2`.

    Several values of a key, `a=1,2,b=3`, mean any of them.

    Raises:
        SpaceError: It is not of that form.
        OverrideError: A value cannot be read.

    >>> exclude = read_exclude("a=1,b='x,y'")
    >>> exclude.keeps({"a": 1, "b": "x,y"}.get), exclude.keeps({"a": 1, "b": 2}.get)
    (False, True)
    """
    return exclude_values(parse_overrides(split_pairs(text, origin)), f"{origin}{text!r}")


def exclude_values(overrides: Sequence[Override], text: str) -> Filter:
    """Return the filter that leaves out the points of which every key has the value, or one of the values, given.

    Raises:
        SpaceError: Something else than plain `key=value` stands there.
    """
    wanted: dict[str, tuple[Any, ...]] = {}
    for override in overrides:
        key = name_key(override)
        if override.operation != "set" or not isinstance(override.sweep, Choice | None):
            raise SpaceError(f"{text}: {override.text!r} is no plain key=value, such as {key or 'C'}=1")
        if key in wanted:
            raise SpaceError(f"{text}: {key} stands twice; several of its values are written {key}=a,b")
        wanted[key] = override.values

    def keeps(find: Find) -> bool:
        return not all(any(is_same(find(key), value) for value in values) for key, values in wanted.items())

    return Filter(text, tuple(wanted), keeps)


def split_pairs(text: str, origin: str) -> list[str]:
    """Return the `key=value` parts of a text, split at the commas that are not inside of quotes or brackets.

    Raises:
        SpaceError: It does not begin with a `key=`.

    >>> split_pairs("a=1,2,b=[3,4],c='x,d=1'", "")
    ['a=1,2', 'b=[3,4]', "c='x,d=1'"]
    """
    parts: list[str] = []
    for part in _split_commas(text):
        if _WITH_KEY.match(part.lstrip()):
            parts.append(part.strip())
        elif parts:
            parts[-1] += f",{part}"
        else:
            raise SpaceError(f"{origin}{text!r} does not begin with key=value; write it as in C=1,gamma=0.1")
    return parts


def _split_commas(text: str) -> Iterator[str]:
    start = position = depth = 0
    while position < len(text):
        if quoted := QUOTED.match(text, position):
            position = quoted.end()
            continue
        character = text[position]
        depth += (character in "[({") - (character in "])}")
        if character == "," and depth <= 0:
            yield text[start:position]
            start = position + 1
        position += 1
    yield text[start:]
