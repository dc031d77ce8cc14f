"""Samplers: a space in, points out, as one function type.

A sampler takes a space and a seed and yields every point of the space once, each when it is asked for: the first ones
are taken until enough of them pass the filters. Every sampler is listed in `SAMPLERS`.
"""

from collections.abc import Callable, Iterator

from mag.plans.samplers.grid import sample_grid, sample_shuffled
from mag.plans.space import Point, Space

Sampler = Callable[[Space, int], Iterator[Point]]

SAMPLERS: dict[str, Sampler] = {"grid": sample_grid, "shuffled": sample_shuffled}
