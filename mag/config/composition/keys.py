"""Keys: the dotted names of values in a nested config, such as `model.layers.0`."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

from mag.config.language.override import format_value

_LONGEST_INDEX = 9


class Absence(Enum):
    """What a look-up returns where there is no value; None is a value."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT


def find_value(config: Any, key: str) -> Any:
    """Return the value at a dotted key; `ABSENT` where there is none.

    >>> find_value({"model": {"layers": [10, 20]}}, "model.layers.1")
    20
    """
    for name in key.split("."):
        config = find_child(config, name)
    return config


def find_child(holder: Any, name: str) -> Any:
    """Return the value that one part of a dotted key leads to; `ABSENT` where there is none."""
    if isinstance(holder, dict):
        return holder[name] if name in holder else holder.get(match_name(holder, name), ABSENT)
    if isinstance(holder, list) and name.isascii() and name.isdigit() and len(name) <= _LONGEST_INDEX:
        return holder[int(name)] if int(name) < len(holder) else ABSENT
    return ABSENT


def match_name(holder: Any, name: str) -> Any:
    """Return the dict's key or the list's index that a part of a dotted key means; the part itself if there is none.

    >>> match_name({1: "one"}, "1"), match_name([10, 20], "1"), match_name({}, "1")
    (1, 1, '1')
    """
    if isinstance(holder, list):
        return int(name)
    if name in holder:
        return name
    return next((key for key in holder if not isinstance(key, str) and format_value(key) == name), name)


def list_keys(config: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of all values, of mappings and lists as well as of what is in them.

    >>> list(list_keys({"model": {"C": 1}, "seeds": [7]}))
    ['model', 'model.C', 'seeds', 'seeds.0']
    """
    for name, value in config.items() if isinstance(config, dict) else enumerate(config):
        yield f"{prefix}{name}"
        if isinstance(value, dict | list):
            yield from list_keys(value, f"{prefix}{name}.")
