"""Results and configs as JSON: what may be stored, how it is written, how it is read back.

JSON has no NaN and no infinities: they are stored as the strings "nan", "inf" and "-inf" and read back as floats. A
text that reads so gets a `=` in front: "=nan". JSON's keys are strings: the key 1 is stored as "=1", and a text that
begins with `=` gets one more.
"""

import json
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from mag.patterns import compile_lazily

_CHUNK = 1000
_LIKE_NONFINITE = compile_lazily(r"=*(nan|-?inf)")
_NONFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


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
            key if type(key) is str and not key.startswith("=") else encode_key(key): encode(item)
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


def encode_key(key: Any) -> str:
    """Return a key of a mapping as JSON has it: a text as it is, unless it begins with `=`."""
    if isinstance(key, str) and not key.startswith("="):
        return key
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
