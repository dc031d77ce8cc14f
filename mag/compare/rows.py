"""Rows: an experiment as the three kinds of things that a table can show of it."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from mag.compare.cells import MISSING
from mag.config.flat import escape_key
from mag.record.store import StoredExperiment


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One experiment, flat.

    Attributes:
        experiment: The experiment; its facts are read from there.
        config: Dotted key to value; lists are values.
        results: Likewise.
    """

    experiment: StoredExperiment
    config: dict[str, Any]
    results: dict[str, Any]


def read_rows(experiments: Iterable[StoredExperiment]) -> list[Row]:
    """Return the rows of experiments, in their order; one that cannot be read has neither config nor results."""
    return [Row(one, spread(one.config, escape_key), spread(one.results)) for one in experiments]


def spread(tree: dict[str, Any], spell: Callable[[str], str] = str) -> dict[str, Any]:
    """Return nested mappings as one level of dotted keys, whatever they hold: looking refuses nothing.

    Args:
        tree: A config or results as they were stored.
        spell: How a key stands in a dotted one: a config's with its own dots escaped, a result's as it is.

    >>> spread({"seed": 1, "model": {"name": "svm", "sizes": [8, 16]}})
    {'seed': 1, 'model.name': 'svm', 'model.sizes': [8, 16]}
    """
    flat: dict[str, Any] = {}
    waiting = [("", tree)]
    while waiting:
        prefix, branch = waiting.pop(0)
        for key, value in branch.items():
            if isinstance(value, dict) and value:
                waiting.append((f"{prefix}{spell(key)}.", value))
            else:
                flat.setdefault(prefix + spell(key), value)
    return flat


def parse_moment(text: str) -> dt.datetime:
    """Return a date and time in the local time zone, which is also that of a text that names none.

    Args:
        text: ISO 8601: `2026-11-23`, `2026-11-23 17:40`, `2026-11-23T17:40:05.5+00:00`.

    Raises:
        ValueError: It is none.
    """
    try:
        return dt.datetime.fromisoformat(text).astimezone()
    except OverflowError as error:
        raise ValueError(f"{text} is beyond all time zones") from error


def _read_field(name: str) -> Callable[[StoredExperiment], Any]:
    return lambda experiment: getattr(experiment.record, name)


def _read_entry(name: str, key: str) -> Callable[[StoredExperiment], Any]:
    return lambda experiment: (getattr(experiment.record, name) or {}).get(key)


FACTS: dict[str, Callable[[StoredExperiment], Any]] = {
    "name": lambda experiment: experiment.name,
    "status": lambda experiment: experiment.status,
    "identity": _read_field("identity"),
    "seconds": _read_field("seconds"),
    "started": _read_field("started"),
    "ended": _read_field("ended"),
    "attempt": _read_field("attempt"),
    "app": _read_field("app"),
    "sweep": _read_field("sweep"),
    "error": _read_entry("error", "type"),
    "commit": _read_entry("commit", "hash"),
    "branch": _read_entry("commit", "branch"),
    "dirty": _read_entry("commit", "dirty"),
    "host": _read_entry("host", "name"),
    "cpu_seconds": _read_entry("exit", "cpu_seconds"),
    "peak_memory_bytes": _read_entry("exit", "peak_memory_bytes"),
}
"""What every experiment has, by name, and how to read it."""

MOMENTS = frozenset({"started", "ended"})
"""The facts that are dates."""


def read_fact(experiment: StoredExperiment, name: str) -> Any:
    """Return a fact of `FACTS`, `MISSING` where it is not known."""
    if experiment.record is None and name not in {"name", "status"}:
        return MISSING
    value = FACTS[name](experiment)
    return MISSING if value is None else value
