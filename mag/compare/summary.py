"""The summary: results side by side, over groups, the best of them, and as a grid of two keys."""

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

from mag.compare.columns import Catalog, Column, find_results
from mag.compare.intervals import Comparison, compare_means, find_quantile
from mag.compare.rows import MISSING, Row, format_value, is_number
from mag.compare.table import Table, rank

_MOST_COMBINATIONS = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class Statistic:
    """A result over several experiments.

    Attributes:
        mean: The arithmetic mean; NaN if one of the values is.
        sd: The standard deviation of the sample; `MISSING` for a single value.
        n: How many experiments have the result.
        margin: Half of the 95 % interval of the mean, by Student's t; `MISSING` for a single value.
    """

    mean: float
    sd: Any
    n: int
    margin: Any = MISSING


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
    """Return mean, standard deviation, number and interval of a metric's values; true counts as 1 and false as 0."""
    numbers = [number for row in rows if (number := to_number(metric.read(row))) is not None]
    if not numbers:
        return None
    mean = _add(numbers) / len(numbers)
    if len(numbers) == 1:
        return Statistic(mean, MISSING, 1)
    squares = _add([(number - mean) * (number - mean) for number in numbers])
    sd = math.sqrt(squares / (len(numbers) - 1))
    return Statistic(mean, sd, len(numbers), _find_factor(len(numbers) - 1) * sd / math.sqrt(len(numbers)))


@functools.lru_cache(maxsize=1024)
def _find_factor(freedom: int) -> float:
    return find_quantile(0.975, freedom)


def to_number(value: Any) -> float | None:
    """Return a value as a float, true as 1 and false as 0; None where it is no number."""
    return _to_float(value) if is_number(value) or isinstance(value, bool) else None


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
    """Return a table with a row for each group: its values, how many, and mean, sd and interval of each metric.

    Experiments that did not complete are counted apart, where there are any. A metric that some completed ones of a
    group lack gets a column that tells how many have it.
    """
    completed = [[row for row in group.rows if row.experiment.status == "completed"] for group in groups]
    failed = [len(group.rows) - len(rows) for group, rows in zip(groups, completed, strict=True)]
    headers = [catalog.label(column) for column in columns] + ["n"] + ["failed"] * any(failed)
    cells: list[list[Any]] = [
        [*group.values, len(rows), *[count] * any(failed)]
        for group, rows, count in zip(groups, completed, failed, strict=True)
    ]
    for metric in metrics:
        name, found = catalog.label(metric), [compute_statistic(rows, metric) for rows in completed]
        several = any(one and one.n > 1 for one in found)
        lacking = any((one.n if one else 0) != len(rows) for one, rows in zip(found, completed, strict=True))
        headers += [name, *([f"{name} sd", f"{name} ±95%"] if several else []), *[f"{name} n"] * lacking]
        for row, one in zip(cells, found, strict=True):
            row.append(one.mean if one else MISSING)
            row.extend([one.sd, one.margin] if one and several else [MISSING, MISSING] if several else [])
            row.extend([one.n if one else 0] * lacking)
    return Table(tuple(headers), tuple(map(tuple, cells)))


@dataclasses.dataclass(frozen=True, slots=True)
class Contender:
    """A setting among those that were compared.

    Attributes:
        rank: 1 for the best, 2 for the runner-up.
        group: Its experiments.
        statistic: The metric over them.
    """

    rank: int
    group: Group
    statistic: Statistic


def rank_settings(
    rows: Sequence[Row], metric: Column, columns: Sequence[Column], *, lowest: bool = False
) -> list[Contender]:
    """Return the settings, from the best mean to the worst; those without a number are left out.

    Args:
        rows: The experiments.
        metric: What decides.
        columns: The keys that make a setting; over all others the mean is taken.
        lowest: Whether the lowest mean is the best.
    """
    found = [(group, compute_statistic(group.rows, metric)) for group in group_rows(rows, columns)]
    known = [(group, one) for group, one in found if one is not None and not math.isnan(one.mean)]
    known.sort(key=lambda pair: pair[1].mean if lowest else -pair[1].mean)
    return [Contender(rank, group, one) for rank, (group, one) in enumerate(known, start=1)]


def compare_contenders(one: Contender, other: Contender) -> Comparison:
    """Return whether the means of two settings differ by more than noise."""
    pair = [
        (p.statistic.mean, None if p.statistic.sd is MISSING else p.statistic.sd, p.statistic.n) for p in (one, other)
    ]
    return compare_means(pair[0], pair[1])


@dataclasses.dataclass(frozen=True, slots=True)
class Variation:
    """A key that is not the same throughout some groups.

    Attributes:
        column: The key.
        groups: In how many groups it varies.
    """

    column: Column
    groups: int


def find_variations(groups: Sequence[Group], varying: Sequence[Column], known: Sequence[Column]) -> list[Variation]:
    """Return the keys that vary within groups, those of most groups first.

    Args:
        groups: The groups.
        varying: The keys that vary at all.
        known: Those that the groups are made by, or that are meant to vary.
    """
    found = [
        Variation(column, sum(len({repr(column.read(row)) for row in group.rows}) > 1 for group in groups))
        for column in varying
        if column not in known
    ]
    return sorted((one for one in found if one.groups), key=lambda one: -one.groups)


def find_gaps(groups: Sequence[Group]) -> list[tuple[Any, ...]]:
    """Return the combinations of the values of groups that no group has."""
    heads = list(zip(*(group.values for group in groups), strict=True))
    options = [list({repr(value): value for value in values}.values()) for values in heads]
    if math.prod(map(len, options)) > _MOST_COMBINATIONS:
        return []
    had = {tuple(map(repr, group.values)) for group in groups}
    return [found for found in itertools.product(*options) if tuple(map(repr, found)) not in had]


@dataclasses.dataclass(frozen=True, slots=True)
class Pivot:
    """A metric for each value of one key (down) and of another (across).

    Attributes:
        down: The values of the first, and how the key is called.
        across: The values of the second, and how that is called.
        cells: What is known of each pair; None where nothing was tried.
        failed: How many experiments of each pair did not complete.
    """

    down: tuple[str, tuple[Any, ...]]
    across: tuple[str, tuple[Any, ...]]
    cells: tuple[tuple[Statistic | None, ...], ...]
    failed: tuple[tuple[int, ...], ...]


def pivot_rows(rows: Sequence[Row], metric: Column, down: Column, across: Column, catalog: Catalog) -> Pivot:
    """Return a grid of the means of a metric; experiments that did not complete are counted apart."""
    heads = [group.values[0] for group in group_rows(rows, [across])]
    lines = group_rows(rows, [down])
    cells, failed = [], []
    for line in lines:
        found = {repr(group.values[0]): group.rows for group in group_rows(line.rows, [across])}
        split = [_split_completed(found.get(repr(head), ())) for head in heads]
        cells.append(tuple(compute_statistic(completed, metric) for completed, _ in split))
        failed.append(tuple(count for _, count in split))
    names = tuple(line.values[0] for line in lines)
    return Pivot((catalog.label(down), names), (catalog.label(across), tuple(heads)), tuple(cells), tuple(failed))


def _split_completed(rows: Sequence[Row]) -> tuple[list[Row], int]:
    completed = [row for row in rows if row.experiment.status == "completed"]
    return completed, len(rows) - len(completed)


def tabulate_grid(grid: Pivot) -> Table:
    """Return a grid as a table of means."""
    labels = [f"{grid.across[0]}={format_value(head) or '(none)'}" for head in grid.across[1]]
    rows = (
        (name, *(one.mean if one else MISSING for one in cells))
        for name, cells in zip(grid.down[1], grid.cells, strict=True)
    )
    return Table((grid.down[0], *labels), tuple(rows))
