"""The grid: every combination once."""

import itertools
from collections.abc import Iterator
from typing import Any

from mag.sweeps.space import Space


def sample_grid(space: Space) -> Iterator[tuple[Any, ...]]:
    """Yield every point of the space, in order of first appearance, the last dimension fastest."""
    return itertools.product(*(dimension.values for dimension in space.dimensions))
