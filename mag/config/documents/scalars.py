"""Scalars: what a word of a YAML file means when it stands without quotes.

The typing is that of OmegaConf's loader, which existing config files were written for: YAML 1.1 (`yes`, `on` and
`~` have a meaning, `017` is octal, `12:30` is 750), except that `1e-5` is a float and that a date stays a text.
"""

import math
from typing import TypeAlias

from mag.patterns import compile_lazily

Scalar: TypeAlias = bool | int | float | str | None

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_NUMERIC_START = frozenset("+-.0123456789")
_INT = compile_lazily(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)")
_FLOAT = compile_lazily(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9]+(?:_[0-9]+)*(?:\.[0-9_]*)?[eE][-+]?[0-9]+"
    r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_BASES = {"0b": 2, "0x": 16}


def read_scalar(text: str) -> Scalar:
    """Return what a plain (unquoted) scalar of a YAML file means.

    Raises:
        ValueError: It looks like a number that Python cannot hold: too many digits, or beyond the largest float.

    >>> [read_scalar(text) for text in ("~", "on", "017", "1_000", "12:30", "1e-5", "2020-01-01", "x")]
    [None, True, 15, 1000, 750, 1e-05, '2020-01-01', 'x']
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if _INT.fullmatch(text):
        return _read_int(text)
    return _read_float(text) if _FLOAT.fullmatch(text) else text


def _read_int(text: str) -> int:
    sign, digits = _split_sign(text)
    if ":" in digits:
        return int(sign * _read_sexagesimal(digits))
    if digits[:2] in _BASES:
        return int(sign) * int(digits[2:], _BASES[digits[:2]])
    return int(sign) * int(digits, 8 if digits[0] == "0" else 10)


def _read_float(text: str) -> float:
    sign, digits = _split_sign(text.lower())
    if ":" in digits:
        return float(sign * _read_sexagesimal(digits))
    if digits in {".inf", ".nan"}:
        return sign * float(digits[1:])
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{text} is beyond the largest float, write .inf if infinity is meant")
    return sign * number


def _split_sign(text: str) -> tuple[int, str]:
    return (-1 if text[0] == "-" else 1), text.lstrip("+-").replace("_", "")


def _read_sexagesimal(digits: str) -> float:
    total = 0.0
    for part in digits.split(":"):
        total = total * 60 + float(part)
    return total
