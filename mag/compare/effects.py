"""Effects: how much of a result's variance each key accounts for, alone and in pairs."""

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from mag.compare.columns import Column
from mag.compare.rows import MISSING, Row, is_number
from mag.compare.summary import to_number

_MOST_LEVELS = 12
"""A number with more values than this, as a random search has, is cut into ranges."""
_RANGES = 4
_MOST_KEYS = 12
_TINY = 1e-12


@dataclasses.dataclass(frozen=True, slots=True)
class Effect:
    """What one key, or two together beyond what each does alone, do to a result.

    Attributes:
        columns: The keys.
        levels: How many values, or pairs of values, there are.
        share: The share of the variance that it accounts for, from 0 to 1.
        chance: The share that it would have on average if it did nothing.
    """

    columns: tuple[Column, ...]
    levels: int
    share: float
    chance: float


@dataclasses.dataclass(frozen=True, slots=True)
class Decomposition:
    """The variance of a result, taken apart.

    Attributes:
        effects: Of each key and each pair, the largest share first; single keys before pairs.
        rest: The share that none of them accounts for; None where shares overlap.
        count: How many experiments it is of.
        warnings: What the data cannot say.
        cut: The keys whose values are grouped into ranges.
    """

    effects: tuple[Effect, ...]
    rest: float | None
    count: int
    warnings: tuple[str, ...]
    cut: tuple[Column, ...]


def decompose(rows: Sequence[Row], metric: Column, columns: Sequence[Column]) -> Decomposition:
    """Return how much keys account for a metric's variance: sums of squares between groups, over the total one.

    Where all combinations were tried equally often these are the shares of an analysis of variance. Where not, shares
    overlap, and a warning says so.

    Args:
        rows: The experiments; those without a finite number are left out.
        metric: What is explained.
        columns: By which keys; at most twelve count.
    """
    scored = [(row, value) for row in rows if (value := to_number(metric.read(row))) is not None]
    scored = [(row, value) for row, value in scored if math.isfinite(value)]
    values = [value for _, value in scored]
    read = {column: [column.read(row) for row, _ in scored] for column in columns[:_MOST_KEYS]}
    cut = tuple(column for column, found in read.items() if _is_continuous(found))
    labels = {column: _cut(found) if column in cut else list(map(repr, found)) for column, found in read.items()}
    labels = {column: found for column, found in labels.items() if 1 < len(set(found)) < len(values)}
    total = _sum_squares(values)
    overlaps = list(_find_overlaps(labels, len(values)))
    warnings = [*_warn(overlaps), *_warn_dropped(columns, labels, read)]
    if len(values) < 3 or total <= _TINY * max((value * value for value in values), default=0):  # noqa: PLR2004
        return Decomposition((), None, len(values), ("the values are all alike, or fewer than three",), cut)
    effects = _find_effects(labels, values, total)
    rest = None if overlaps else max(0.0, 1 - math.fsum(effect.share for effect in effects))
    return Decomposition(effects, rest, len(values), tuple(warnings), cut)


def _find_effects(labels: dict[Column, list[str]], values: Sequence[float], total: float) -> tuple[Effect, ...]:
    between = {column: _sum_between(found, values) for column, found in labels.items()}
    counts = {column: len(set(found)) for column, found in labels.items()}
    mains = [Effect((c,), counts[c], s / total, (counts[c] - 1) / (len(values) - 1)) for c, s in between.items()]
    pairs = []
    for one, other in itertools.combinations(labels, 2):
        cells = list(zip(labels[one], labels[other], strict=True))
        number = len(set(cells))
        if number == len(values):  # a cell for each experiment: nothing is left to compare it with
            continue
        share = max(0.0, (_sum_between(cells, values) - between[one] - between[other]) / total)
        freedom = max(0, number - counts[one] - counts[other] + 1)
        pairs.append(Effect((one, other), number, share, freedom / (len(values) - 1)))
    return tuple(sorted(mains, key=_rank) + sorted(pairs, key=_rank))


def _rank(effect: Effect) -> float:
    return -effect.share


def _sum_squares(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values) if values else 0.0
    return math.fsum((value - mean) ** 2 for value in values)


def _sum_between(labels: Iterable[Any], values: Sequence[float]) -> float:
    """Return the sum of squares between groups: of the means of groups around the mean of all."""
    sums: dict[Any, float] = {}
    counts: dict[Any, int] = {}
    mean = math.fsum(values) / len(values)
    for label, value in zip(labels, values, strict=True):
        sums[label] = sums.get(label, 0.0) + value - mean
        counts[label] = counts.get(label, 0) + 1
    return math.fsum(sums[label] ** 2 / counts[label] for label in sums)


def _is_continuous(values: Sequence[Any]) -> bool:
    return len(set(map(repr, values))) > max(_MOST_LEVELS, len(values) // 10) and all(map(is_number, values))


def _cut(values: Sequence[float]) -> list[str]:
    """Return which of four equally filled ranges each number lies in."""
    ordered = sorted(values)
    edges = [ordered[len(ordered) * index // _RANGES] for index in range(1, _RANGES)]
    return [str(sum(value >= edge for edge in edges)) for value in values]


def _find_overlaps(labels: dict[Column, list[str]], count: int) -> Iterable[tuple[Column, Column]]:
    """Yield pairs of keys whose combinations were not all tried equally often, so their effects mix."""
    for one, other in itertools.combinations(labels, 2):
        single = [Counter(labels[column]) for column in (one, other)]
        cells = Counter(zip(labels[one], labels[other], strict=True))
        expected = {(a, b): single[0][a] * single[1][b] / count for a in single[0] for b in single[1]}
        if any(abs(cells.get(cell, 0) - number) > _TINY * count for cell, number in expected.items()):
            yield one, other


def _warn(overlaps: Sequence[tuple[Column, Column]]) -> Iterable[str]:
    if overlaps:
        pairs = ", ".join(f"{one.key} and {other.key}" for one, other in overlaps)
        yield f"not all combinations of {pairs} were tried equally often, so that their shares overlap"


def _warn_dropped(
    columns: Sequence[Column], labels: dict[Column, list[str]], read: dict[Column, list[Any]]
) -> Iterable[str]:
    for column, found in read.items():
        if column not in labels and len(set(map(repr, found))) > 1:
            yield f"{column.key} has a different value in each experiment, so its effect cannot be told"
    if len(columns) > _MOST_KEYS:
        yield f"only the first {_MOST_KEYS} of {len(columns)} keys that differ are looked at: name others with --by"
    if any(value is MISSING for found in read.values() for value in found):
        yield "some experiments lack some of the keys: a missing key counts as a value"
