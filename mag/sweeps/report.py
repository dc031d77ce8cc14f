"""What becomes of a sweep: how far it is while it runs, and the report at its end."""

import contextlib
import dataclasses
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mag.clock import tell_time
from mag.record.progress import Progress
from mag.record.records import BROKEN, FAULTY
from mag.run.tasks import Outcome

if TYPE_CHECKING:
    from pandas import DataFrame

    from mag.plans.plan import Plan
    from mag.record.store import StoredExperiment

_SHOWN = 5


class Tracker:
    """Counts what starts and ends; may be told and asked from any thread."""

    def __init__(self, total: int, left: Counter[str], jobs: int, room: int) -> None:
        self._turn = threading.Lock()
        self._total = total
        self._jobs, self._room = jobs, room
        self._paused = False
        self._over = False
        self._began = time.monotonic()
        self._started = tell_time()
        self._running: dict[str, None] = {}
        self._extremes: dict[str, Any] | None = None
        self.counts: Counter[str] = Counter(left)
        self.remarks: Counter[str] = Counter()
        self.faulty: list[Outcome] = []
        self._broken: deque[tuple[str, str]] = deque(maxlen=_SHOWN)
        self.last: Outcome | None = None

    def start(self, name: str) -> None:
        """An experiment has started."""
        with self._turn:
            self._running[name] = None

    def end(self, outcome: Outcome) -> None:
        """An experiment has ended."""
        with self._turn:
            self._running.pop(outcome.name, None)
            self.counts[outcome.status] += 1
            self.last = outcome
            if outcome.remark:
                self.remarks[outcome.remark] += 1
            if outcome.status in FAULTY:
                self.faulty.append(outcome)
                if outcome.status in BROKEN:
                    self._broken.append((outcome.name, outcome.message or ""))
            elif outcome.status == "completed":
                self._compare(outcome)

    def adjust(self, jobs: int, paused: bool) -> None:
        """Another number of experiments runs at a time, or none starts for now."""
        with self._turn:
            self._jobs, self._paused = jobs, paused

    def leave(self) -> None:
        """What has not ended is left to an engine."""
        with self._turn:
            self.counts["submitted"] = self._total - sum(self.counts.values())

    def finish(self) -> None:
        """The sweep is over."""
        with self._turn:
            self._over = True
            self._running.clear()

    def read(self) -> Progress:
        """Return how far the sweep is."""
        with self._turn:
            return Progress(
                total=self._total,
                counts={status: count for status, count in (+self.counts).items() if status != "submitted"},
                running=tuple(self._running),
                failures=tuple(self._broken),
                extremes=self._extremes,
                started=self._started,
                seconds=round(time.monotonic() - self._began, 1),
                jobs=self._jobs,
                room=self._room,
                paused=self._paused,
                over=self._over,
            )

    def _compare(self, outcome: Outcome) -> None:
        metric = (
            self._extremes["metric"] if self._extremes else next(filter(_is_number(outcome), outcome.results), None)
        )
        if metric is None or not _is_number(outcome)(metric):
            return
        found = [outcome.results[metric], outcome.name]
        known = self._extremes or {"metric": metric, "lowest": found, "highest": found}
        low, high = known["lowest"], known["highest"]
        self._extremes = {
            "metric": metric,
            "lowest": found if found[0] < low[0] else low,
            "highest": found if found[0] > high[0] else high,
        }


def _is_number(outcome: Outcome) -> Any:
    """Return whether a result of the outcome is a finite number, as a function of its name."""

    def check(name: str) -> bool:
        """Tell whether the result of that name is a finite number."""
        value = outcome.results.get(name)
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

    return check


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What became of a sweep.

    Attributes:
        plan: What was asked for.
        counts: How many of the planned experiments ended how; those complete before count as "skipped".
        faulty: The outcomes of those that did not complete.
        last: The outcome that came last; None if nothing was to be done.
        signal: The signal that stopped it; None if none did.
        remarks: What else there is to say, and of how many experiments.
        tree: The name of the tree of the code that ran, where that was known before.
    """

    plan: "Plan"
    counts: Counter[str]
    faulty: tuple[Outcome, ...] = ()
    last: Outcome | None = None
    signal: int | None = None
    remarks: Counter[str] = dataclasses.field(default_factory=Counter)
    tree: str | None = None

    def __repr__(self) -> str:
        """Tell how many ended how: the plan would fill the screen of a notebook."""
        counts = ", ".join(f"{status}={number}" for status, number in (+self.counts).items())
        return f"Report(exit_code={self.exit_code}, {counts})"

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """What the experiments registered, by the names of their directories; of those that have a record."""
        return {one.name: one.results for one in self._read()}

    def to_pandas(self) -> "DataFrame":
        """Return a table of the experiments: status, config and results, indexed by the names of their directories.

        Raises:
            UsageError: pandas is not installed.
        """
        from mag.compare.frames import make_frame  # noqa: PLC0415 - few programs ask for one

        return make_frame(self._read())

    def _read(self) -> "Iterator[StoredExperiment]":
        """Yield the experiments as they are on disk."""
        from mag.errors import NotFoundError  # noqa: PLC0415 - experiments would carry it along
        from mag.record.store import Store  # noqa: PLC0415

        store = Store(self.plan.store.root)
        for experiment in self.plan:
            with contextlib.suppress(NotFoundError):
                yield store.find(experiment.identity)

    @property
    def exit_code(self) -> int:
        """The exit status: 0 if all is done, 1 if an experiment failed, 128 + signal if the sweep was stopped."""
        if self.signal:
            return 128 + self.signal
        return 0 if set(+self.counts) <= {"completed", "skipped", "accepted", "pruned", "submitted"} else 1
