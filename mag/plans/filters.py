"""Filters: which points are left out, by conditions on the composed config of each."""

from collections.abc import Sequence
from typing import Any

from mag.config.conditions.expressions import parse_expression
from mag.config.conditions.operations import is_equal
from mag.config.conditions.reader import Find
from mag.config.conditions.tokens import NAME
from mag.config.language.override import Choice, Override
from mag.errors import SpaceError
from mag.plans.space import Filter, name_key


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
    """Return the filter that leaves out the points for which a condition holds, `a=1,b=2`: those that have both.

    Raises:
        SpaceError: It cannot be read.

    >>> exclude = read_exclude("a=1,b='x,y'")
    >>> exclude.keeps({"a": 1, "b": "x,y"}.get), exclude.keeps({"a": 1, "b": 2}.get)
    (False, True)
    """
    condition = read_where(text, origin)
    if NAME.fullmatch(text.strip()):
        raise SpaceError(f"{origin}{text!r} is no condition; write it as in C=1,gamma=0.1 or C > 1")
    return condition._replace(keeps=lambda find: not condition.keeps(find))


def exclude_values(overrides: Sequence[Override], text: str) -> Filter:
    """Return the filter that leaves out points whose keys all have the value, or one of the values, given.

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
        """Tell whether a point stays."""
        return not all(any(is_equal(find(key), value) for value in values) for key, values in wanted.items())

    return Filter(text, tuple(wanted), keeps)
