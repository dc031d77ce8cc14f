"""Curves: what experiments logged with `log_metrics`, by name, and what a table can show of it."""

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Iterator
from typing import Any

from mag.disk import files
from mag.disk.values import decode
from mag.patterns import compile_lazily

STEP = "step"
"""The name in a line of metrics that says where it belongs."""

_NAME = compile_lazily(r"(.+?)(?:@(-?\d+(?:\.\d+)?)|\.(min|max|first|count|step|min_step|max_step|mean(\d*)))?")
_PEEK = 1 << 13


@dataclasses.dataclass(frozen=True, slots=True)
class Curve:
    """The values of one metric; of a step that was logged twice, the later one counts.

    Attributes:
        steps: Where they were logged: the step that was given, else the number of the line, from 0.
        values: The values.
    """

    steps: tuple[float, ...]
    values: tuple[Any, ...]

    @property
    def numbers(self) -> list[tuple[float, float]]:
        """Step and value of those values that are numbers, NaN left out."""
        pairs = zip(self.steps, self.values, strict=True)
        return [(step, value) for step, value in pairs if type(value) in {int, float} and not math.isnan(value)]

    def ask(self, aspect: str) -> Any:
        """Return an aspect of the curve; None where it has none.

        Args:
            aspect: "" for the last value, `@100` for the one at step 100, `min`, `max`, `mean` (of all), `mean10`
                (of the last ten), `first`, `count`, `step` (of the last), `min_step` or `max_step`.
        """
        if not aspect or aspect == "step":
            return self.steps[-1] if aspect else self.values[-1]
        if aspect == "first":
            return self.values[0]
        if aspect == "count":
            return len(self.values)
        if aspect.startswith("@"):
            step = float(aspect[1:])
            return next((value for at, value in zip(self.steps, self.values, strict=True) if at == step), None)
        return _summarize(self.numbers, aspect)


def _summarize(numbers: list[tuple[float, float]], aspect: str) -> Any:
    if not numbers:
        return None
    if aspect.startswith("mean"):
        last = numbers[-int(aspect[4:] or len(numbers)) :]
        return math.fsum(value for _, value in last) / len(last)
    choose = min if aspect.startswith("min") else max
    step, value = choose(numbers, key=lambda pair: pair[1])
    return step if aspect.endswith("step") else value


def split_name(key: str, names: Iterable[str]) -> tuple[str, str] | None:
    """Return the metric and the aspect that a key such as `loss.min` means, if there is such a metric.

    >>> split_name("loss.min", ["loss"]), split_name("loss@100", ["loss"]), split_name("loss", ["loss"])
    (('loss', 'min'), ('loss', '@100'), ('loss', ''))
    """
    known = set(names)
    if key in known:
        return key, ""
    match = _NAME.fullmatch(key)
    if match is None or match[1] not in known or match[4] == "0":
        return None
    return match[1], f"@{match[2]}" if match[2] else match[3] or ""


def read_curves(paths: Iterable[str]) -> dict[str, Curve]:
    """Return the curves in files of metrics, by name; a line that was cut off is left out.

    Args:
        paths: The `metrics.jsonl` of each attempt, in order; they need not be there.
    """
    found: dict[str, dict[float, Any]] = {}
    for path in paths:
        counts: dict[str, int] = {}
        for line in _parse(_read(path)):
            _add(line, found, counts)
    return {name: Curve(tuple(values), tuple(values.values())) for name, values in found.items()}


def _add(line: dict[str, Any], found: dict[str, dict[float, Any]], counts: dict[str, int]) -> None:
    given = line.get(STEP)
    for name, value in line.items():
        if name == STEP:
            continue
        number = counts[name] = counts.get(name, -1) + 1
        step: float = given if isinstance(given, int | float) else number
        values = found.get(name)
        if values is None:
            values = found[name] = {}
        elif step in values:
            del values[step]  # the later one counts, and is the last
        values[step] = decode(value) if type(value) in {str, list, dict} else value


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, files.OLD_FILE)
    except OSError:
        return b""
    with open(descriptor, "rb") as file:
        try:
            return file.read()
        except OSError:  # it is a folder, say
            return b""


def _parse(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield the lines of metrics; all in one go where all are sound, which is several times as fast."""
    lines = data.splitlines()
    try:
        parsed = json.loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
        parsed = []
    if len(parsed) != len(lines):
        parsed = list(_parse_each(lines))
    return (line for line in parsed if type(line) is dict)


def _parse_each(lines: list[bytes]) -> Iterator[Any]:
    for line in lines:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            continue


def read_end(path: str) -> dict[str, Curve]:
    """Return the curves of the last lines of a file of metrics: quickly, while it grows."""
    found: dict[str, dict[float, Any]] = {}
    counts: dict[str, int] = {}
    for line in _parse(_peek(path, beginning=False)):
        _add(line, found, counts)
    return {name: Curve(tuple(values), tuple(values.values())) for name, values in found.items()}


def peek_names(path: str) -> list[str]:
    """Return the names of the metrics in a file, as far as its beginning and its end tell: quickly, for very many."""
    names = dict.fromkeys(name for line in _parse(_peek(path, beginning=True)) for name in line)
    return [name for name in names if name != STEP]


def _peek(path: str, *, beginning: bool) -> bytes:
    """Return the last bytes of a file, and before them the first."""
    try:
        descriptor = os.open(path, files.OLD_FILE)
    except OSError:
        return b""
    try:
        size = os.fstat(descriptor).st_size
        start = os.pread(descriptor, _PEEK, 0) if beginning or size <= _PEEK else b""
        return start if size <= _PEEK else start + b"\n" + os.pread(descriptor, _PEEK, max(_PEEK, size - _PEEK))
    except OSError:  # it is a folder, say
        return b""
    finally:
        os.close(descriptor)
