"""Keys: what the dotted names of values mean in a nested config, such as `model.layers.0`."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, Final, TypeAlias

from mag.config.flat import escape_key, read_key, split_spelled

_LONGEST_INDEX = 9

KeyPath: TypeAlias = tuple[Any, ...]
"""The keys, of their own types, and the indices that lead to a value."""


class Absence(Enum):
    """What a look-up returns where there is no value; None is a value."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT


def find_value(config: Any, key: str) -> Any:
    """Return the value at a dotted key; `ABSENT` where there is none.

    >>> find_value({"model": {"layers": [10, 20]}}, "model.layers.1"), find_value({"a": {"b.c": 1}}, "a.b.c")
    (20, 1)
    """
    path, missing = follow_key(config, key)
    if missing:
        return ABSENT
    for name in path:
        config = config[name]
    return config


def follow_key(config: Any, key: str) -> tuple[KeyPath, list[str]]:
    r"""Return where a dotted key leads: the path as far as there are values, and the names that are missing.

    A key with dots of its own is found as well, be they escaped or not, where no nested one has the name.

    >>> follow_key({"a": {"b.c": {1: 0}, "d": 0}}, "a.b.c.1"), follow_key({"a": 0}, r"a.b\.c.d")
    ((('a', 'b.c', 1), []), (('a',), ['b.c', 'd']))
    """
    return _follow(config, split_spelled(key))


def _follow(holder: Any, names: Sequence[str]) -> tuple[KeyPath, list[str]]:
    best: tuple[KeyPath, list[str]] = ((), list(names))
    for length in range(1, len(names) + 1):
        name = match_name(holder, ".".join(names[:length]))
        if name is ABSENT:
            continue
        path, missing = _follow(holder[name], names[length:])
        if not missing:
            return (name, *path), []
        if len(missing) < len(best[1]):
            best = (name, *path), missing
    return best


def find_child(holder: Any, name: str) -> Any:
    """Return the value that one part of a dotted key leads to; `ABSENT` where there is none."""
    found = match_name(holder, name)
    return ABSENT if found is ABSENT else holder[found]


def match_name(holder: Any, name: str) -> Any:
    """Return the key or the index that a part of a dotted key means; `ABSENT` if there is none.

    Where a text looks like a key of another type, that comes first: `1` is the number, `'1'` the text.

    >>> match_name({1: 0, "1": 0}, "1"), match_name({1: 0, "1": 0}, "'1'"), match_name({"1": 0}, "1")
    (1, '1', '1')
    """
    if isinstance(holder, list):
        is_index = name.isascii() and name.isdigit() and len(name) <= _LONGEST_INDEX
        return int(name) if is_index and int(name) < len(holder) else ABSENT
    if not isinstance(holder, dict):
        return ABSENT
    typed = read_key(name)
    if type(typed) is str:
        return typed if typed in holder else name if name in holder else ABSENT
    found = next((key for key in holder if type(key) is type(typed) and key == typed), ABSENT)
    return name if found is ABSENT and name in holder else found


def name_new(holder: Any, name: str) -> Any:
    """Return the key that a part of a dotted key means where it is not there yet: of the type of the keys beside it.

    >>> name_new({0: 1.0}, "1"), name_new({"a": 0}, "1"), name_new({}, "'1'")
    (1, '1', '1')
    """
    typed = read_key(name)
    is_text = type(typed) is str or any(isinstance(key, str) for key in holder) or not holder
    return name if is_text and type(typed) is not str else typed


def join_path(path: Sequence[Any]) -> str:
    r"""Return the flat key of a path.

    >>> print(join_path(("a", "b.c", 0)))
    a.b\.c.0
    """
    return ".".join(map(escape_key, path))


def walk(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every value that is neither a mapping nor a list, after its path.

    >>> list(walk({"a": {"b": 1}, "c": [2, {3: 4}]}))
    [(('a', 'b'), 1), (('c', 0), 2), (('c', 1, 3), 4)]
    """
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, dict | list):
            yield from walk(item, (*path, name))
        else:
            yield (*path, name), item


def list_keys(config: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of all values, of mappings and lists as well as of what is in them.

    >>> list(list_keys({"model": {"C": 1}, "seeds": [7]}))
    ['model', 'model.C', 'seeds', 'seeds.0']
    """
    for name, value in config.items() if isinstance(config, dict) else enumerate(config):
        key = f"{prefix}{escape_key(name)}"
        yield key
        if isinstance(value, dict | list):
            yield from list_keys(value, f"{key}.")
