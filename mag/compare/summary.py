"""The summary: results side by side, over groups, the best of them, and as a grid of two keys."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

from mag.compare.columns import Catalog, Column, find_results
from mag.compare.rows import MISSING, Row, format_value, is_number
from mag.compare.table import Table, rank


@dataclasses.dataclass(frozen=True, slots=True)
class Statistic:
    """A result over several experiments.

    Attributes:
        mean: The arithmetic mean; NaN if one of the values is.
        sd: The standard deviation of the sample; `MISSING` for a single value.
        n: How many experiments have the result.
    """

    mean: float
    sd: Any
    n: int


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """The experiments that have the same values of some keys.

    Attributes:
        values: These values, in the order of the keys.
        rows: The experiments.
    """

    values: tuple[Any, ...]
    rows: tuple[Row, ...]


def group_rows(rows: Iterable[Row], columns: Sequence[Column]) -> list[Group]:
    """Return the groups of rows that agree in all columns, sorted by the values there."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(repr(column.read(row)) for column in columns), []).append(row)
    found = [Group(tuple(column.read(members[0]) for column in columns), tuple(members)) for members in groups.values()]
    return sorted(found, key=lambda group: [rank(value) for value in group.values])


def compute_statistic(rows: Iterable[Row], metric: Column) -> Statistic | None:
    """Return mean, standard deviation and number of a metric's values; true counts as 1 and false as 0."""
    read = [metric.read(row) for row in rows]
    numbers = [_to_float(value) for value in read if is_number(value) or isinstance(value, bool)]
    if not numbers:
        return None
    mean = _add(numbers) / len(numbers)
    if len(numbers) == 1:
        return Statistic(mean, MISSING, 1)
    squares = _add([(number - mean) * (number - mean) for number in numbers])
    return Statistic(mean, math.sqrt(squares / (len(numbers) - 1)), len(numbers))


def _to_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond the largest float
        return math.inf if value > 0 else -math.inf


def _add(numbers: Sequence[float]) -> float:
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):  # beyond the largest float, or infinities of both signs
        return sum(numbers)


def find_metrics(rows: Iterable[Row], catalog: Catalog) -> list[Column]:
    """Return the results and metrics that are numbers, or true and false, in some of the rows."""
    known = list(rows)
    return [column for column in find_results(known, catalog) if any(_is_numeric(column.read(row)) for row in known)]


def _is_numeric(value: Any) -> bool:
    return is_number(value) or isinstance(value, bool)


def find_best(rows: Iterable[Row], metric: Column, *, lowest: bool = False) -> list[Row]:
    """Return the rows with the highest value of a metric: one, several that are equally good, or none has a number."""
    scored = [(value, row) for row in rows if is_number(value := metric.read(row)) and value == value]  # noqa: PLR0124  (NaN)
    if not scored:
        return []
    best = (min if lowest else max)(value for value, _ in scored)
    return [row for value, row in scored if value == best]


def tabulate_groups(
    groups: Sequence[Group], columns: Sequence[Column], metrics: Sequence[Column], catalog: Catalog
) -> Table:
    """Return a table with a row for each group: its values, how many, and mean and sd of each metric.

    A metric that some experiments of a group lack gets a column that tells how many have it.
    """
    statistics = [[compute_statistic(group.rows, metric) for metric in metrics] for group in groups]
    headers = [catalog.label(column) for column in columns] + ["n"]
    cells: list[list[Any]] = [[*group.values, len(group.rows)] for group in groups]
    for index, metric in enumerate(metrics):
        name, column = catalog.label(metric), [of_group[index] for of_group in statistics]
        headers += [name, f"{name} sd"]
        for row, found in zip(cells, column, strict=True):
            row.extend([found.mean, found.sd] if found else [MISSING, MISSING])
        if any((found.n if found else 0) != len(group.rows) for found, group in zip(column, groups, strict=True)):
            headers.append(f"{name} n")
            for row, found in zip(cells, column, strict=True):
                row.append(found.n if found else 0)
    return Table(tuple(headers), tuple(map(tuple, cells)))


def pivot_rows(rows: Sequence[Row], metric: Column, down: Column, across: Column, catalog: Catalog) -> Table:
    """Return a grid: the mean of a metric for each value of one key (down) and of another (across)."""
    heads = [group.values[0] for group in group_rows(rows, [across])]
    lines = []
    for line in group_rows(rows, [down]):
        cells = {
            repr(group.values[0]): compute_statistic(group.rows, metric) for group in group_rows(line.rows, [across])
        }
        found = [cells.get(repr(head)) for head in heads]
        lines.append((line.values[0], *(one.mean if one else MISSING for one in found)))
    labels = [f"{catalog.label(across)}={_name(head)}" for head in heads]
    return Table((catalog.label(down), *labels), tuple(lines))


def _name(value: Any) -> str:
    return format_value(value) or "(none)"
