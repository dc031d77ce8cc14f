"""Flat configs: nested keys joined by dots, and how a key with dots or special characters is spelled."""

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


_DOT = compile_lazily(r"(\\*)(\.|\Z)")
_CONSTANTS = {"null": None, "true": True, "false": False, **{text: float(text) for text in ("inf", "-inf", "nan")}}
_NUMERIC = frozenset("-0123456789")


def spell_key(key: Any) -> str:
    """Return a key of a config as a text that tells its type: a text that looks like another key is quoted.

    >>> print(*(spell_key(key) for key in ("a", 1, "1", True, "true", None, 0.5, "'b")))
    a 1 '1' true 'true' null 0.5 ''b'
    """
    if isinstance(key, str):
        return f"'{key}'" if key[:1] == "'" or type(_read_bare(key)) is not str else key
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return repr(key + 0.0) if isinstance(key, float) else str(key)


def read_key(spelled: str) -> Any:
    """Return the key that `spell_key` wrote.

    >>> [read_key(spelled) for spelled in ("a", "1", "'1'", "true", "null", "0.5")]
    ['a', 1, '1', True, None, 0.5]
    """
    if len(spelled) > 1 and spelled[0] == spelled[-1] == "'":
        return spelled[1:-1]
    return _read_bare(spelled)


def _read_bare(text: str) -> Any:
    """Return the key of another type that is spelled like a text, else the text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[:1] not in _NUMERIC:
        return text
    for kind in (int, float):
        try:
            if repr(kind(text)) == text:
                return kind(text)
        except ValueError:
            continue
    return text


def escape_key(key: Any) -> str:
    r"""Return a key of a nested config as it stands in a flat key, where a dot of its own is written `\.`.

    So are backslashes doubled before a dot and at the end, and two nested configs never have the same flat keys.

    >>> print(escape_key("model"), escape_key("a.b"), escape_key("C:\\x"), escape_key(1), escape_key("1"))
    model a\.b C:\x 1 '1'
    """
    return key if is_plain(key) else join_spelled([spell_key(key)])


def is_plain(key: Any) -> bool:
    """Tell at a look that a key is a text which is spelled as it is, as most are; others may be, too."""
    return type(key) is str and key.isidentifier() and key not in _CONSTANTS


def join_spelled(names: Sequence[str]) -> str:
    r"""Return the dotted key that is made of parts as they are spelled; the inverse of `split_spelled`.

    >>> print(join_spelled(["a", "b.c", "'0'"]))
    a.b\.c.'0'
    """
    return ".".join(
        _DOT.sub(lambda found: 2 * found[1] + ("\\." if found[2] else ""), name)
        if "." in name or "\\" in name
        else name
        for name in names
    )


def split_key(key: str) -> list[Any]:
    r"""Return the keys of a nested config, of their own types, that a flat key is made of.

    >>> split_key("model.C"), split_key(r"model.a\.b"), split_key("weights.0"), split_key("weights.'0'")
    (['model', 'C'], ['model', 'a.b'], ['weights', 0], ['weights', '0'])
    """
    return [read_key(part) for part in split_spelled(key)]


def split_spelled(key: str) -> list[str]:
    r"""Return the parts of a dotted key as they are spelled, without the escapes of dots.

    >>> split_spelled(r"model.a\.b"), split_spelled("weights.'0'")
    (['model', 'a.b'], ['weights', "'0'"])
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


def loosen_key(key: str) -> str:
    r"""Return a flat key as one would type it without knowing of escapes and quotes.

    >>> loosen_key(r"a.b\.c"), loosen_key("m.'1'")
    ('a.b.c', 'm.1')
    """
    return ".".join(str(name) if isinstance(name, str) else spell_key(name) for name in split_key(key))
