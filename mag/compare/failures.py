"""Failures, grouped by what broke and where."""

import dataclasses
from collections.abc import Iterable

from mag.record.log import read_last_line
from mag.record.records import FAULTY
from mag.record.store import StoredExperiment

_FAILED = frozenset(FAULTY) - {"imported"}


@dataclasses.dataclass(frozen=True, slots=True)
class FailureGroup:
    """Experiments that broke alike.

    Attributes:
        status: What their records say.
        kind: The exception's type, the signal, or the limit that was reached.
        where: File, line and function; None where that is not known.
        message: What the first of them said.
        experiments: All of them.
    """

    status: str
    kind: str
    where: str | None
    message: str
    experiments: tuple[StoredExperiment, ...]

    @property
    def tail(self) -> str:
        """The last line of the first one's log."""
        return read_last_line(self.experiments[0].paths.log)


def group_failures(experiments: Iterable[StoredExperiment]) -> list[FailureGroup]:
    """Return the experiments that did not complete, grouped by status, kind and place, the largest group first."""
    groups: dict[tuple[str, str, str | None], list[StoredExperiment]] = {}
    for experiment in experiments:
        if experiment.status in _FAILED and experiment.accepted is None:
            groups.setdefault(_classify(experiment), []).append(experiment)
    made = [
        FailureGroup(status, kind, where, _read_message(members[0]), tuple(members))
        for (status, kind, where), members in groups.items()
    ]
    return sorted(made, key=lambda group: -len(group.experiments))


def _classify(experiment: StoredExperiment) -> tuple[str, str, str | None]:
    error = (experiment.record.error if experiment.record else None) or {}
    where = error.get("where")
    return experiment.status, str(error.get("type", experiment.status)), str(where) if where else None


def _read_message(experiment: StoredExperiment) -> str:
    error = (experiment.record.error if experiment.record else None) or {}
    lines = str(error.get("message", "")).strip().splitlines()
    return lines[0] if lines else ""
