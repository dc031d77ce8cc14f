"""The experiments of a store, as programs and notebooks see them."""

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from mag.compare.columns import Catalog, Column, collect_columns, find_results, find_varying, list_columns
from mag.compare.filters import apply_filters
from mag.compare.frames import make_pandas, make_polars
from mag.compare.rows import MISSING, Row, format_numbers, read_rows
from mag.compare.summary import group_rows
from mag.compare.table import Table, build_table, sort_naturally, sort_rows
from mag.errors import NotFoundError
from mag.record import store as stores
from mag.record.store import StoredExperiment

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_SHOWN = 20


class Experiments:
    """The experiments under a root directory, or some of them; `mag.Store` is this class.

    Making one touches no file. Each use of a whole store reads it as it is then; what `filter` returns stays as it was
    read. Reading runs no code and resolves nothing.

    Args:
        root: The directory.

    Example:
        >>> store = Store("experiments")
        >>> for experiment in store.filter("accuracy>0.9", "model=cnn"):  # doctest: +SKIP
        ...     print(experiment.name, experiment.config["lr"], experiment.results["accuracy"])
    """

    def __init__(self, root: str | Path = "experiments") -> None:
        self._store = stores.Store(root)
        self._rows: list[Row] | None = None
        self._catalog: Catalog | None = None

    @property
    def root(self) -> Path:
        """The directory."""
        return Path(self._store.paths.root)

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})" if self._rows is None else f"<{len(self._rows)} experiments of {self.root}>"

    def __iter__(self) -> Iterator[StoredExperiment]:
        """Yield every experiment, in natural order.

        Raises:
            NotFoundError: There is no such directory.
        """
        return (row.experiment for row in self._read())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._read())

    @overload
    def __getitem__(self, key: int | str) -> StoredExperiment: ...
    @overload
    def __getitem__(self, key: slice) -> "Experiments": ...
    def __getitem__(self, key: int | str | slice) -> "StoredExperiment | Experiments":
        """Return the experiment of a place, name or identity, or those of a slice.

        Raises:
            NotFoundError: None answers to the name.
            IndexError: There are fewer.
        """
        if isinstance(key, str):
            return self.find(key)
        rows = self._read()
        return self._take(rows[key]) if isinstance(key, slice) else rows[key].experiment

    def find(self, reference: str) -> StoredExperiment:
        """Return the experiment that a path, a name or the beginning of an identity means.

        Args:
            reference: Such as `10|0.01` or `3a7013`.

        Raises:
            NotFoundError: None answers to it, or several do.
        """
        found = self._store.find(reference)
        if self._rows is not None and found.name not in {row.experiment.name for row in self._rows}:
            raise NotFoundError(f"Experiment {reference!r} is in {self.root}, but not among these {len(self)}.")
        return found

    def filter(self, *conditions: "str | Callable[[StoredExperiment], bool]") -> "Experiments":
        """Return the experiments that meet all conditions.

        Args:
            conditions: In the language of `mag ls`, `"accuracy>0.9"`, or functions of an experiment.

        Raises:
            UsageError: A condition cannot be read, or a key is unknown.
        """
        rows, catalog = self._read(), self._collect()
        for condition in conditions:
            if isinstance(condition, str):
                rows = apply_filters(rows, [condition], catalog)
            else:
                rows = [row for row in rows if condition(row.experiment)]
        return self._take(rows)

    def sort(self, *keys: str) -> "Experiments":
        """Return the experiments sorted by keys, `-accuracy` from the highest; numbers first, in both directions."""
        catalog = self._collect()
        named = [(catalog.find(key.removeprefix("-")), key.startswith("-")) for key in keys]
        return self._take(sort_rows(self._read(), named))

    def groups(self, *keys: str) -> "dict[Any, Experiments]":
        """Return the experiments by their values of some keys: a value for one key, a tuple for several."""
        columns = [self._collect().find(key) for key in keys]
        found = group_rows(self._read(), columns)
        return {(_name(group.values)): self._take(list(group.rows)) for group in found}

    def metrics(self, *names: str) -> list[dict[str, Any]]:
        """Return what was logged with `log_metrics`, one dict for each step of each experiment.

        Args:
            names: Which metrics; all if none is named.

        Returns:
            Dicts with `name` (the experiment's), `step` and the metrics; what a step lacks is None.
        """
        return [line for row in self._read() for line in _list_steps(row, names)]

    def to_pandas(self) -> "pd.DataFrame":
        """Return a pandas frame with a row for each experiment and typed columns; needs pandas."""
        return make_pandas(self._tabulate())

    def to_polars(self) -> "pl.DataFrame":
        """Return a polars frame with a row for each experiment and typed columns; needs polars."""
        return make_polars(self._tabulate())

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return a dict for each experiment, the keys being those of the frames; what one lacks is None."""
        table = self._tabulate()
        return [dict(zip(table.headers, map(_drop_missing, row), strict=True)) for row in table.rows]

    def _repr_html_(self) -> str:
        rows = self._read()
        columns = [Column("fact", "name"), Column("fact", "status"), *find_varying(rows)]
        table = build_table(rows[:_SHOWN], [*columns, *find_results(rows, self._collect())], self._collect())
        more = f"<p>and {len(rows) - _SHOWN} more</p>" if len(rows) > _SHOWN else ""
        return format_html(table) + more

    def _tabulate(self) -> Table:
        rows, catalog = self._read(), self._collect()
        return build_table(rows, list_columns(rows, catalog), catalog)

    def _read(self) -> list[Row]:
        if self._rows is not None:
            return self._rows
        if not self.root.is_dir():
            raise NotFoundError(
                f"There is no directory {str(self.root)!r} (in {Path.cwd()}): pass the path of the experiments."
            )
        rows = read_rows(self._store)
        return sort_naturally(rows, find_varying(rows))

    def _collect(self) -> Catalog:
        return self._catalog or collect_columns(self._read())

    def _take(self, rows: Iterable[Row]) -> "Experiments":
        taken = Experiments(self.root)
        taken._rows = list(rows)
        taken._catalog = self._collect()
        return taken


def _name(values: tuple[Any, ...]) -> Any:
    known = tuple(_freeze(_drop_missing(value)) for value in values)
    return known[0] if len(known) == 1 else known


def _freeze(value: Any) -> Any:
    return repr(value) if isinstance(value, list | dict) else value


def _drop_missing(value: Any) -> Any:
    return None if value is MISSING else value


def _list_steps(row: Row, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    curves = {name: curve for name, curve in row.curves.items() if not names or name in names}
    lines: dict[float, dict[str, Any]] = {}
    for name, curve in curves.items():
        for step, value in zip(curve.steps, curve.values, strict=True):
            empty = {"name": row.experiment.name, "step": step, **dict.fromkeys(curves)}
            lines.setdefault(step, empty)[name] = value
    return (lines[step] for step in sorted(lines))


def format_html(table: Table) -> str:
    """Return a table as HTML; what experiments hold is text in it, never markup."""
    columns = [format_numbers([row[index] for row in table.rows]) for index in range(len(table.headers))]
    head = "".join(f"<th>{html.escape(header)}</th>" for header in table.headers)
    lines = zip(*columns, strict=True) if columns else iter(())
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


Store = Experiments
