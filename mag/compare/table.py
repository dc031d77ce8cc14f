"""The table: rows of experiments under columns, rectangular by construction, in an order that makes sense."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

from mag.compare.columns import Catalog, Column
from mag.compare.rows import MISSING, Row, format_value, is_number
from mag.patterns import compile_lazily

_NUMBER = compile_lazily(r"(\d+(?:\.\d+)?(?:e[-+]?\d+)?)")


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Cells under headers.

    Attributes:
        headers: What the columns are called.
        rows: The cells, as many in each row as there are headers.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.headers) for row in self.rows):
            raise ValueError("every row of a table has a cell for every header")


def build_table(rows: Iterable[Row], columns: Sequence[Column], catalog: Catalog) -> Table:
    """Return the table of rows under columns."""
    headers = tuple(catalog.label(column) for column in columns)
    return Table(headers, tuple(tuple(column.read(row) for column in columns) for row in rows))


def sort_rows(rows: Iterable[Row], keys: Sequence[tuple[Column, bool]]) -> list[Row]:
    """Return the rows sorted by one column after the other; equal ones keep their order."""
    ordered = list(rows)
    for column, descending in reversed(keys):
        keyed = [(rank(column.read(row)), row) for row in ordered]
        present = [pair for pair in keyed if pair[0] < _ABSENT]
        absent = [row for key, row in keyed if key >= _ABSENT]
        present.sort(key=lambda pair: pair[0], reverse=descending)
        ordered = [row for _, row in present] + absent
    return ordered


def sort_naturally(rows: Iterable[Row], varying: Sequence[Column]) -> list[Row]:
    """Return the rows in the order of the config keys in which they differ, then of their names."""
    return sort_rows(rows, [(column, False) for column in (*varying, Column("fact", "name"))])


def rank(value: Any) -> tuple[Any, ...]:
    """Return what sorts values of all kinds: numbers, then the rest as text in which numbers count as numbers.

    >>> sorted(["b10", 2, "b9", MISSING, 1.5, None, True], key=rank)
    [1.5, 2, True, 'b9', 'b10', None, <Missing.MISSING: 'missing'>]
    """
    if value is MISSING or (isinstance(value, float) and math.isnan(value)):
        return (*_ABSENT, value is MISSING)
    if is_number(value):
        return (0, value)
    if isinstance(value, bool):
        return (1, value)
    if value is None:
        return (3,)
    parts = _NUMBER.split(format_value(value))
    return (2, tuple((0, float(part), part) if index % 2 else (1, part) for index, part in enumerate(parts)))


_ABSENT = (4,)
