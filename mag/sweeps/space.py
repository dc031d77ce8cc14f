"""The space that the overrides of a sweep span, before anything is composed."""

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mag.config.override import Override
from mag.sweeps.filters import Filter


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """One override that was given several values, or several of them that advance together.

    Attributes:
        places: Where they stand among the overrides of the grid.
        overrides: As they were typed.
        columns: The values of each; all of one length.
        chooses: Whether one of them chooses an option of a group.
    """

    places: tuple[int, ...]
    overrides: tuple[Override, ...]
    columns: tuple[tuple[Any, ...], ...]
    chooses: bool = False

    def __len__(self) -> int:
        return len(self.columns[0])


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
        for dimension, index in zip(self.grid.dimensions, self.indices, strict=True):
            for place, override, values in zip(dimension.places, dimension.overrides, dimension.columns, strict=True):
                assigned[place] = override.with_value(values[index]) if override.is_sweep else override
        return assigned


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A product: every combination of its dimensions.

    Attributes:
        overrides: All overrides in the order in which they were typed.
        dimensions: Those with several values, in order of first appearance.
        filters: What a point of it must fulfil.
        origin: The part of a space file that it was read from; empty for the command line.
        choosing: The numbers of the dimensions that choose options of groups.
    """

    overrides: tuple[Override, ...]
    dimensions: tuple[Dimension, ...]
    filters: tuple[Filter, ...] = ()
    origin: str = ""
    choosing: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        choosing = tuple(number for number, dimension in enumerate(self.dimensions) if dimension.chooses)
        object.__setattr__(self, "choosing", choosing)

    @property
    def size(self) -> int:
        """The number of its points, however large."""
        return math.prod(map(len, self.dimensions))

    def __iter__(self) -> Iterator[Point]:
        for indices in itertools.product(*(range(len(dimension)) for dimension in self.dimensions)):
            yield Point(self, indices)

    def corners(self) -> Iterator[Point]:
        """Yield one point for each choice of options, the first of those that choose so."""
        lengths = (len(dimension) if dimension.chooses else 1 for dimension in self.dimensions)
        return (Point(self, indices) for indices in itertools.product(*map(range, lengths)))

    def locate(self, index: int) -> Point:
        """Return the point at a place in the order of iteration, without running through those before it.

        Args:
            index: From 0 to `size` - 1.
        """
        indices: list[int] = []
        for dimension in reversed(self.dimensions):
            index, digit = divmod(index, len(dimension))
            indices.append(digit)
        return Point(self, tuple(reversed(indices)))


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """A union of grids, of all of whose points as many as `sample` says are to be run.

    Attributes:
        grids: The grids, in order.
        sample: How many points are drawn at random; None for all.
        seed: What the draw depends on.
    """

    grids: tuple[Grid, ...]
    sample: int | None = None
    seed: int = 0
    _starts: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sizes = itertools.accumulate((grid.size for grid in self.grids), initial=0)
        object.__setattr__(self, "_starts", tuple(sizes))

    @property
    def size(self) -> int:
        """The number of points of all grids, however large; a point of two grids counts twice."""
        return self._starts[-1]

    def __iter__(self) -> Iterator[Point]:
        return itertools.chain.from_iterable(self.grids)

    def locate(self, index: int) -> Point:
        """Return the point at a place in the order of iteration, without running through those before it.

        Args:
            index: From 0 to `size` - 1.
        """
        number = bisect_right(self._starts, index) - 1
        return self.grids[number].locate(index - self._starts[number])
