"""Intervals: how sure a mean is, by Student's t distribution."""

import dataclasses
import math

_TINY = 1e-300
_ENOUGH = 1e-14
_MOST_TERMS = 10_000


def find_quantile(probability: float, freedom: float) -> float:
    """Return the quantile of Student's t distribution, for probabilities above one half.

    >>> round(find_quantile(0.975, 2), 4), round(find_quantile(0.975, 1e6), 3)
    (4.3027, 1.96)
    """
    low, high = 0.0, 1.0
    while 1 - compute_tail(high, freedom) / 2 < probability:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if 1 - compute_tail(middle, freedom) / 2 < probability:
            low = middle
        else:
            high = middle
        if high - low <= _ENOUGH * high:
            break
    return (low + high) / 2


def compute_tail(t: float, freedom: float) -> float:
    """Return how probable a value of Student's t distribution as far from zero as `t`, or farther, is.

    >>> round(compute_tail(4.3027, 2), 4), compute_tail(0, 5)
    (0.05, 1.0)
    """
    return _compute_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def _compute_beta(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _continue_fraction(x, a, b) / a
    return 1 - front * _continue_fraction(1 - x, b, a) / b


def _continue_fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _avoid_zero(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _MOST_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _avoid_zero(1 + term * d)
            c = _avoid_zero(1 + term / c)
            result *= c * d
        if abs(c * d - 1) < _ENOUGH:
            break
    return result


def _avoid_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """Whether two means differ by more than noise.

    Attributes:
        difference: The first mean less the second.
        p: How probable a difference as large, or larger, would be by chance: Welch's t test, two-sided. None where one
            of the samples has no spread to judge by.
    """

    difference: float
    p: float | None

    @property
    def verdict(self) -> str:
        """What can be said of it."""
        if self.p is None:
            return "cannot say, too few values"
        return "more than noise" if self.p < 0.05 else "within noise"  # noqa: PLR2004


def compare_means(one: "tuple[float, float | None, int]", other: "tuple[float, float | None, int]") -> Comparison:
    """Return whether two samples differ, each given as mean, standard deviation and number.

    >>> round(compare_means((1.0, 0.1, 5), (0.8, 0.1, 5)).p or 0, 4)
    0.0133
    """
    difference = one[0] - other[0]
    if one[1] is None or other[1] is None or not math.isfinite(difference):
        return Comparison(difference, None)
    parts = [sd * sd / n for sd, n in ((one[1], one[2]), (other[1], other[2]))]
    spread = sum(parts)
    if not spread:
        return Comparison(difference, None if difference else 1.0)
    freedom = spread * spread / sum(part * part / (n - 1) for part, n in zip(parts, (one[2], other[2]), strict=True))
    return Comparison(difference, compute_tail(difference / math.sqrt(spread), freedom))
