"""What every sampler must satisfy."""

from collections.abc import Iterator
from itertools import islice

import pytest

from mag.config.language.override import Choice, Interval, Override
from mag.plans.intervals import Draws
from mag.plans.samplers import SAMPLERS
from mag.plans.space import Dimension, Grid, Point, Space


def make_space(*sizes: int) -> Space:
    """Return a space of two grids: a product of choices, and one with an interval."""
    overrides = [Override(f"k{at}", "set", f"k{at}", sweep=Choice(tuple(range(size)))) for at, size in enumerate(sizes)]
    columns = [tuple(range(size)) for size in sizes]
    product = Grid(overrides, [Dimension((at,), (overrides[at],), (columns[at],)) for at in range(len(sizes))])
    wide = Override("x", "set", "x", sweep=Interval(0.0, 1.0))
    return Space([product, Grid([wide], [Dimension((0,), (wide,), (Draws(Interval(1, 3)),))])], sample=5)


def draw(name: str, space: Space, seed: int, count: int) -> list[tuple[int, tuple[int, ...]]]:
    """Return the first points of a sampler: the number of the grid, and the indices in it."""
    points: Iterator[Point] = islice(SAMPLERS[name](space, seed), count)
    return [(space.grids.index(point.grid), point.indices) for point in points]


@pytest.mark.parametrize("name", SAMPLERS)
def test_more_points_begin_with_the_same(name: str) -> None:
    """The first points of a long draw are those of a short one, and the same seed draws the same."""
    space = make_space(10, 10, 10)
    assert draw(name, space, 7, 20) == draw(name, space, 7, 50)[:20]


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "grid"])
def test_another_seed_is_another_draw(name: str) -> None:
    """Seeds matter."""
    space = make_space(10, 10, 10)
    assert draw(name, space, 1, 20) != draw(name, space, 2, 20)


@pytest.mark.parametrize("name", ["sobol", "halton"])
def test_sequences_fill_a_space_evenly(name: str) -> None:
    """Of 64 points each quarter of a dimension has 16, within two."""
    wide = Override("x", "set", "x", sweep=Interval(0.0, 1.0))
    space = Space([Grid([wide], [Dimension((0,), (wide,), (Draws(Interval(0.0, 1.0)),))])], sample=64)
    quarters = [indices[0] // 2500 for _, indices in draw(name, space, 0, 64)]
    assert all(abs(quarters.count(quarter) - 16) <= 2 for quarter in range(4))
