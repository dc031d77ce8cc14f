"""Differences: in what two experiments are not alike: config, code, environment, host, results."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from mag.compare.agreement import Pair, pair_values
from mag.record.records import Record

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


def list_differences(
    before: Side, after: Side, *, tolerance: float = 0.0, ignore: Sequence[str] = ()
) -> dict[str, list[Pair]]:
    """Return in what two experiments differ: under `config`, `code`, `environment`, `host` and `results`.

    Args:
        before: One experiment.
        after: The other.
        tolerance: How far numbers in results may be apart.
        ignore: Patterns of keys of results that do not count.
    """
    one, other = before.record, after.record
    sections = {
        "config": pair_values(one.config, other.config),
        "code": _pair_code(before, after),
        "environment": _pair_environments(before, after),
        "host": pair_values({"name": one.host.get("name")}, {"name": other.host.get("name")}),
        "results": pair_values(one.results, other.results, tolerance=tolerance, ignore=ignore),
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
    return {"mag": record.versions.get("mag"), "hash_seed": seed, "variables": variables}
