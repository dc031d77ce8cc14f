"""The space that the overrides of a sweep span, before anything is composed."""

import itertools
import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from mag.config.conditions.reader import Find
from mag.config.language.override import Override

_KEPT_VALUES = 4096


class Filter(NamedTuple):
    """What a point must fulfil to be run.

    Attributes:
        text: How it was asked for, `--where 'C > 1'`.
        keys: The keys that it looks at.
        keeps: Tells whether a point stays, given a function that finds its values.
    """

    text: str
    keys: tuple[str, ...]
    keeps: Callable[[Find], bool]


class Dimension(NamedTuple):
    """One override that was given several values, or several of them that advance together.

    Attributes:
        places: Where they stand among the overrides of the grid.
        overrides: As they were typed.
        columns: The values of each; all of one length.
        chooses: Whether one of them chooses an option of a group.
    """

    places: tuple[int, ...]
    overrides: tuple[Override, ...]
    columns: tuple[Sequence[Any], ...]
    chooses: bool = False

    @property
    def size(self) -> int:
        """The number of its values."""
        return len(self.columns[0])

    def assign(self, index: int) -> Iterator[tuple[int, Override]]:
        """Yield its overrides with the values at an index, each after its place."""
        for place, override, values in zip(self.places, self.overrides, self.columns, strict=True):
            yield place, override.with_value(values[index]) if override.is_sweep else override


class Point(NamedTuple):
    """One assignment in a grid.

    Attributes:
        grid: The grid.
        indices: For each of its dimensions, which of its values is taken.
    """

    grid: "Grid"
    indices: tuple[int, ...]

    def assign(self) -> list[Override]:
        """Return the overrides of this point: every dimension has one value."""
        assigned = list(self.grid.overrides)
        for number, index in enumerate(self.indices):
            for place, override in self.grid.take(number, index):
                assigned[place] = override
        return assigned


class Grid:
    """A product: every combination of its dimensions. It equals itself alone.

    Attributes:
        size: The number of its points, however large.
        choosing: The numbers of the dimensions that choose options of groups.
    """

    __slots__ = ("_taken", "choosing", "dimensions", "filters", "origin", "overrides", "size")

    def __init__(
        self,
        overrides: Sequence[Override],
        dimensions: Sequence[Dimension],
        filters: Sequence[Filter] = (),
        origin: str = "",
    ) -> None:
        self.overrides = tuple(overrides)
        self.dimensions = tuple(dimensions)
        self.filters = tuple(filters)
        self.origin = origin
        self.size = math.prod(dimension.size for dimension in dimensions)
        self.choosing = tuple(number for number, dimension in enumerate(dimensions) if dimension.chooses)
        self._taken: dict[tuple[int, int], list[tuple[int, Override]]] = {}

    def __iter__(self) -> Iterator[Point]:
        for indices in itertools.product(*(range(dimension.size) for dimension in self.dimensions)):
            yield Point(self, indices)

    def take(self, number: int, index: int) -> list[tuple[int, Override]]:
        """Return the overrides that one value of a dimension makes, each after its place among those of the grid."""
        taken = self._taken.get((number, index))
        if taken is None:
            if len(self._taken) >= _KEPT_VALUES:
                self._taken.clear()
            taken = self._taken[number, index] = list(self.dimensions[number].assign(index))
        return taken

    def corners(self) -> Iterator[Point]:
        """Yield one point for each choice of options, the first of those that choose so."""
        sizes = (dimension.size if dimension.chooses else 1 for dimension in self.dimensions)
        return (Point(self, indices) for indices in itertools.product(*map(range, sizes)))

    def locate(self, index: int) -> Point:
        """Return the point at a place in the order of iteration, without running through those before it."""
        indices: list[int] = []
        for dimension in reversed(self.dimensions):
            index, digit = divmod(index, dimension.size)
            indices.append(digit)
        return Point(self, tuple(reversed(indices)))


class Space:
    """A union of grids; of its points `sample` says how many to run.

    Attributes:
        size: The number of points of all grids, however large; a point of two grids counts twice.
        sampler: Which of `SAMPLERS` says in which order they come.
    """

    def __init__(
        self, grids: Sequence[Grid], sample: int | None = None, seed: int = 0, sampler: str | None = None
    ) -> None:
        self.grids = tuple(grids)
        self.sampler = sampler or ("grid" if sample is None else "random")
        self.sample = sample
        self.seed = seed
        self._starts = tuple(itertools.accumulate((grid.size for grid in grids), initial=0))
        self.size = self._starts[-1]

    def __iter__(self) -> Iterator[Point]:
        return itertools.chain.from_iterable(self.grids)

    def locate(self, index: int) -> Point:
        """Return the point at a place in the order of iteration, without running through those before it."""
        number = bisect_right(self._starts, index) - 1
        return self.grids[number].locate(index - self._starts[number])


def name_key(override: Override) -> str:
    """Return the key of an override with its package, if it has one: `model.C`, `db@backup`."""
    return override.key if override.package is None else f"{override.key}@{override.package}"
