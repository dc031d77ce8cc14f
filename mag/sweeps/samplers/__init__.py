"""Samplers: a space in, points out, as one function type.

Every sampler is listed in `SAMPLERS`. A point is a tuple with one value for each dimension of the space.
"""

from collections.abc import Callable, Iterator
from typing import Any

from mag.sweeps.samplers.grid import sample_grid
from mag.sweeps.space import Space

Sampler = Callable[[Space], Iterator[tuple[Any, ...]]]

SAMPLERS: dict[str, Sampler] = {"grid": sample_grid}
