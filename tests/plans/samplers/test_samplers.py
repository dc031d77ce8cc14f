"""The contract of samplers: one test for all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.composition.composer import Composer
from mag.config.language.grammar import parse_overrides
from mag.plans.grids import build_grid
from mag.plans.samplers import SAMPLERS
from mag.plans.space import Space


def space_of(*sizes: int) -> Space:
    """Return a space of two grids of so many values of each key."""
    texts = [f"+k{number}=range({size})" for number, size in enumerate(sizes)]
    return Space([build_grid(parse_overrides(texts), Composer(None, None)) for _ in range(2)])


@pytest.mark.parametrize("name", SAMPLERS)
@given(sizes=st.lists(st.integers(1, 4), max_size=3), seed=st.integers())
def test_every_point_once(name: str, sizes: list[int], seed: int) -> None:
    """A sampler yields every point of the space exactly once, and the same ones in the same order for the same seed."""
    space = space_of(*sizes)
    points = list(SAMPLERS[name](space, seed))
    assert len(points) == space.size
    assert set(points) == set(space)
    assert points == list(SAMPLERS[name](space, seed))


@pytest.mark.parametrize("name", SAMPLERS)
def test_nothing_is_enumerated(name: str) -> None:
    """The first points of a space without end come at once."""
    points = SAMPLERS[name](space_of(*[1000] * 10), 0)
    assert next(points) != next(points)
