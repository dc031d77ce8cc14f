"""The verdict on a rerun: whether its results agree with the original's, and what else is not as it was."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from mag.cli.output import note, write_table
from mag.compare.differences import Pair, Side, list_differences, pair_values
from mag.compare.rows import MISSING, format_value
from mag.disk.values import encode_config
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.provenance import read_environment
from mag.record.records import Record
from mag.record.store import StoredExperiment
from mag.run.supervisor import summarize_error

_MOST_DIFFERENCES = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a rerun.

    Attributes:
        name: The original's.
        before: The original's record.
        after: The rerun's.
        path: The rerun's directory.
        results: The results side by side.
        differences: What else differs: code, environment, host.
        tolerance: How far numbers might be apart.
    """

    name: str
    before: Record
    after: Record
    path: str
    results: list[Pair]
    differences: dict[str, list[Pair]]
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether it ended as the original did, with the same results."""
        return self.before.status == self.after.status and all(pair.agrees for pair in self.results)

    def describe(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        return {
            "name": self.name,
            "agrees": self.agrees,
            "path": self.path,
            "status": {"before": self.before.status, "after": self.after.status},
            "results": [describe_pair(pair) for pair in self.results],
            "differences": {key: [describe_pair(pair) for pair in pairs] for key, pairs in self.differences.items()},
        }


def describe_pair(pair: Pair) -> dict[str, Any]:
    """Return a pair of values as data for JSON; a value that is not there is left out."""
    sides = {"before": pair.before, "after": pair.after}
    known = {name: encode_config(value) for name, value in sides.items() if value is not MISSING}
    return {"key": pair.key, **known, "agrees": pair.agrees}


def judge(
    experiment: StoredExperiment,
    again: Record,
    paths: ExperimentPaths,
    *,
    trees: tuple[str | None, str | None],
    tolerance: float,
    ignore: Sequence[str],
) -> Verdict:
    """Compare a rerun with its original."""
    assert experiment.record is not None
    before, store = experiment.record, experiment.paths.home
    sides = (make_side(record, store, tree) for record, tree in zip((before, again), trees, strict=True))
    differences = list_differences(*sides)
    others = {name: differences[name] for name in ("code", "environment", "host")}
    results = pair_values(before.results, again.results, tolerance=tolerance, ignore=ignore)
    return Verdict(experiment.name, before, again, paths.directory, results, others, tolerance)


def make_side(record: Record, store: StorePaths, tree: str | None) -> Side:
    """Return what is compared of an experiment."""
    return Side(record, read_environment(store, str(record.environment.get("digest"))), tree)


def show_verdict(verdict: Verdict) -> None:
    """Write the results side by side to standard output, and what they mean to standard error."""
    rows = [[pair.key, pair.before, pair.after, "yes" if pair.agrees else "no"] for pair in verdict.results]
    write_table(["result", "before", "after", "agrees"], rows)
    name, total = verdict.name, len(verdict.results)
    if verdict.agrees:
        exactly = f"within {verdict.tolerance:g}" if verdict.tolerance else "exactly"
        note(f"{name}: {total} of {total} results agree {exactly}" if total else f"{name}: it ended as before")
        return
    if verdict.before.status != verdict.after.status:
        error = verdict.after.error
        why = f" ({summarize_error(error)})" if error else ""
        note(f"{name}: it was {verdict.before.status}, and the rerun is {verdict.after.status}{why}")
    else:
        note(f"{name}: {sum(not pair.agrees for pair in verdict.results)} of {total} results differ")
    _explain(verdict)


def _explain(verdict: Verdict) -> None:
    """Say what else is not as it was, since that may be why."""
    found = [(section, pair) for section, pairs in verdict.differences.items() for pair in pairs]
    for section, pair in found[:_MOST_DIFFERENCES]:
        before, after = (format_value(value) or "nothing" for value in (pair.before, pair.after))
        note(f"{section} differs: {pair.key} was {before}, is {after}")
    if not found:
        note("code, environment and host are the same: the experiment itself is not repeatable")
    if verdict.before.environment.get("hash_seed") is None:
        note("string hashes were seeded at random, so the order of sets may differ: `mag run` seeds them with 0")
