"""Columns: what can be asked of experiments, and which of it a typed key means."""

import dataclasses
import functools
import os
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from mag.compare.curves import split_name
from mag.compare.rows import ADDED, FACTS, MISSING, Row, read_fact, read_rows
from mag.config.flat import loosen_key
from mag.errors import UsageError
from mag.record.metrics import list_metric_files
from mag.record.store import StoredExperiment
from mag.suggestion import list_names, name_nearest

Kind = Literal["fact", "config", "results", "choices", "metrics"]

_MANY_ROWS = 1000
_MANY_BYTES = 4_000_000
_KINDS: tuple[Kind, ...] = ("config", "choices", "results")


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
        if self.kind == "metrics":
            return self._read_metric(row)
        values: dict[str, Any] = getattr(row, self.kind)
        return values.get(self.key, MISSING)

    def _read_metric(self, row: Row) -> Any:
        found = split_name(self.key, row.curves) if row.metric_names else None
        value = row.curves[found[0]].ask(found[1]) if found else None
        return MISSING if value is None else value


def read_value(experiment: StoredExperiment, key: str) -> Any:
    """Return what a key means for one experiment alone, `MISSING` where it means nothing."""
    rows = read_rows([experiment])
    try:
        return collect_columns(rows).find(key).read(rows[0])
    except UsageError:
        return MISSING


@dataclasses.dataclass(frozen=True)
class Catalog:
    """Every column that some experiments have, and what each is called.

    Attributes:
        config: The config's keys, sorted.
        results: The results' names, in the order in which they are first met.
        choices: The config groups with a choice, sorted.
        rows: Where metrics are looked for.
    """

    config: tuple[str, ...]
    results: tuple[str, ...]
    choices: tuple[str, ...] = ()
    rows: Sequence[Row] = dataclasses.field(default=(), repr=False, compare=False)

    @functools.cached_property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics that were logged; the files are looked into when they are first asked for."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.metric_names))

    def label(self, column: Column) -> str:
        """Return what a column is called: its key, and its kind before that where another is called so."""
        others = [kind for kind in _KINDS if kind != column.kind and column.key in getattr(self, kind)]
        if column.kind == "fact":
            return f"fact.{column.key}" if others and column.key in ADDED else column.key
        return f"{column.kind}.{column.key}" if others or column.key in FACTS.keys() - ADDED else column.key

    def find(self, key: str) -> Column:
        """Return the column that a typed key means.

        Raises:
            UsageError: There is none, or no telling which.
        """
        if key in FACTS and not (key in ADDED and self._find_exact(key)):
            return Column("fact", key)
        if key.startswith("fact.") and key.removeprefix("fact.") in FACTS:
            return Column("fact", key.removeprefix("fact."))
        found = self._find_exact(key) or self._find_loose(key) or self._find_qualified(key)
        found = found or self._find_ending(key) or self._find_metric(key)
        found = _prefer_first(found)
        if len(found) == 1:
            return found[0]
        if found:
            names = " or ".join(self.label(column) for column in found)
            raise UsageError(f"{key!r} may mean {names}: type it in full.")
        raise UsageError(self._describe_miss(key))

    def _find_exact(self, key: str) -> list[Column]:
        return [Column(kind, key) for kind in _KINDS if key in getattr(self, kind)]

    def _find_loose(self, key: str) -> list[Column]:
        r"""Return the config's keys that are meant without the escapes and quotes of `k.a\.b` and `m.'1'`."""
        return [Column("config", known) for known in self.config if known != key and loosen_key(known) == key]

    def _find_qualified(self, key: str) -> list[Column]:
        kind, _, rest = key.partition(".")
        return [column for column in self._find_exact(rest) if column.kind == kind]

    def _find_ending(self, key: str) -> list[Column]:
        endings = (f".{key}", f"/{key}")
        return [Column(kind, known) for kind in _KINDS for known in getattr(self, kind) if known.endswith(endings)]

    def _find_metric(self, key: str) -> list[Column]:
        """Return what `loss`, `loss.min`, `loss@100` or the same after `metrics.` mean."""
        names = (key, key.removeprefix("metrics."))
        return [Column("metrics", name) for name in dict.fromkeys(names) if split_name(name, self.metrics)][:1]

    def _describe_miss(self, key: str) -> str:
        known = list(dict.fromkeys((*self.config, *self.choices, *self.results, *self.metrics, *FACTS)))
        near = name_nearest(key, known)
        hint = f"did you mean {near!r}?" if near else f"known are {list_names(known)}."
        return f"No experiment has a key {key!r}: {hint}"


def _prefer_first(columns: Sequence[Column]) -> list[Column]:
    """Return of the columns of one key only the first, the kinds being in order."""
    return list({column.key: column for column in reversed(columns)}.values())[::-1]


def collect_columns(rows: Iterable[Row]) -> Catalog:
    """Return the catalog of everything these rows have."""
    config: set[str] = set()
    results: dict[str, None] = {}
    choices: set[str] = set()
    known = rows if isinstance(rows, Sequence) else list(rows)
    for row in known:
        config.update(row.config)
        results.update(dict.fromkeys(row.results))
        choices.update(row.choices)
    return Catalog(tuple(sorted(config)), tuple(results), tuple(sorted(choices)), known)


def find_varying(rows: Sequence[Row]) -> list[Column]:
    """Return the choices and config keys that differ between rows, each sorted; a missing key counts as different.

    A config key that follows from the choice of its group, as `model.name` from `model`, is left out.
    """
    readable = [row for row in rows if row.experiment.record is not None]
    choices = [Column("choices", key) for key in sorted(_find_differing([row.choices for row in readable]))]
    keys = _find_differing([row.config for row in readable])
    told = {key for choice in choices for key in keys if _is_told(key, choice, readable)}
    return choices + [Column("config", key) for key in sorted(keys - told)]


def _is_told(key: str, choice: Column, rows: Sequence[Row]) -> bool:
    """Tell whether a key of a group has one value, or is missing, for each option of it."""
    place = choice.key.partition("@")[2] or choice.key.replace("/", ".")
    if not key.startswith(f"{place}."):
        return False
    column = Column("config", key)
    return len({(repr(choice.read(row)), repr(column.read(row))) for row in rows}) == len(
        {repr(choice.read(row)) for row in rows}
    )


def _find_differing(mappings: Sequence[dict[str, Any]]) -> set[str]:
    if not mappings:
        return set()
    first = {key: (type(value), repr(value)) for key, value in mappings[0].items()}
    varying: set[str] = set()
    for mapping in mappings[1:]:
        if mapping.keys() != first.keys():
            varying |= mapping.keys() ^ first.keys()
        for key, value in mapping.items():
            if key not in varying and (type(value), repr(value)) != first[key]:
                varying.add(key)
    return varying


def find_results(rows: Sequence[Row], catalog: Catalog) -> list[Column]:
    """Return the results that some of the rows have, in the catalog's order, and the metrics that they logged."""
    held = {key for row in rows for key in row.results}
    results = [Column("results", key) for key in catalog.results if key in held]
    return results + [Column("metrics", name) for name in _find_metrics(rows) if name not in held]


def list_columns(rows: Sequence[Row], catalog: Catalog) -> list[Column]:
    """Return everything that is known of rows: facts, choices, config, results and the last values of metrics."""
    facts = [Column("fact", key) for key in FACTS]
    choices = [Column("choices", key) for key in catalog.choices]
    return [*facts, *choices, *(Column("config", key) for key in catalog.config), *find_results(rows, catalog)]


def _find_metrics(rows: Sequence[Row]) -> list[str]:
    """Return the names of what rows logged; none where reading all of it would be felt."""
    if len(rows) > _MANY_ROWS:
        return []
    sizes = list(map(_measure_metrics, rows))
    if sum(sizes) > _MANY_BYTES:
        return []
    logging = [row for row, size in zip(rows, sizes, strict=True) if size]
    return list(dict.fromkeys(name for row in logging for name in row.metric_names))


def _measure_metrics(row: Row) -> int:
    return sum(map(_measure_file, list_metric_files(row.experiment.paths, row.experiment.record)))


def _measure_file(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
