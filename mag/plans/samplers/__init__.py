"""Samplers: a space in, points out, as one function type.

A sampler takes a space and a seed and yields points of the space, each once and when it is asked for: the first ones
are taken until enough of them pass the filters. The first points of a long draw are those of a short one. Every sampler
is listed in `SAMPLERS`.
"""

from collections.abc import Callable, Iterator

from mag.plans.samplers.grid import sample_grid, sample_shuffled
from mag.plans.samplers.quasirandom import sample_halton, sample_sobol
from mag.plans.space import Point, Space

Sampler = Callable[[Space, int], Iterator[Point]]

SAMPLERS: dict[str, Sampler] = {
    "grid": sample_grid,
    "random": sample_shuffled,
    "sobol": sample_sobol,
    "halton": sample_halton,
}
