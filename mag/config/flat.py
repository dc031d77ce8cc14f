"""The flat config: one level of sorted dotted keys."""

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePath
from typing import Any

from mag.config.spelling import escape_key, is_plain, spell_key
from mag.errors import ConfigError

MAX_DEPTH = 50
"""Levels of dicts and lists; a config that contains itself is stopped here too."""

MAX_INTEGER_BITS = 14_000
"""Python prints no integer of more than 4300 digits, so that such a one could never be saved."""

_SETTLED = frozenset({bool, float, type(None)})
_SCALARS = frozenset({str, int, float})
"""What most values are, found before anything is asked of abstract classes."""


def flatten(config: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the config as one sorted level of dotted keys; dicts inside lists are left nested.

    Lists are values, tuples become lists, an empty dict is a value. Keys keep their types, as `spell_key` writes
    them, also in dicts inside lists; a dot in a key is escaped (`escape_key`). Numbers and strings of subclasses (such
    as NumPy's `float64`) become plain ones.

    Raises:
        ConfigError: A text cannot be written as UTF-8 or holds a NUL character, or a value or key is of a kind that a
            config cannot hold.

    >>> flatten({"seed": 1, "model": {"name": "svm", "sizes": (8, 16)}, "weights": {0: 1.0, "0": 2.0}})
    {'model.name': 'svm', 'model.sizes': [8, 16], 'seed': 1, "weights.'0'": 2.0, 'weights.0': 1.0}
    """
    flat: dict[str, Any] = {}
    _gather(config, "", flat, 0)
    return {key: flat[key] for key in sorted(flat)}


def settle_value(value: Any, key: str) -> Any:
    """Return a value that is no dict as a flat config holds it.

    Raises:
        ConfigError: As `flatten` raises it.
    """
    return _settle(value, key, 1)


def _gather(config: Mapping[Any, Any], prefix: str, flat: dict[str, Any], depth: int) -> None:
    _check_depth(depth, prefix)
    for key, value in config.items():
        place = prefix + (key if is_plain(key) else escape_key(_settle_key(key, prefix)))
        if (type(value) is str and value.isascii() and "\0" not in value) or type(value) in _SETTLED:
            flat[place] = value
        elif isinstance(value, Mapping) and value:
            _gather(value, place + ".", flat, depth + 1)
        else:
            flat[place] = _settle(value, place, depth + 1)


def _settle(value: Any, place: str, depth: int) -> Any:
    """Return the value made of plain types alone, once it is known that it can be saved."""
    _check_depth(depth, place)
    if value is None or isinstance(value, bool):
        return value
    if type(value) in _SCALARS:
        return _settle_scalar(value, place)
    if isinstance(value, Mapping):
        return _settle_mapping(value, place, depth)
    if isinstance(value, (list, tuple)):
        return [_settle(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, (str, int, float)) and not isinstance(value, Enum):
        return _settle_scalar(value, place)
    raise ConfigError(
        f"The value of `{_show(place)}` is of type {type(value).__name__}, which a config cannot hold "
        f"(only strings, numbers, booleans, null, lists and dicts): write {_advise(value)} instead."
    )


def _settle_mapping(mapping: Mapping[Any, Any], place: str, depth: int) -> dict[str, Any]:
    settled: dict[str, Any] = {}
    for key, value in mapping.items():
        name = key if is_plain(key) else spell_key(_settle_key(key, place))
        settled[name] = _settle(value, f"{place}.{name}", depth + 1)
    return settled


def _settle_scalar(value: str | float, place: str) -> str | int | float:
    if isinstance(value, str):
        return _check_text(str(value), f"The value of `{_show(place)}`")
    if isinstance(value, float):
        return float(value)
    if value.bit_length() > MAX_INTEGER_BITS:
        raise ConfigError(
            f"The value of `{_show(place)}` is an integer of more than 4000 digits, which cannot be saved: "
            "write it as a string or as a float."
        )
    return int(value)


def _settle_key(key: Any, place: str) -> Any:
    if isinstance(key, str) and not isinstance(key, Enum):
        return _check_text(str(key), f"The key {_show(repr(key))}" + (f" in `{_show(place)}`" if place else ""))
    if key is None or isinstance(key, bool):
        return key
    if isinstance(key, (int, float)) and not isinstance(key, Enum):
        return _settle_scalar(key, place or "the key")
    raise ConfigError(
        f"The key {_show(repr(key))} in `{_show(place) or 'the config'}` is of type {type(key).__name__}, "
        f"but a key must be a string, a number or a boolean: write {_advise(key)} instead."
    )


def _check_text(text: str, subject: str) -> str:
    if "\0" in text:
        raise ConfigError(f"{subject} holds a NUL character, which no file can be named after: remove it.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ConfigError(
                f"{subject} is not valid Unicode ({text!a}) and cannot be saved as UTF-8: decode the bytes "
                "that it came from with their own encoding first."
            ) from None
    return text


def _check_depth(depth: int, place: str) -> None:
    if depth > MAX_DEPTH:
        raise ConfigError(
            f"The config is nested deeper than {MAX_DEPTH} levels at `{_show(place)[:60]}...`, "
            "or contains itself: make it flatter."
        )


def _advise(value: Any) -> str:
    if isinstance(value, Enum):
        return f"its name {value.name!r}"
    if isinstance(value, PurePath):
        return f"the string {_show(str(value))!r}"
    if isinstance(value, (set, frozenset, Sequence)) and not isinstance(value, (bytes, bytearray)):
        return "a list"
    if hasattr(value, "tolist"):
        return "what its method `tolist()` returns"
    return "a string or a number that stands for it"


def _show(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
