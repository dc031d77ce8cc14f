"""Results and configs as JSON: what may be stored, how it is written, how it is read back.

JSON has no NaN and no infinities: they are stored as the strings "nan", "inf" and "-inf" and read back as floats. A
text that reads so gets a `=` in front: "=nan". JSON's keys are strings: the key 1 is stored as "=1", and a text that
begins with `=` gets one more.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mag.errors import ResultError
from mag.patterns import compile_lazily

_CHUNK = 1000
_DEEPEST = 100
_MOST_DIGITS = 4300
"""What Python, and others, read back of an integer, unless they are told otherwise."""
_MOST_BITS = int(_MOST_DIGITS * math.log2(10))
_LIKE_NONFINITE = compile_lazily(r"=*(nan|-?inf)")
_NONFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def encode_result(name: str, value: object, depth: int = 0) -> Any:
    """Return `value` as plain JSON data.

    Raises:
        ResultError: The value, or one inside it, is of another kind, or could not be read back.
        RecursionError: It holds itself, or is nested too deep to be read back.

    >>> encode_result("loss", [float("inf"), 1])
    ['inf', 1]
    """
    if depth > _DEEPEST:
        raise RecursionError
    if type(value) is int and value.bit_length() > _MOST_BITS:
        raise ResultError(f"Result {name!r} has more than {_MOST_DIGITS} digits: register it as a string or a float.")
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    if isinstance(value, bool | int | str):  # a subclass, such as an enum's member
        return json.loads(json.dumps(value))
    if isinstance(value, Mapping):
        return {_encode_key(name, key): encode_result(f"{name}.{key}", item, depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [encode_result(f"{name}[{index}]", item, depth + 1) for index, item in enumerate(value)]
    if callable(to_list := getattr(value, "tolist", None)) and hasattr(value, "dtype"):  # numpy, torch on the CPU
        return encode_result(name, to_list(), depth + 1)
    raise ResultError(
        f"Result {name!r} is of type {type(value).__name__}, which cannot be stored: "
        f"register a number, string, boolean, None, list or dict of them, or save it as a file in its directory."
    )


def _encode_key(name: str, key: object) -> str:
    if not isinstance(key, str):
        raise ResultError(f"Result {name!r} has the key {key!r}: keys must be strings, such as {str(key)!r}.")
    return key


def encode_config(value: Any) -> Any:
    """Return a plain config value as JSON data for people and other tools: keys become texts, tuples lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, dict):
        return {str(key): encode_config(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode_config(item) for item in value]
    return value


def encode(value: Any) -> Any:
    """Return a plain value as JSON data that `decode` makes the same value of again; of tuples it makes lists.

    >>> encode({"loss": float("inf"), "title": "inf", 1: None, "1": "=a"})
    {'loss': 'inf', 'title': '=inf', '=1': None, '1': '=a'}
    """
    kind = type(value)
    if kind is str:
        return _escape(value)
    if kind is dict:
        return {
            key if type(key) is str and not key.startswith("=") else _spell_key(key): encode(item)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [encode(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    return value


def decode(value: Any) -> Any:
    """Return the value that stored JSON data stands for.

    >>> decode({"loss": ["nan", 1.5], "=1": "=nan"})
    {'loss': [nan, 1.5], 1: 'nan'}
    """
    if isinstance(value, str):
        return _unescape(value)
    if isinstance(value, dict):
        return {_read_key(key) if key.startswith("=") else key: decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


def _escape(text: str) -> str:
    return f"={text}" if text.endswith(("nan", "inf")) and _LIKE_NONFINITE.fullmatch(text) else text


def _unescape(text: str) -> Any:
    if not text.endswith(("nan", "inf")) or not _LIKE_NONFINITE.fullmatch(text):
        return text
    return text[1:] if text.startswith("=") else _NONFINITE[text]


def _spell_key(key: Any) -> str:
    return f"={key if isinstance(key, str) else json.dumps(key)}"


def _read_key(key: str) -> Any:
    if key.startswith("=="):
        return key[1:]
    try:
        found = json.loads(key[1:])
    except (ValueError, RecursionError):  # an older mag left such keys as they are
        return key
    return key if isinstance(found, str | dict | list) else found


_PRETTY = {
    sort: json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=2, sort_keys=sort).encode
    for sort in (False, True)
}
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def dump_line(data: Any) -> bytes:
    """Return `data` as `dump_json` does, but in one line and quickly."""
    return _ENCODE(data).encode("utf-8", "backslashreplace") + b"\n"


def dump_json(data: Any, *, sort: bool = False) -> bytes:
    """Return `data` as the bytes of a JSON file, with a final newline.

    A lone half of a surrogate pair, which no UTF-8 can hold, stands as JSON's escape for it and reads back as it was.
    """
    return _PRETTY[sort](data).encode("utf-8", "backslashreplace") + b"\n"


def dump_lines(items: Iterable[Any], *, indent: int) -> Iterator[bytes]:
    r"""Yield the items of a JSON list, one a line, to be put between its brackets; quick and small for very many.

    >>> b"".join(dump_lines([{"a": 1}, {"a": 2}], indent=1))
    b'\n {"a": 1},\n {"a": 2}'
    """
    start, lines = "\n" + " " * indent, map(_ENCODE, items)
    comma = ""
    while chunk := list(islice(lines, _CHUNK)):
        yield f"{comma}{start}{f',{start}'.join(chunk)}".encode("utf-8", "backslashreplace")
        comma = ","
