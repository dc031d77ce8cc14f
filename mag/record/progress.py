"""How far a sweep is, as its runner tells it: one small file that others may look at as often as they like."""

import dataclasses
from typing import Any

from mag.disk import files, locks, values
from mag.errors import RecordError
from mag.record.paths import StorePaths

_ENDS = ("lowest", "highest")
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("total", "jobs", "room"), (int,)),
    **dict.fromkeys(("running", "failures"), (list,)),
    **dict.fromkeys(("paused", "over"), (bool,)),
    "counts": (dict,),
    "extremes": (dict, type(None)),
    "started": (str,),
    "seconds": (int, float),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a sweep is.

    Attributes:
        total: How many experiments it has.
        counts: How many of them ended how; those complete before it began count as "skipped".
        running: The names of those that run.
        failures: Name and reason of the latest that failed, at most five; none of those that somebody interrupted.
        extremes: For the first numeric result: its name, and value and experiment of the lowest and the highest.
        started: When it began, ISO 8601 in UTC.
        seconds: How long it has been running.
        jobs: How many experiments run at a time.
        room: How many may run at a time at most.
        paused: Whether it starts nothing for now.
        over: Whether it has ended.
    """

    total: int
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    running: tuple[str, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    extremes: dict[str, Any] | None = None
    started: str = ""
    seconds: float = 0.0
    jobs: int = 1
    room: int = 1
    paused: bool = False
    over: bool = False

    @property
    def done(self) -> int:
        """How many of its experiments are complete or were pruned, some of them before it began."""
        return sum(self.counts.get(status, 0) for status in ("completed", "skipped", "pruned"))

    @property
    def ended(self) -> int:
        """How many of its experiments have ended, or were complete before it began."""
        return sum(self.counts.values()) - self.counts.get("unstarted", 0)

    @property
    def to_go(self) -> int:
        """How many of its experiments have not ended, and may still do so."""
        return self.total - sum(self.counts.values())

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at the rate so far; None where that is unknown."""
        ended = self.ended - self.counts.get("skipped", 0)
        return self.seconds / ended * (self.total - self.ended) if ended and not self.over else None


def write_progress(store: StorePaths, sweep: str, progress: Progress) -> None:
    """Tell how far a sweep is.

    Raises:
        RecordError: The file cannot be written.
    """
    data = {"version": 1, **dataclasses.asdict(progress)}
    locks.write_shared_file(store.progress(sweep), values.dump_line(values.encode_config(data)))


def read_progress(store: StorePaths, sweep: str) -> Progress | None:
    """Return how far a sweep is; None where its runner has not told, or not readably."""
    try:
        path = store.progress(sweep)
        known = files.pick_fields(files.read_json(path), _KINDS, path)
        counts, extremes = known.get("counts", {}), known.get("extremes")
        if any(not isinstance(count, int) for count in counts.values()):
            return None
        if extremes is not None:
            known["extremes"] = {"metric": str(extremes["metric"]), **{key: _pair(extremes[key]) for key in _ENDS}}
        known["running"] = tuple(map(str, known.get("running", ())))
        known["failures"] = tuple((str(name), str(reason)) for name, reason in known.get("failures", ()))
        return Progress(**known)
    except (OSError, RecordError, TypeError, ValueError, KeyError):
        return None


def _pair(found: Any) -> list[Any]:
    value, name = found
    return [value, str(name)]
