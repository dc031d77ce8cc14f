"""Agreement: whether two sets of results are the same, exactly or within a tolerance, and where they are not."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from mag.compare.cells import MISSING, is_number
from mag.compare.rows import spread


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """One value on both sides.

    Attributes:
        key: Its dotted key.
        before: The value on one side; `MISSING` where there is none.
        after: The value on the other.
        agrees: Whether they are the same, within the tolerance.
    """

    key: str
    before: Any
    after: Any
    agrees: bool


def pair_values(
    before: Mapping[str, Any], after: Mapping[str, Any], *, tolerance: float = 0.0, ignore: Sequence[str] = ()
) -> list[Pair]:
    """Return the values of two nested mappings side by side, by dotted key, in the order of the first.

    Args:
        before: One side.
        after: The other.
        tolerance: How far numbers may be apart, relative to the larger one, and absolutely near zero.
        ignore: Patterns of keys that do not count.
    """
    left, right = spread(dict(before)), spread(dict(after))
    keys = [key for key in {**left, **right} if not any(fnmatchcase(key, pattern) for pattern in ignore)]
    return [_pair(key, left.get(key, MISSING), right.get(key, MISSING), tolerance) for key in keys]


def _pair(key: str, before: Any, after: Any, tolerance: float) -> Pair:
    return Pair(key, before, after, is_same(before, after, tolerance))


def is_same(before: Any, after: Any, tolerance: float = 0.0) -> bool:
    """Tell whether two values are the same; numbers may be apart by a tolerance, and NaN is NaN.

    >>> is_same([1.0, float("nan")], [1.0 + 1e-9, float("nan")], 1e-6), is_same(1, 1.0), is_same(1, True)
    (True, True, False)
    """
    if is_number(before) and is_number(after):
        return _is_close(before, after, tolerance)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(
            is_same(one, other, tolerance) for one, other in zip(before, after, strict=True)
        )
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(is_same(before[key], after[key], tolerance) for key in before)
    return type(before) is type(after) and bool(before == after)


def _is_close(before: float, after: float, tolerance: float) -> bool:
    if before == after or (before != before and after != after):  # noqa: PLR0124  (only NaN is unlike itself)
        return True
    try:
        return tolerance > 0 and math.isclose(before, after, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # integers beyond what a float can be
        return False
