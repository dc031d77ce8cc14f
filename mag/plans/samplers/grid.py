"""The grid: every combination once, in order or shuffled."""

from collections.abc import Iterator
from hashlib import shake_256

from mag.plans.space import Point, Space


def sample_grid(space: Space, seed: int) -> Iterator[Point]:  # noqa: ARG001 - a sampler has one, and nothing is drawn here
    """Yield every point of the space, in order of first appearance, the last dimension fastest."""
    return iter(space)


def sample_shuffled(space: Space, seed: int) -> Iterator[Point]:
    """Yield every point of the space in a random order, which is the same for the same seed on every machine.

    The first points cost what they are, however large the space: nothing is enumerated. More of them begin with the
    same ones.
    """
    return map(space.locate, shuffle_indices(space.size, seed))


def shuffle_indices(size: int, seed: int) -> Iterator[int]:
    """Yield the numbers below a size, each once, in a random order; memory is needed for those drawn so far only.

    >>> sorted(shuffle_indices(5, seed=1))
    [0, 1, 2, 3, 4]
    """
    moved: dict[int, int] = {}  # the shuffled list, where it is no longer the sorted one
    length = size.bit_length() // 8 + 16  # so many bytes that the remainder favours no number
    for drawn in range(size):
        digest = shake_256(f"{seed} {drawn}".encode()).digest(length)
        other = drawn + int.from_bytes(digest, "big") % (size - drawn)
        own = moved.pop(drawn, drawn)
        if other == drawn:
            yield own
        else:
            yield moved.get(other, other)
            moved[other] = own
