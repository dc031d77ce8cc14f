"""The description: an experiment as the JSON object that every command shows of it."""

import dataclasses
import os
from typing import Any, NamedTuple

from mag.compare.rows import Row
from mag.disk.files import read_json
from mag.disk.values import encode_config
from mag.errors import RecordError
from mag.record.log import read_from
from mag.record.records import Record
from mag.record.store import StoredExperiment

_LONGEST_LINE = 500
_TAIL_BYTES = 1 << 16

_UNREADABLE = Record(identity="", identifier="", status="failed", config={})
_FIELDS = tuple(field.name for field in dataclasses.fields(Record) if field.name not in {"identifier", "status"})


def describe(row: Row) -> dict[str, Any]:
    """Return an experiment as data for JSON: always the same keys, floats that JSON lacks as "nan", "inf", "-inf"."""
    experiment = row.experiment
    record = experiment.record
    return {
        "name": experiment.name,
        "path": os.path.abspath(experiment.paths.directory),
        "status": experiment.status,
        "problem": experiment.problem,
        **{name: getattr(record or _UNREADABLE, name) for name in _FIELDS},
        "tags": list(experiment.tags),
        "note": experiment.note,
        "identity": record.identity if record else None,
        "attempt": record.attempt if record else None,
        "config": encode_config(row.config),
        "results": encode_config(experiment.results),
    }


def describe_curves(row: Row) -> dict[str, Any]:
    """Return for each metric its number of values, its last value, and its extremes with their steps."""
    aspects = {"count": "count", "last": "", "step": "step", "min": "min", "min_step": "min_step"}
    aspects |= {"max": "max", "max_step": "max_step"}
    return {
        name: {word: encode_config(curve.ask(aspect)) for word, aspect in aspects.items()}
        for name, curve in row.curves.items()
    }


class File(NamedTuple):
    """Something in an experiment's directory.

    Attributes:
        name: Its name; that of a directory ends in `/`.
        size: Its bytes; None for a directory.
    """

    name: str
    size: int | None


def list_files(experiment: StoredExperiment) -> list[File]:
    """Return what lies in an experiment's directory, sorted by name, without mag's own `.mag`."""
    try:
        with os.scandir(experiment.paths.directory) as entries:
            found = [_describe_entry(entry) for entry in entries if entry.name != ".mag"]
    except OSError:
        return []
    return sorted(found)


def _describe_entry(entry: os.DirEntry[str]) -> File:
    if entry.is_dir(follow_symlinks=False):
        return File(entry.name + "/", None)
    return File(entry.name, entry.stat(follow_symlinks=False).st_size)


def number_attempts(experiment: StoredExperiment) -> list[int]:
    """Return the numbers of earlier attempts, whose log and record were set aside."""
    try:
        names = os.listdir(os.path.dirname(experiment.paths.attempt(1)))
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isascii() and name.isdigit() and name[0] != "0")


def list_attempts(experiment: StoredExperiment) -> list[dict[str, Any]]:
    """Return the attempts before the last: `number`, `status`, `started`, `seconds` and `error` of each."""
    return [_describe_attempt(experiment, number) for number in number_attempts(experiment)]


def _describe_attempt(experiment: StoredExperiment, number: int) -> dict[str, Any]:
    try:
        record = read_json(f"{experiment.paths.attempt(number)}/record.json")
    except (OSError, RecordError):
        record = {"status": "corrupt"}
    # it was set aside for another attempt, so that nobody runs it any more
    status = "lost" if record.get("status") == "running" else record.get("status")
    return {
        "number": number,
        "status": status,
        "started": record.get("started"),
        "seconds": record.get("seconds"),
        "error": record.get("error"),
    }


def read_tail(experiment: StoredExperiment, lines: int) -> list[str]:
    """Return the last lines of an experiment's log, long ones cut, blank ones at the end left out."""
    path = experiment.paths.log
    try:
        data = b"".join(read_from(path, max(0, os.stat(path).st_size - _TAIL_BYTES)))
    except OSError:
        return []
    text = data.decode("utf-8", "backslashreplace").rstrip()
    return [line[:_LONGEST_LINE] for line in text.splitlines()[-lines:]]
