"""What a sweep says while it runs: a live view on a terminal, a plain line for each experiment elsewhere."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, cast

from mag.cli.live import describe_progress, draw_progress
from mag.cli.messages import Listener, say
from mag.cli.output import escape
from mag.cli.plan import list_remarks
from mag.cli.widths import cut
from mag.cli.wording import count_experiments, describe_counts
from mag.compare.cells import format_briefly
from mag.record.records import FAULTY
from mag.run.tasks import Outcome
from mag.sweeps.execution import Observer
from mag.sweeps.plans import Plan, PlannedExperiment
from mag.sweeps.tally import Tally

if TYPE_CHECKING:
    from rich.live import Live

_MANY = 50
_EVERY_SECONDS = 30.0
_SHOWN_RESULTS = 3
_LONGEST_RESULT = 60
_LONGEST_MESSAGE = 200


def describe_outcome(outcome: Outcome) -> str:
    """Return one line that tells what became of an experiment."""
    parts = [f"{outcome.status:<11} {escape(outcome.name)}"]
    if outcome.status in {"completed", "skipped"}:
        shown = list(outcome.results.items())[:_SHOWN_RESULTS]
        parts += [cut(f"{escape(name)}={escape(format_briefly(value))}", _LONGEST_RESULT) for name, value in shown]
    if outcome.seconds is not None:
        parts.append(f"({outcome.seconds:.1f} s)")
    if outcome.message:
        parts.append(cut(escape(outcome.message.splitlines()[0]), _LONGEST_MESSAGE))
    return "  ".join(parts)


def announce(plan: Plan, todo: Sequence[PlannedExperiment], jobs: int) -> str:
    """Return the line that a sweep begins with."""
    again = Counter(experiment.status for experiment in todo if experiment.status != "new")
    parts = [f"{count_experiments(len(plan))} in {escape(plan.store.root)}"]
    if done := len(plan) - len(todo):
        parts.append(f"{done} done already")
    if again:
        parts.append("again: " + describe_counts(again))
    return ", ".join([*parts, *list_remarks(plan)]) + f"; {jobs} at a time"


class QuietProgress(Observer):
    """Failures alone."""

    def end(self, outcome: Outcome) -> None:
        """Tell of a failure."""
        if outcome.status in FAULTY:
            self.tell(describe_outcome(outcome))

    def tell(self, line: str) -> None:
        """Print a line."""
        say(line)

    def close(self) -> None:
        """Leave the terminal as it was."""


class PlainProgress(QuietProgress):
    """One line for each finished experiment, thinned out for large sweeps; failures are always told."""

    _interrupted = 0
    _ended = 0
    _hindered = False

    def remark(self, line: str) -> None:
        """Say what is to be known before."""
        say(escape(line))

    def begin(self, plan: Plan, todo: Sequence[PlannedExperiment], tally: Tally) -> None:
        """Say what is about to run."""
        self._tally = tally
        self._total = len(todo)
        self._told = time.monotonic()
        say(announce(plan, todo, tally.read().jobs))

    def end(self, outcome: Outcome) -> None:
        """Tell what became of an experiment, or how far the sweep is."""
        if outcome.status == "unstarted" and outcome.message and not self._hindered:
            self._hindered = True
            self.tell(escape(outcome.message))
        if outcome.status in FAULTY or (self._total <= _MANY and outcome.status != "unstarted"):
            self.tell(describe_outcome(outcome))
        elif self._total > _MANY:
            self._tell_now_and_then()

    def _tell_now_and_then(self) -> None:
        self._ended += 1  # those that others completed meanwhile included
        if self._ended % max(1, self._total // 20) == 0 or time.monotonic() - self._told > _EVERY_SECONDS:
            self._told = time.monotonic()
            self.tell(describe_progress(self._tally.read()))

    def wait(self, count: int) -> None:
        """Say that what is left runs elsewhere."""
        self.tell(f"waiting for {count_experiments(count)} that another process is running")

    def interrupt(self, number: int) -> None:  # noqa: ARG002
        """Say that the sweep is being stopped, and how to make it quicker."""
        self._interrupted += 1
        first = "stopping: what runs has the grace period to end in, nothing more is started (once more: at once)"
        self.tell(first if self._interrupted == 1 else "stopping at once")


class LiveProgress(PlainProgress):
    """The live view at the bottom of a terminal, lines above it."""

    _live: "Live | None" = None

    def begin(self, plan: Plan, todo: Sequence[PlannedExperiment], tally: Tally) -> None:
        """Say what is about to run, and show the live view."""
        super().begin(plan, todo, tally)
        import shutil

        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        def draw() -> Text:
            width = shutil.get_terminal_size().columns - 1
            return Text("\n".join(draw_progress(tally.read(), plan.store, width)), no_wrap=True)

        console = Console(file=cast("IO[str]", Listener(sys.stderr)), highlight=False)
        self._live = Live(console=console, get_renderable=draw, refresh_per_second=4, transient=True)
        self._live.start()
        console.show_cursor()  # Ctrl-Z would leave the shell without one

    def _tell_now_and_then(self) -> None:
        """The view tells it all the time."""

    def tell(self, line: str) -> None:
        """Print a line above the view."""
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the view away."""
        if self._live is not None:
            self._live.stop()


def choose_progress(*, quiet: bool, live: bool = True) -> QuietProgress:
    """Return what fits where standard error leads.

    Args:
        quiet: Tell of failures only.
        live: Whether there may be a live view, which would stand in a debugger's way.
    """
    if quiet:
        return QuietProgress()
    return LiveProgress() if live and sys.stderr.isatty() else PlainProgress()
