"""Columns: what can be asked of experiments, and which of it a typed key means."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from mag.compare.rows import FACTS, MISSING, Row, read_fact
from mag.errors import UsageError
from mag.suggestion import list_names, name_nearest

Kind = Literal["fact", "config", "results"]


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One thing that every row either has or lacks.

    Attributes:
        kind: Where it is found.
        key: The fact's name, or the full dotted key.
    """

    kind: Kind
    key: str

    def read(self, row: Row) -> Any:
        """Return the row's value, `MISSING` where it has none."""
        if self.kind == "fact":
            return read_fact(row.experiment, self.key)
        values = row.config if self.kind == "config" else row.results
        return values.get(self.key, MISSING)


@dataclasses.dataclass(frozen=True, slots=True)
class Catalog:
    """Every column that some experiments have, and what each is called.

    Attributes:
        config: The config's keys, sorted.
        results: The results' names, in the order in which they are first met.
    """

    config: tuple[str, ...]
    results: tuple[str, ...]

    def label(self, column: Column) -> str:
        """Return what a column is called: its key, and its kind before that where another is called so."""
        if column.kind == "fact":
            return column.key
        other = self.results if column.kind == "config" else self.config
        return f"{column.kind}.{column.key}" if column.key in FACTS or column.key in other else column.key

    def find(self, key: str) -> Column:
        """Return the column that a typed key means.

        Raises:
            UsageError: There is none, or no telling which.
        """
        if key in FACTS:
            return Column("fact", key)
        found = _prefer_config(self._find_exact(key) or self._find_qualified(key) or self._find_ending(key))
        if len(found) == 1:
            return found[0]
        if found:
            names = " or ".join(self.label(column) for column in found)
            raise UsageError(f"{key!r} may mean {names}: type it in full.")
        raise UsageError(self._describe_miss(key))

    def _find_exact(self, key: str) -> list[Column]:
        config = [Column("config", key)] if key in self.config else []
        return config + ([Column("results", key)] if key in self.results else [])

    def _find_qualified(self, key: str) -> list[Column]:
        kind, _, rest = key.partition(".")
        return [column for column in self._find_exact(rest) if column.kind == kind]

    def _find_ending(self, key: str) -> list[Column]:
        config = [Column("config", known) for known in self.config if known.endswith(f".{key}")]
        return config + [Column("results", known) for known in self.results if known.endswith(f".{key}")]

    def _describe_miss(self, key: str) -> str:
        known = (*self.config, *self.results, *FACTS)
        near = name_nearest(key, known)
        hint = f"did you mean {near!r}?" if near else f"known are {list_names(known)}."
        return f"No experiment has a key {key!r}: {hint}"


def _prefer_config(columns: Sequence[Column]) -> list[Column]:
    known = {column.key for column in columns if column.kind == "config"}
    return [column for column in columns if column.kind == "config" or column.key not in known]


def collect_columns(rows: Iterable[Row]) -> Catalog:
    """Return the catalog of all that these rows have."""
    config: set[str] = set()
    results: dict[str, None] = {}
    for row in rows:
        config.update(row.config)
        results.update(dict.fromkeys(row.results))
    return Catalog(tuple(sorted(config)), tuple(results))


def find_varying(rows: Sequence[Row]) -> list[Column]:
    """Return the config keys in which rows differ, sorted; a row that lacks a key differs from one that has it."""
    readable = [row.config for row in rows if row.experiment.record is not None]
    if not readable:
        return []
    first = {key: (type(value), repr(value)) for key, value in readable[0].items()}
    varying: set[str] = set()
    for config in readable[1:]:
        if config.keys() != first.keys():
            varying |= config.keys() ^ first.keys()
        for key, value in config.items():
            if key not in varying and (type(value), repr(value)) != first[key]:
                varying.add(key)
    return [Column("config", key) for key in sorted(varying)]
