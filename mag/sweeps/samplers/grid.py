"""The grid: every combination once, in order."""

from collections.abc import Iterator

from mag.sweeps.space import Point, Space


def sample_grid(space: Space, seed: int) -> Iterator[Point]:  # noqa: ARG001 - a sampler has one, and nothing is drawn here
    """Yield every point of the space, in order of first appearance, the last dimension fastest."""
    return iter(space)
