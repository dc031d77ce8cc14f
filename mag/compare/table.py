"""The table: rows of experiments under columns, rectangular by construction, in an order that makes sense."""

import dataclasses
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from mag.compare.columns import Catalog, Column
from mag.compare.rows import MISSING, Row, format_value, is_number
from mag.patterns import compile_lazily

T = TypeVar("T")

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
    """Return the rows sorted by columns, each from the highest or not; equal ones keep their order."""
    ordered = list(rows)
    for column, descending in reversed(keys):
        ordered = order(ordered, column.read, descending=descending)
    return ordered


def sort_table(table: Table, keys: Sequence[tuple[int, bool]]) -> Table:
    """Return a table with its rows sorted by columns, by index, each from the highest or not."""
    ordered = list(table.rows)
    for index, descending in reversed(keys):
        ordered = order(ordered, operator.itemgetter(index), descending=descending)
    return dataclasses.replace(table, rows=tuple(ordered))


def order(items: Iterable[T], read: Callable[[T], Any], *, descending: bool) -> list[T]:
    """Return items sorted by a value of each: numbers first, in both directions, then texts, null, NaN, and none."""
    kinds: dict[int, list[tuple[tuple[Any, ...], T]]] = {}
    for item in items:
        ranked = rank(read(item))
        kinds.setdefault(ranked[0], []).append((ranked, item))
    for found in kinds.values():
        found.sort(key=operator.itemgetter(0), reverse=descending)
    return [item for kind in sorted(kinds) for _, item in kinds[kind]]


def sort_naturally(rows: Iterable[Row], varying: Sequence[Column]) -> list[Row]:
    """Return the rows in the order of the config keys in which they differ, then of their names."""
    return sort_rows(rows, [(column, False) for column in (*varying, Column("fact", "name"))])


def rank(value: Any) -> tuple[Any, ...]:
    """Return the sort key of any value: numbers first, then texts, with the numbers in them as numbers.

    >>> sorted(["b10", 2, "b9", MISSING, 1.5, None, True], key=rank)
    [1.5, 2, True, 'b9', 'b10', None, <Missing.MISSING: 'missing'>]
    """
    if value is MISSING or (isinstance(value, float) and math.isnan(value)):
        return (5,) if value is MISSING else (4,)
    if is_number(value):
        return (0, value)
    if isinstance(value, bool):
        return (1, value)
    if value is None:
        return (3,)
    parts = _NUMBER.split(format_value(value))
    return (2, tuple((0, float(part), part) if index % 2 else (1, part) for index, part in enumerate(parts)))
