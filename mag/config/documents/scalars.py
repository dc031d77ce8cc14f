"""Scalars of YAML: how a text is read as a value, and how a value is printed."""

import functools
import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

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


_FLOAT_WITHOUT_DOT = compile_lazily(r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+")


def format_yaml(config: Mapping[str, Any]) -> str:
    """Return a plain config as YAML, keys in their order.

    >>> print(format_yaml({"lr": 1e-5, "name": "1e-5", "layers": [10, 10]}), end="")
    lr: 1e-05
    name: '1e-5'
    layers:
    - 10
    - 10
    """
    if not config:
        return ""
    import yaml  # noqa: PLC0415  (start-up)

    text: str = yaml.dump(config, Dumper=_make_dumper(), sort_keys=False, allow_unicode=True, width=10_000)
    return text


def format_inline(value: Any) -> str:
    """Return a plain value as YAML in one line.

    >>> format_inline({"a": [1, "b c"], "d": None}), format_inline("yes"), format_inline(1e-5)
    ('{a: [1, b c], d: null}', "'yes'", '1e-05')
    """
    import yaml  # noqa: PLC0415

    flow = isinstance(value, dict | list)
    text = str(
        yaml.dump(
            [value],
            Dumper=_make_dumper(),
            default_flow_style=flow,
            allow_unicode=True,
            sort_keys=False,
            width=1 << 30,
        )
    ).strip()
    if "\n" in text:
        return json.dumps(value, ensure_ascii=False)
    return text[1:-1] if flow else text[2:]


@functools.cache
def _make_dumper() -> Any:
    """Return a dumper that writes floats as mag's reader reads them: `1e-05` is a float, and as a string is quoted."""
    import yaml  # noqa: PLC0415

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, _data: object) -> bool:
            """Write each value in full."""
            return True

    def represent_float(dumper: Any, value: float) -> Any:
        """Write a float with its exponent as Python does."""
        text = {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}.get(repr(value), repr(value))
        return dumper.represent_scalar("tag:yaml.org,2002:float", text)

    Dumper.add_representer(float, represent_float)
    Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT_WITHOUT_DOT, list("-+0123456789"))
    return Dumper
