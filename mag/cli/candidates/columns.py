"""Columns as candidates: the keys of what experiments hold, and the values that filters ask for."""

import re
from collections.abc import Sequence
from itertools import islice

from mag.cli.candidates.candidate import Candidate
from mag.compare.cells import MISSING, format_value
from mag.compare.columns import Catalog, Column, Kind, collect_columns
from mag.compare.filters import STATUSES
from mag.compare.rows import FACTS, Row, read_rows
from mag.errors import UsageError
from mag.patterns import compile_lazily
from mag.record.paths import StorePaths
from mag.record.store import Store

ALL_KINDS: tuple[Kind, ...] = ("config", "results", "fact")
"""The kinds of columns, in the order in which they are offered."""

_READ = 200  # experiments that are looked into: a Tab is no time to read a hundred thousand records
_LAST_VALUE = compile_lazily(r"((?:.*,)?)(.*)", re.DOTALL)
_NOTES: dict[Kind, str] = {"config": "config", "results": "result", "fact": "how it ran"}


def list_filters(typed: str, store: StorePaths) -> list[Candidate]:
    """Return what a filter such as `C=1,10` may become.

    Args:
        typed: The word so far.
        store: Where the experiments are; the first few of them say what there is.
    """
    rows = _read_some(store)
    key, equals, value = typed.partition("=")
    if not equals:
        found = _list_columns(key, collect_columns(rows), ALL_KINDS)
        return [each._replace(value=f"{each.value}=", partial=True) for each in found]
    match = _LAST_VALUE.fullmatch(value)
    head, start = match.groups() if match else ("", value)
    before = head.split(",")
    texts = (text for text in _list_texts(key, rows) if text.startswith(start) and text not in before)
    return [Candidate(f"{key}={head}{text}") for text in texts]


def list_columns(typed: str, store: StorePaths, kinds: Sequence[Kind] = ALL_KINDS) -> list[Candidate]:
    """Return the keys that a word may become, of configs, of results and of what every experiment has.

    Args:
        typed: The word so far.
        store: Where the experiments are; the first few of them say what there is.
        kinds: Which of the three to offer.
    """
    return _list_columns(typed, collect_columns(_read_some(store)), kinds)


def _read_some(store: StorePaths) -> list[Row]:
    return read_rows(islice(Store(store.root), _READ))


def _list_columns(typed: str, catalog: Catalog, kinds: Sequence[Kind]) -> list[Candidate]:
    keys: dict[Kind, Sequence[str]] = {"config": catalog.config, "results": catalog.results, "fact": tuple(FACTS)}
    named = ((catalog.label(Column(kind, key)), _NOTES[kind]) for kind in kinds for key in keys[kind])
    return [Candidate(name, note) for name, note in named if name.startswith(typed)]


def _list_texts(key: str, rows: Sequence[Row]) -> list[str]:
    """Return the values that some experiments have for a key, as one would type them."""
    if key == "status":
        return list(STATUSES)
    try:
        column = collect_columns(rows).find(key)
    except UsageError:
        return []
    values = (column.read(row) for row in rows)
    return list(dict.fromkeys(format_value(value) for value in values if value is not MISSING))
