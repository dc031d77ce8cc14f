"""Differences: in what experiments are not alike, and whether their results agree."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from mag.compare.rows import MISSING, is_number, spread
from mag.record.records import Record


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
    """Return the values of two nested mappings side by side, by dotted key, in the order of the first."""
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


_CODE = ("hash", "snapshot", "branch", "dirty", "remote")
_UNTOLD = {"version", "executable"}


@dataclasses.dataclass(frozen=True, slots=True)
class Side:
    """One of two experiments.

    Attributes:
        record: Its record.
        environment: What its store keeps of its environment; None where that is not known.
        code: The tree of its code; None where that is not known.
    """

    record: Record
    environment: Mapping[str, Any] | None = None
    code: str | None = None


def list_differences(before: Side, after: Side, *, tolerance: float = 0.0) -> dict[str, list[Pair]]:
    """Return in what two experiments differ: under `config`, `code`, `environment`, `host` and `results`."""
    one, other = before.record, after.record
    sections = {
        "config": pair_values(one.config, other.config),
        "code": _pair_code(before, after),
        "environment": _pair_environments(before, after),
        "host": pair_values({"name": one.host.get("name")}, {"name": other.host.get("name")}),
        "results": pair_values(one.results, other.results, tolerance=tolerance),
    }
    return {name: [pair for pair in pairs if not pair.agrees] for name, pairs in sections.items()}


def _pair_code(before: Side, after: Side) -> list[Pair]:
    """Compare trees where both are known: the same code may lie in several commits."""
    if before.code is not None and before.code == after.code:
        return []
    one, other = ({key: side.record.commit.get(key) for key in _CODE} for side in (before, after))
    return pair_values({"app": before.record.app, **one}, {"app": after.record.app, **other})


def _pair_environments(before: Side, after: Side) -> list[Pair]:
    pairs = []
    if before.environment is not None and after.environment is not None:
        one, other = (
            {key: value for key, value in (side.environment or {}).items() if key not in _UNTOLD}
            for side in (before, after)
        )
        pairs = pair_values(one, other)
    return pairs + pair_values(_describe_rest(before.record), _describe_rest(after.record))


def _describe_rest(record: Record) -> dict[str, Any]:
    seed = record.environment.get("hash_seed")
    variables = record.environment.get("variables") or {}
    env = record.environment.get("env") or {}
    return {"mag": record.versions.get("mag"), "hash_seed": seed, "variables": variables, "env": env}
