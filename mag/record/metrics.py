"""Metrics: `metrics.jsonl`, a line for each call of `log_metrics`."""

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from typing import Any

from mag.disk import files, values
from mag.errors import RecordError
from mag.record.paths import ExperimentPaths
from mag.record.records import Record

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)


class MetricsWriter:
    """Appends lines to a file, which it keeps open."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._is_torn = False

    @property
    def is_open(self) -> bool:
        """Whether a line has been appended."""
        return self._descriptor is not None

    def append(self, path: str, line: bytes) -> None:
        """Append a line; on a new one where the last could only be begun, since the disk was full.

        Raises:
            RecordError: The file system refused.
        """
        try:
            if self._descriptor is None:
                self._descriptor = os.open(path, _APPEND, 0o666)
            self._write(self._descriptor, line)
        except OSError as error:
            raise RecordError(f"Cannot write {path}: {error.strerror}.") from error

    def _write(self, descriptor: int, line: bytes) -> None:
        if self._is_torn:
            line = b"\n" + line
        self._is_torn = os.write(descriptor, line) < len(line)
        if self._is_torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Close the file; it is not the end of it."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # the experiment has closed all that was open
                os.close(self._descriptor)
            self._descriptor = None


def list_metric_files(paths: ExperimentPaths, record: Record | None) -> list[str]:
    """Return the files of metrics that are those of one experiment, of earlier attempts that it went on from first."""
    if record is None or record.since is None:
        return [paths.metrics]
    earlier = [
        f"{paths.attempt(number)}/{os.path.basename(paths.metrics)}" for number in range(record.since, record.attempt)
    ]
    return [*earlier, paths.metrics]


def read_all_metrics(paths: ExperimentPaths, record: Record | None) -> list[dict[str, Any]]:
    """Return the lines of all attempts that go on from each other; what a later one logged for a step counts.

    Where there are several attempts, each line says of which it is.
    """
    found = [read_metrics(path) for path in list_metric_files(paths, record)]
    first, seen, lines = (record.since or 1) if record else 1, dict[Any, set[str]](), list[dict[str, Any]]()
    for number, attempt in reversed(list(enumerate(found, first))):
        kept = list(filter(None, (_drop(line, seen.get(_read_step(line), set())) for line in attempt)))
        for line in attempt:
            if _read_step(line) is not None:
                seen.setdefault(_read_step(line), set()).update(line)
        lines = [{**line, "attempt": number} if len(found) > 1 else line for line in kept] + lines
    return lines


def _read_step(line: dict[str, Any]) -> Any:
    step = line.get("step")
    return step if isinstance(step, int | float) else None


def _drop(line: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Return a line without what a later attempt logged for the same step; nothing where that is all of it."""
    left = {name: value for name, value in line.items() if name not in names}
    return {"step": line["step"], **left} if left and names else left


def read_metrics(path: str) -> list[dict[str, Any]]:
    """Return the lines of a `metrics.jsonl`; one that is cut off, since its writer was killed, is left out."""
    found = []
    for line in _read_lines(path):
        with contextlib.suppress(ValueError, RecursionError):
            found.append(values.decode(json.loads(line)))
    return found


def _read_lines(path: str) -> Iterator[bytes]:
    try:
        descriptor = os.open(path, files.OLD_FILE)
    except OSError:
        return
    with open(descriptor, "rb") as file, contextlib.suppress(OSError):  # it is a folder, say
        yield from file
