"""Cells: what stands where a row and a column of a table meet, and how it is written."""

import json
from enum import Enum
from typing import Any, Final

from mag.config.documents.scalars import read_scalar
from mag.patterns import compile_lazily

_PLAIN = compile_lazily(r"[\w./+~|-][\w./+~| -]*(?<! )")
_DEEPEST = 100


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""The cell of an experiment that has no such key; null is a value, this is none."""


def format_value(value: Any) -> str:
    """Return a value as one would type it: a text as it is, everything else as YAML writes it in a line.

    Args:
        value: A scalar, list or dict, or `MISSING`, which reads as nothing.

    >>> [format_value(value) for value in ("svm", True, None, 1e-5, [8, "a", "1"], MISSING)]
    ['svm', 'true', 'null', '1e-05', '[8, a, "1"]', '']
    """
    if isinstance(value, str):
        return value
    return "" if value is MISSING else _write(value, 0)


def format_briefly(value: Any) -> str:
    """Return a value as `format_value` does, floats of many digits rounded to six of them.

    >>> format_briefly(1 / 3), format_briefly(0.001), format_briefly(1234567)
    ('0.333333', '0.001', '1234567')
    """
    text = format_value(value)
    return f"{value:.6g}" if isinstance(value, float) and len(text) > 10 else text  # noqa: PLR2004


def is_number(value: Any) -> bool:
    """Tell whether a value is a number: true and false are none.

    >>> is_number(1), is_number(0.5), is_number(True), is_number("1")
    (True, True, False, False)
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _write(value: Any, depth: int) -> str:
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        inner = (f"{_write(str(key), depth)}: {_write(item, depth + 1)}" for key, item in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_write(item, depth + 1) for item in value) + "]"
    return repr(value)


def _is_plain(text: str) -> bool:
    """Tell whether a text inside a list is read back as this very text without quotes."""
    try:
        return _PLAIN.fullmatch(text) is not None and read_scalar(text) == text
    except ValueError:
        return False
