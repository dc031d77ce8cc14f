"""The flat config: one level of sorted dotted keys, of which some are hidden from the identity."""

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePath
from typing import Any

from mag.errors import ConfigError
from mag.patterns import compile_lazily

MAX_DEPTH = 50
"""Levels of dicts and lists; a config that contains itself is stopped here too."""

MAX_INTEGER_BITS = 14_000
"""Python prints no integer of more than 4300 digits, so that such a one could never be saved."""

_SCALARS = frozenset({str, int, float})
"""What most values are, found before anything is asked of abstract classes."""
_DOT = compile_lazily(r"(\\*)(\.|\Z)")
_RESERVED = compile_lazily(r"_[^_](.*[^_])?_")


def flatten(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config as one sorted level of dotted keys; dicts inside lists are left nested.

    Lists are values, tuples become lists, an empty dict is a value. A dot in a key is escaped
    (`escape_key`). A key that is no string reads as JSON would write it, and numbers and strings of subclasses (such as
    NumPy's `float64`) become plain ones.

    Raises:
        ConfigError: Two keys flatten to the same one, a text cannot be written as UTF-8 or holds a NUL
            character, or a value is of a kind that a config cannot hold.

    >>> flatten({"seed": 1, "model": {"name": "svm", "sizes": (8, 16)}})
    {'model.name': 'svm', 'model.sizes': [8, 16], 'seed': 1}
    """
    flat: dict[str, Any] = {}
    _gather(config, "", flat, 0)
    return {key: flat[key] for key in sorted(flat)}


def escape_key(name: str) -> str:
    r"""Return a key of a nested config as it stands in a flat key, where a dot of its own is written `\.`.

    So are backslashes doubled before a dot and at the end, and two nested configs never have the same flat keys.

    >>> print(escape_key("model"), escape_key("a.b"), escape_key("C:\\x"))
    model a\.b C:\x
    """
    if "." not in name and "\\" not in name:
        return name
    return _DOT.sub(lambda found: 2 * found[1] + ("\\." if found[2] else ""), name)


def split_key(key: str) -> list[str]:
    r"""Return the keys of a nested config that a flat key is made of.

    >>> split_key("model.C"), split_key(r"model.a\.b")
    (['model', 'C'], ['model', 'a.b'])
    """
    if "\\" not in key:
        return key.split(".")
    parts, place = [""], 0
    for found in _DOT.finditer(key):
        escaped = found[2] and len(found[1]) % 2
        parts[-1] += key[place : found.start()] + "\\" * (len(found[1]) // 2) + ("." if escaped else "")
        if found[2] and not escaped:
            parts.append("")
        place = found.end()
    return parts


def settle_value(value: Any, key: str) -> Any:
    """Return a value that is no dict as a flat config holds it.

    Raises:
        ConfigError: As `flatten` raises it.
    """
    return _settle(value, key, 1)


def is_hidden(key: str) -> bool:
    """Tell whether any part of a dotted key begins with `_`: it is then no part of the identity.

    Keys that Hydra reserves, such as `_target_`, begin and end with one underscore and are visible.

    >>> is_hidden("model._device"), is_hidden("model._target_"), is_hidden("model.hidden_size")
    (True, False, False)
    """
    return "_" in key and any(part.startswith("_") and not _RESERVED.fullmatch(part) for part in split_key(key))


def keep_visible(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flat config without its hidden keys, those of dicts inside lists included.

    >>> keep_visible({"C": 1, "_seed": 7, "layers": [{"size": 8, "_device": "cpu"}]})
    {'C': 1, 'layers': [{'size': 8}]}
    """
    return {key: _strip(value) for key, value in flat.items() if not is_hidden(key)}


def _strip(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return keep_visible(value)
    return [_strip(item) for item in value] if isinstance(value, list) else value


def _gather(config: Mapping[Any, Any], prefix: str, flat: dict[str, Any], depth: int) -> None:
    _check_depth(depth, prefix)
    for key, value in config.items():
        place = prefix + escape_key(_read_key(key, prefix))
        if isinstance(value, Mapping) and value:
            _gather(value, place + ".", flat, depth + 1)
        else:
            _put(flat, place, _settle(value, place, depth + 1), place)


def _put(target: dict[str, Any], key: str, value: Any, place: str) -> None:
    if key in target:
        raise ConfigError(
            f"The config holds `{_show(place)}` twice, as 1 beside '1' would be the same key: keep one of them, or "
            "rename one."
        )
    target[key] = value


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
        name = _read_key(key, place)
        _put(settled, name, _settle(value, f"{place}.{name}", depth + 1), f"{place}.{name}")
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


def _read_key(key: Any, place: str) -> str:
    if isinstance(key, str) and not isinstance(key, Enum):
        return _check_text(str(key), f"The key {_show(repr(key))}" + (f" in `{_show(place)}`" if place else ""))
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, (int, float)) and not isinstance(key, Enum):
        return str(_settle_scalar(key, place or "the key"))
    raise ConfigError(
        f"The key {_show(repr(key))} in `{_show(place) or 'the config'}` is of type {type(key).__name__}, "
        f"but a key must be a string: write {_advise(key)} instead."
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
