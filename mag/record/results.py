"""Results: written to `results.json` and read back.

Numbers, texts, lists and mappings are stored as they are; what has an obvious text or list is stored as that: a path, a
date, a set. Inside of a result whatever else there is is left out, and the rest is stored.
"""

import contextlib
import dataclasses
import datetime as dt
import decimal
import fractions
import json
import math
import os
import uuid
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any

from mag.disk import files, values
from mag.errors import RecordError, ResultError
from mag.record.failures import NOTHING, Redaction
from mag.record.paths import ExperimentPaths

_DEEPEST = 100
_MOST_DIGITS = 4300
"""What Python, and others, read back of an integer, unless they are told otherwise."""
_MOST_BITS = int(_MOST_DIGITS * math.log2(10))
_READ_AS_TEXT = (dt.timedelta, decimal.Decimal, fractions.Fraction, uuid.UUID)


class _UnknownError(Exception):
    """A value cannot be stored."""


class ResultEncoder:
    """Makes JSON data of results.

    Args:
        redaction: What no file may hold.

    Attributes:
        left_out: What was inside of results and could not be stored, each as `best.model (Model)`.
    """

    def __init__(self, redaction: Redaction = NOTHING) -> None:
        self._redaction = redaction
        self.left_out: list[str] = []

    def encode(self, named: Mapping[str, object]) -> dict[str, Any]:
        """Return results as plain JSON data.

        Raises:
            ResultError: A value cannot be stored at all.

        >>> import pathlib
        >>> ResultEncoder().encode({"loss": [float("inf"), 1], "best": {"file": pathlib.Path("a/b"), "seen": {2, 1}}})
        {'loss': ['inf', 1], 'best': {'file': 'a/b', 'seen': [1, 2]}}
        """
        return {name: self._encode_one(name, value) for name, value in named.items()}

    def _encode_one(self, name: str, value: object) -> Any:
        try:
            return self._redaction.redact_result(name, self._encode(name, value, 0))
        except RecursionError:
            raise ResultError(f"Result {name!r} contains itself, or is nested too deep to be stored.") from None
        except _UnknownError:
            raise ResultError(
                f"Result {name!r} is of type {type(value).__name__}, which cannot be stored: register a number, "
                f"string, boolean, None, list or dict of them, or save it as a file in its directory."
            ) from None

    def _encode(self, name: str, value: object, depth: int) -> Any:
        if depth > _DEEPEST:
            raise RecursionError
        if type(value) is int and value.bit_length() > _MOST_BITS:
            raise ResultError(
                f"Result {name!r} has more than {_MOST_DIGITS} digits: register it as a string or a float."
            )
        if value is None or isinstance(value, bool | int | str | float):
            return values.encode(_make_plain(value))
        if isinstance(value, Mapping):
            return self._encode_items(name, value.items(), depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            items = [(field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value)]
            return self._encode_items(name, items, depth)
        if isinstance(value, AbstractSet | Sequence) and not isinstance(value, bytes | bytearray):
            return self._encode_list(name, _sort(value) if isinstance(value, AbstractSet) else value, depth)
        if callable(to_list := getattr(value, "tolist", None)) and hasattr(value, "dtype"):  # numpy, torch on the CPU
            return self._encode(name, to_list(), depth + 1)
        return values.encode(_read_as_text(value))

    def _encode_items(self, name: str, items: Any, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in items:
            place = f"{name}.{key}"
            try:
                spelled = key if isinstance(key, str) else _spell_key(key)
                if spelled in found:
                    self._leave_out(place, item)
                else:
                    found[spelled] = self._encode(place, item, depth + 1)
            except _UnknownError:
                self._leave_out(place, item)
        return {values.encode_key(key): item for key, item in found.items()}

    def _encode_list(self, name: str, items: Sequence[object], depth: int) -> list[Any]:
        found = []
        for index, item in enumerate(items):
            try:
                found.append(self._encode(f"{name}[{index}]", item, depth + 1))
            except _UnknownError:
                self._leave_out(f"{name}[{index}]", item)
                found.append(None)
        return found

    def _leave_out(self, place: str, value: object) -> None:
        self.left_out.append(f"{place} ({type(value).__name__})")


def _make_plain(value: Any) -> Any:
    """Return a number or text of Python's own: a member of an enum may be one, too."""
    if type(value) in {bool, int, str, type(None)}:
        return value
    return float(value) if isinstance(value, float) else json.loads(json.dumps(value))


def _read_as_text(value: object) -> str:
    """Return the text that stands for a value that JSON does not know.

    Raises:
        _UnknownError: There is none that is obvious.
    """
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, _READ_AS_TEXT):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    raise _UnknownError


def _spell_key(key: object) -> str:
    """Return a key that is no string as one, as a table would show it."""
    if key is None or isinstance(key, bool | int | float):
        return {None: "null", True: "true", False: "false"}[key] if key is None or type(key) is bool else str(key)
    return _read_as_text(key)


def _sort(items: AbstractSet[Any]) -> list[Any]:
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=repr)


def read_results(paths: ExperimentPaths, redaction: Redaction = NOTHING) -> dict[str, Any]:
    """Return what `results.json` holds, encoded: nothing where it is not there, or is nothing that mag could store."""
    found: dict[str, Any] = {}
    with contextlib.suppress(OSError, RecordError):
        for name, value in files.read_object(paths.results).items():
            with contextlib.suppress(ResultError, RecursionError):  # an experiment may have written it itself
                found |= ResultEncoder(redaction).encode({name: values.decode(value)})
    return found
