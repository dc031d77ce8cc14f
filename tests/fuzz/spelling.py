"""Spelling: values as texts that are equal where the values are, in type too; both sides of the fuzz use it."""

from collections.abc import Mapping
from typing import Any


def spell(value: Any, *, loose: bool = False) -> str:
    """Return a value as text: keys in an order of their own, numbers with their types.

    Args:
        value: Dicts, lists and scalars.
        loose: Write an integer as the float that it equals.
    """
    if isinstance(value, Mapping):
        items = sorted(f"{spell(key)}: {spell(item, loose=loose)}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(spell(item, loose=loose) for item in value) + "]"
    if loose and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return repr(float(value))
    return repr(value)
