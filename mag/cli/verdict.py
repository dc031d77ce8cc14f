"""The verdict on a rerun: whether its results agree with the original's, and what else differs."""

import dataclasses
import shlex
from collections.abc import Sequence
from typing import Any

from mag.cli.output import note, write_table
from mag.compare.claims import Claims, weigh
from mag.compare.differences import Pair, Side, pair_values
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
    """The outcome of a rerun.

    Attributes:
        name: The original's.
        before: The original's record.
        after: The rerun's.
        path: The rerun's directory.
        results: The results side by side.
        claims: What else is the same, differs or is not known.
        tolerance: How far numbers might be apart.
    """

    name: str
    before: Record
    after: Record
    path: str
    results: list[Pair]
    claims: Claims
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether it ended as the original did, with the same results."""
        return self.before.status == self.after.status and all(pair.agrees for pair in self.results)

    def describe(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        differences = self.claims.differences
        return {
            "name": self.name,
            "agrees": self.agrees,
            "path": self.path,
            "status": {"before": self.before.status, "after": self.after.status},
            "results": [describe_pair(pair) for pair in self.results],
            "same": self.claims.same,
            "differences": {key: [describe_pair(pair) for pair in pairs] for key, pairs in differences.items()},
            "unknown": self.claims.unknown,
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
    results = pair_values(before.results, again.results, tolerance=tolerance, ignore=ignore)
    return Verdict(experiment.name, before, again, paths.directory, results, weigh(*sides), tolerance)


def make_side(record: Record, store: StorePaths, tree: str | None) -> Side:
    """Return what is compared of an experiment."""
    return Side(record, read_environment(store, str(record.environment.get("digest"))), tree)


def show_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Write the results side by side to standard output, and what they mean to standard error."""
    several, first = len(verdicts) > 1, verdicts[0]
    keys = dict.fromkeys(pair.key for verdict in verdicts for pair in verdict.results)
    rows = []
    for key in keys:
        pairs = [next((pair for pair in each.results if pair.key == key), None) for each in verdicts]
        before = next((pair.before for pair in pairs if pair is not None), MISSING)
        afters = [MISSING if pair is None else pair.after for pair in pairs]
        rows.append([key, before, *afters, "yes" if all(pair is not None and pair.agrees for pair in pairs) else "no"])
    names = [f"after {number + 1}" for number in range(len(verdicts))] if several else ["after"]
    write_table(["result", "before", *names, "agrees"], rows)
    if several:
        agreeing = sum(verdict.agrees for verdict in verdicts)
        note(f"{first.name}: {agreeing} of {len(verdicts)} reruns agree with it")
    worst = next((verdict for verdict in verdicts if not verdict.agrees), first)
    _tell_results(worst)
    if not worst.agrees:
        _explain(worst, verdicts)


def _tell_results(verdict: Verdict) -> None:
    name, total = verdict.name, len(verdict.results)
    if verdict.agrees:
        exactly = f"within {verdict.tolerance:g}" if verdict.tolerance else "exactly"
        note(f"{name}: {total} of {total} results agree {exactly}" if total else f"{name}: it ended as before")
    elif verdict.before.status != verdict.after.status:
        error = verdict.after.error
        why = f" ({summarize_error(error)})" if error else ""
        note(f"{name}: it was {verdict.before.status}, and the rerun is {verdict.after.status}{why}")
    else:
        note(f"{name}: {sum(not pair.agrees for pair in verdict.results)} of {total} results differ")


def _explain(verdict: Verdict, verdicts: Sequence[Verdict]) -> None:
    """Say what is known to be the same, what differs, and what is not known: one of these may be why."""
    claims = verdict.claims
    if claims.same:
        note(f"known to be the same: {', '.join(claims.same)}")
    found = [(section, pair) for section, pairs in claims.differences.items() for pair in pairs]
    for section, pair in found[:_MOST_DIFFERENCES]:
        before, after = (format_value(value) or "nothing" for value in (pair.before, pair.after))
        note(f"{section} differs: {pair.key} was {before}, is {after}")
    note(f"not known: {'; '.join(claims.unknown)}")
    since, number = verdict.before.since, verdict.before.attempt
    if since is not None and since < number:
        note(f"the original is attempt {number}, which went on with the files of attempt {since}; a rerun has none")
    if verdict.before.environment.get("hash_seed") is None:
        note("string hashes were seeded at random, so the order of sets may differ: `mag run` seeds them with 0")
    elif is_unrepeatable(verdicts):
        note(f"{len(verdicts)} reruns differ among themselves: the experiment is not repeatable")
    elif claims.is_all_same and len(verdicts) < ENOUGH:
        note(f"to see whether it repeats at all: mag rerun {shlex.quote(verdict.name)} --times {ENOUGH}")


ENOUGH = 3
"""So many runs have to differ before an experiment is called not repeatable."""


def is_unrepeatable(verdicts: Sequence[Verdict]) -> bool:
    """Tell whether runs gave different results although everything mag can compare is the same."""
    if len(verdicts) < ENOUGH or not all(verdict.claims.is_all_same for verdict in verdicts):
        return False
    first, *others = verdicts
    return any(
        not pair.agrees
        for other in others
        for pair in pair_values(first.after.results, other.after.results, tolerance=first.tolerance)
        if any(pair.key == one.key for one in first.results)
    )
