"""What a sweep says while it runs: a bar on a terminal, a plain line for each experiment elsewhere."""

import shlex
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mag.cli.messages import say
from mag.cli.output import escape
from mag.run.tasks import FAULTY, Outcome
from mag.sweeps.execution import Observer
from mag.sweeps.plans import Plan, PlannedExperiment

if TYPE_CHECKING:
    from rich.progress import Progress

_MANY = 50
_EVERY_SECONDS = 30.0
_SHOWN_RESULTS = 3


def describe_outcome(outcome: Outcome) -> str:
    """Return one line that tells what became of an experiment."""
    parts = [f"{outcome.status:<11} {escape(outcome.name)}"]
    if outcome.status in {"completed", "skipped"}:
        shown = list(outcome.results.items())[:_SHOWN_RESULTS]
        parts += [f"{escape(name)}={format_value(value)}" for name, value in shown]
    if outcome.seconds is not None:
        parts.append(f"({outcome.seconds:.1f} s)")
    if outcome.message:
        parts.append(escape(outcome.message.splitlines()[0]))
    return "  ".join(parts)


def format_value(value: Any) -> str:
    """Return a result for a line: floats to six digits, everything else in short."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text: str = escape(str(value))
    return text if len(text) <= _MANY else text[: _MANY - 3] + "..."


class PlainProgress(Observer):
    """One line for each finished experiment, thinned out for large sweeps; failures are always told."""

    _interrupted = 0

    def begin(self, plan: Plan, todo: Sequence[PlannedExperiment], jobs: int) -> None:
        """Say what is about to run."""
        self._total = len(todo)
        self._counts: Counter[str] = Counter()
        self._told = time.monotonic()
        say(announce(plan, todo, jobs))

    def end(self, outcome: Outcome) -> None:
        """Tell what became of an experiment, or how far the sweep is."""
        self._counts[outcome.status] += 1
        if outcome.status == "unstarted":
            return
        if self._total <= _MANY or outcome.status in FAULTY:
            self.tell(describe_outcome(outcome))
        elif self._is_due():
            self._told = time.monotonic()
            self.tell(f"{sum(self._counts.values())} of {self._total}: {describe_counts(self._counts)}")

    def _is_due(self) -> bool:
        done = sum(self._counts.values())
        return done % max(1, self._total // 20) == 0 or time.monotonic() - self._told > _EVERY_SECONDS

    def tell(self, line: str) -> None:
        """Print a line."""
        say(line)

    def interrupt(self, number: int) -> None:  # noqa: ARG002
        """Say that the sweep is being stopped, and how to make it quicker."""
        self._interrupted += 1
        first = "stopping: what runs has the grace period to end in, nothing more is started (once more: at once)"
        self.tell(first if self._interrupted == 1 else "stopping at once")

    def close(self) -> None:
        """Leave the terminal as it was."""


class BarProgress(PlainProgress):
    """A bar with counts at the bottom of a terminal, lines above it."""

    _bar: "Progress | None" = None

    def begin(self, plan: Plan, todo: Sequence[PlannedExperiment], jobs: int) -> None:
        """Say what is about to run, and show the bar."""
        super().begin(plan, todo, jobs)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=len(todo))
        self._bar.start()

    def end(self, outcome: Outcome) -> None:
        """Move the bar, and tell what became of an experiment."""
        super().end(outcome)
        if self._bar is not None:
            faulty = sum(self._counts[status] for status in FAULTY)
            self._bar.update(self._task, advance=1, description=f"[red]{faulty} failed" if faulty else "")

    def tell(self, line: str) -> None:
        """Print a line above the bar."""
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


def choose_progress(*, quiet: bool) -> PlainProgress:
    """Return what fits where standard error leads."""
    if quiet:
        return QuietProgress()
    return BarProgress() if sys.stderr.isatty() else PlainProgress()


class QuietProgress(PlainProgress):
    """Failures alone."""

    def begin(self, plan: Plan, todo: Sequence[PlannedExperiment], jobs: int) -> None:  # noqa: ARG002
        """Say nothing."""
        self._counts, self._total, self._told = Counter(), len(todo), time.monotonic()

    def end(self, outcome: Outcome) -> None:
        """Tell of a failure."""
        if outcome.status in FAULTY:
            self.tell(describe_outcome(outcome))


def announce(plan: Plan, todo: Sequence[PlannedExperiment], jobs: int) -> str:
    """Return the line that a sweep begins with."""
    again = Counter(experiment.status for experiment in todo if experiment.status != "new")
    parts = [f"{count_experiments(len(plan))} in {plan.store.root}"]
    if done := len(plan) - len(todo):
        parts.append(f"{done} done already")
    if again:
        parts.append("again: " + describe_counts(again))
    if plan.duplicates:
        parts.append(f"{plan.duplicates} asked for more than once")
    return ", ".join(parts) + f"; {jobs} at a time"


def count_experiments(number: int) -> str:
    """Return "1 experiment", "2 experiments"."""
    return f"{number} experiment{'' if number == 1 else 's'}"


def describe_counts(counts: Counter[str]) -> str:
    """Return counts as "3 completed, 1 failed", good news first."""
    words = {"skipped": "done before", "elsewhere": "running elsewhere", "unstarted": "not started"}
    order = ["completed", "skipped", "new", "running", "elsewhere", *FAULTY, "corrupt", "unstarted"]
    return ", ".join(f"{counts[status]} {words.get(status, status)}" for status in order if counts[status])


def quote_name(name: str) -> str:
    """Return an experiment's name ready to paste into a shell."""
    return shlex.quote(name)
