"""Laws of the shuffled space."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mag.plans.samplers.grid import shuffle_indices


@given(st.integers(0, 60), st.integers())
def test_permutation(size: int, seed: int) -> None:
    """Every number comes once."""
    assert sorted(shuffle_indices(size, seed)) == list(range(size))


def test_all_orders_are_equally_likely() -> None:
    """Over many seeds each of the 24 orders of four comes about as often as any other."""
    counts = Counter(tuple(shuffle_indices(4, seed)) for seed in range(4800))
    assert len(counts) == 24
    assert all(130 < count < 280 for count in counts.values())  # 200 expected, five deviations are 70


def test_beyond_machine_words() -> None:
    """Numbers of any size are drawn over their whole range."""
    drawn = [number for number, _ in zip(shuffle_indices(20**60, 0), range(200), strict=False)]
    assert len(set(drawn)) == 200
    assert min(drawn) < 20**60 // 20
    assert max(drawn) > 20**60 // 20 * 19


def test_golden() -> None:
    """The order never changes: a sample that was drawn years ago is drawn again."""
    assert list(shuffle_indices(10, 0)) == [2, 9, 7, 1, 8, 5, 0, 4, 3, 6]
