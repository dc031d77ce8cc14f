"""Quasirandom samplers: points that fill a space more evenly than random ones, by SciPy's sequences."""

from collections.abc import Iterator
from typing import Any

from mag.errors import UsageError
from mag.plans.space import Grid, Point, Space


def sample_sobol(space: Space, seed: int) -> Iterator[Point]:
    """Yield points of a scrambled Sobol sequence, each once."""
    return _sample("Sobol", space, seed)


def sample_halton(space: Space, seed: int) -> Iterator[Point]:
    """Yield points of a scrambled Halton sequence, each once."""
    return _sample("Halton", space, seed)


def _sample(name: str, space: Space, seed: int) -> Iterator[Point]:
    engine = _make_engine(name, 1 + max(len(grid.dimensions) for grid in space.grids), seed)
    seen: set[tuple[int, ...]] = set()
    while len(seen) < space.size:
        first, *rest = engine.random(1)[0].tolist()
        number, grid = _choose_grid(space, first)
        indices = tuple(
            min(int(share * dimension.size), dimension.size - 1)
            for share, dimension in zip(rest, grid.dimensions, strict=False)
        )
        if (number, *indices) not in seen:
            seen.add((number, *indices))
            yield Point(grid, indices)


def _make_engine(name: str, dimensions: int, seed: int) -> Any:
    try:
        from scipy.stats import qmc  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise UsageError(
            f"--sampler {name.lower()} needs SciPy, which is not installed: type pip install 'mag-sweep[tune]'."
        ) from error
    return getattr(qmc, name)(dimensions, scramble=True, rng=seed % 2**64)


def _choose_grid(space: Space, share: float) -> tuple[int, Grid]:
    """Return the grid that a share of all points falls into, with its number."""
    place = min(int(share * space.size), space.size - 1)
    for number, grid in enumerate(space.grids):
        if place < grid.size:
            return number, grid
        place -= grid.size
    raise AssertionError(share)
