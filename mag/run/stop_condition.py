"""The condition of `--stop-if`: an experiment whose metrics fulfil it is ended."""

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

from mag.config.conditions.expressions import Expression, parse_expression
from mag.disk import values
from mag.errors import SpaceError, UsageError
from mag.suggestion import list_names, name_nearest

_CHUNK = 1 << 20


def check_condition(text: str) -> Expression:
    """Return the condition that a text states.

    Raises:
        UsageError: It cannot be read, or asks for no metric.
    """
    try:
        expression = parse_expression(text)
    except SpaceError as error:
        raise UsageError(f"--stop-if: {error}") from None
    if not expression.keys:
        raise UsageError(f"--stop-if {text!r} names no metric: write one that is logged, as in 'loss is nan'.")
    return expression


class StopCondition:
    """A condition over what one attempt logs with `log_metrics`, looked at line by line.

    A metric has the value that was logged last; each part of an `or` is looked at from when all of its metrics have
    been logged.
    """

    def __init__(self, text: str, path: str) -> None:
        self._expression = check_condition(text)
        self._path = path
        self._offset = 0
        self._rest = b""
        self._known: dict[str, Any] = {}
        self._holds = False
        self._undecided = ""

    def look(self) -> bool:
        """Read the lines that are new, and tell whether the condition held after one of them."""
        if not self._holds:
            self._holds = any(self._decide(line) for line in self._read_lines())
        return self._holds

    def describe(self) -> str:
        """Return the condition and what was logged when it held, `loss is nan (loss=nan, step=3)`."""
        shown = dict.fromkeys([*self._expression.keys, "step"])
        found = ", ".join(f"{key}={self._known[key]!s:.40}" for key in shown if key in self._known)
        return f"{self._expression.text} ({found})"

    def remark(self, *, completed: bool) -> str | None:
        """Return a remark for an attempt that ended by itself: why the condition did not decide."""
        condition = f"--stop-if {self._expression.text!r}"
        if not self.look() and self._undecided:
            return f"{condition} could not be decided: {self._undecided}"
        if not completed:
            return None
        if self._holds:
            return f"{condition} held, but the experiment completed before it could be ended"
        missing = [key for key in (*self._expression.keys, *self._expression.words) if key not in self._known]
        if not missing:
            return None
        near = name_nearest(missing[0], self._known)
        hint = f"did you mean {near}?" if near else f"there were: {list_names(self._known)}" if self._known else ""
        text = f'if the text is meant write "{missing[0]}"' if missing[0] in self._expression.words else ""
        return "; ".join(filter(None, (f"{condition} asks for {missing[0]}, which was never logged", text, hint)))

    def _decide(self, line: bytes) -> bool:
        try:
            logged = values.decode(json.loads(line))
            self._known.update(_flatten(logged))
        except (ValueError, RecursionError):  # cut off, or nobody's metrics
            return False
        parts = [part for part in self._expression.parts or (self._expression,) if self._knows(part)]
        try:
            return any(part.evaluate(self._known.get) for part in parts)
        except SpaceError as error:
            self._undecided = self._undecided or str(error)
            return False

    def _knows(self, part: Expression) -> bool:
        """Tell whether all metrics of a part have been logged; a single word is one, too: it may come later."""
        return all(key in self._known for key in (*part.keys, *part.words))

    def _read_lines(self) -> Iterator[bytes]:
        """Yield the lines that have been completed since the last look."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            return
        with open(descriptor, "rb", buffering=0), contextlib.suppress(OSError):
            while chunk := os.pread(descriptor, _CHUNK, self._offset):
                self._offset += len(chunk)
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                yield from lines


def _flatten(logged: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a line by their names; those inside of a dict by dotted ones."""
    if not isinstance(logged, dict):
        return
    for name, value in logged.items():
        yield f"{prefix}{name}", value
        yield from _flatten(value, f"{prefix}{name}.")
