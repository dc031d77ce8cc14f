"""What a sweep says: its plan on `--dry-run`, a live view on a terminal, a plain line per experiment elsewhere."""

import json
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, cast

from mag.cli.layout import cut
from mag.cli.live import MOST_LABELS, draw_progress, label_experiments, paint
from mag.cli.messages import Listener, say
from mag.cli.output import escape, note, write_lines, write_table
from mag.cli.references import lead_to
from mag.cli.wording import count_experiments, describe_counts
from mag.compare.rows import format_briefly
from mag.config.secrets import mask
from mag.disk.values import encode_config
from mag.record.progress import Progress
from mag.record.records import FAULTY
from mag.run.tasks import Outcome
from mag.sweeps.observer import Observer
from mag.sweeps.report import Report, Tracker

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from mag.plans.plan import Plan, PlannedExperiment
    from mag.sweeps.observer import Question


def describe_progress(progress: Progress) -> str:
    """Return how far a sweep is, in a line for a pipe."""
    parts = [describe_counts(progress.counts)] if +Counter(progress.counts) else []
    if not progress.over:
        parts.append(f"{len(progress.running)} running, {progress.to_go} to go")
    return f"{progress.ended} of {progress.total}: {', '.join(parts)}"


_MANY = 50
_EVERY_SECONDS = 30.0
_SHOWN_RESULTS = 3
_LONGEST_RESULT = 60
_LONGEST_MESSAGE = 200


def describe_outcome(outcome: Outcome) -> str:
    """Return one line on how an experiment ended."""
    parts = [f"{outcome.status:<11} {escape(outcome.name)}"]
    if outcome.status in {"completed", "skipped", "pruned"}:
        shown = list(outcome.results.items())[:_SHOWN_RESULTS]
        parts += [cut(f"{escape(name)}={escape(format_briefly(value))}", _LONGEST_RESULT) for name, value in shown]
    if outcome.seconds is not None:
        parts.append(f"({outcome.seconds:.1f} s)")
    if outcome.message:
        parts.append(cut(escape(outcome.message.splitlines()[0]), _LONGEST_MESSAGE))
    return "  ".join(parts)


def announce(plan: "Plan", todo: "Sequence[PlannedExperiment]", jobs: int) -> str:
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

    def warn(self, text: str) -> None:
        """Say what the code lacks."""
        note(text)

    def check(self, question: "Question") -> None:
        """Refuse what cannot be intended."""
        from mag.cli.advice import check_spaces  # the fork server was forked before: it need not carry this

        check_spaces(question)

    def end(self, outcome: Outcome) -> None:
        """Print a failure."""
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

    def planned(self, question: "Question") -> None:
        """Note what was probably not intended."""
        from mag.cli.advice import tell_doubts

        tell_doubts(question)

    def remark(self, line: str) -> None:
        """Note what users should know before it starts."""
        say(escape(line))

    def begin(self, plan: "Plan", todo: "Sequence[PlannedExperiment]", tracker: Tracker) -> None:
        """Say what is about to run."""
        self._tracker = tracker
        self._total = len(todo)
        self._told = time.monotonic()
        say(announce(plan, todo, tracker.read().jobs))

    def end(self, outcome: Outcome) -> None:
        """Print how an experiment ended, or how far the sweep is."""
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
            self.tell(describe_progress(self._tracker.read()))

    def wait(self, count: int) -> None:
        """Say that what is left runs elsewhere."""
        self.tell(f"waiting for {count_experiments(count)} that another process is running")

    def interrupt(self, number: int) -> None:  # noqa: ARG002
        """Say that the sweep is being stopped, and how to make it quicker."""
        self._interrupted += 1
        first = "stopping: what runs has the grace period to end, and nothing more starts (Ctrl-C again: at once)"
        self.tell(first if self._interrupted == 1 else "stopping at once")


class LiveProgress(PlainProgress):
    """The live view at the bottom of a terminal, lines above it."""

    _live: "Live | None" = None

    def begin(self, plan: "Plan", todo: "Sequence[PlannedExperiment]", tracker: Tracker) -> None:
        """Say what is about to run, and show the live view."""
        super().begin(plan, todo, tracker)
        import shutil

        from rich.console import Console
        from rich.live import Live

        labels = label_experiments((one.identifier, one.overrides) for one in islice(plan, MOST_LABELS + 1))

        def draw() -> "Text":
            """Return the line for the width that the terminal has now."""
            width = shutil.get_terminal_size().columns - 1
            return paint(draw_progress(tracker.read(), plan.store, width, labels))

        console = Console(file=cast("IO[str]", Listener(sys.stderr)), highlight=False)
        self._live = Live(console=console, get_renderable=draw, refresh_per_second=4, transient=True)
        self._live.start()
        console.show_cursor()  # Ctrl-Z would leave the shell without one

    def _tell_now_and_then(self) -> None:
        """The view tells it all the time."""

    def tell(self, line: str) -> None:
        """Print a line above the view."""
        if self._live is not None:
            self._live.console.print(paint([line]), soft_wrap=True)

    def close(self) -> None:
        """Take the view away."""
        if self._live is not None:
            self._live.stop()


def choose_progress(*, quiet: bool, live: bool = True) -> QuietProgress:
    """Return what fits where standard error leads."""
    if quiet:
        return QuietProgress()
    return LiveProgress() if live and sys.stderr.isatty() else PlainProgress()


def conclude(report: Report, directory: str | None = None) -> str:
    """Return what to say when a sweep has ended."""
    total, there = count_experiments(len(report.plan)), lead_to(report.plan.store.root, directory)
    if report.counts["submitted"]:
        known = f"{total}: {describe_counts(report.counts)}; they run without this terminal."
        return f"{known}\nNext: mag watch{there}  (or the same command again, which follows them)"
    if report.last is None:
        done = "it is done already" if len(report.plan) == 1 else "all are done already"
        done = done if +report.counts == Counter(skipped=len(report.plan)) else describe_counts(report.counts)
        return f"{total}: {done}, nothing to run.\nNext: mag summarize{there}  (or --force, to run them again)"
    lines = [f"{total}: {describe_counts(report.counts)}."]
    lines += count_remarks(report)
    if report.signal or report.counts["unstarted"]:
        lines.append("Next: the same command again does what is left")
    elif report.faulty:
        name = escape(shlex.quote(report.faulty[0].name))
        lines.append(f"Next: mag log {name}{there}  (the same command again retries what failed)")
    else:
        lines.append(f"Next: mag summarize{there}")
    return "\n".join(lines)


def count_remarks(report: Report) -> list[str]:
    """Return further remarks on the experiments, one line for all that share one."""
    return [f"{count_experiments(number)}: {escape(remark)}" for remark, number in report.remarks.most_common()]


_IMPORTED = "imported ones run again, unless `mag accept NAME` says that they are done"


def show_plan(plan: "Plan", *, as_json: bool, secrets: Sequence[str] = ()) -> None:
    """Print a plan on standard output: name, state, overrides."""
    if as_json:
        write_lines(_list_json(plan, secrets))
        return
    rows = [[e.identifier, e.status, " ".join(e.overrides)] for e in plan]
    write_table(["name", "status", "overrides"], rows)
    say(f"{describe_plan(plan)}. Nothing was run.")


def describe_plan(plan: "Plan") -> str:
    """Return how many experiments a plan has, how they stand, and what it does not have."""
    parts = [describe_counts(plan.count()), *list_remarks(plan)]
    said = ", ".join(filter(None, parts))
    return f"{count_experiments(len(plan))}: {said}" if said else count_experiments(len(plan))


def list_remarks(plan: "Plan") -> list[str]:
    """Return remarks on points that a plan leaves out, and on those that Hydra ran."""
    remarks = [
        f"{plan.duplicates} asked for more than once" if plan.duplicates else "",
        f"{plan.left_out} left out by the filters" if plan.left_out else "",
        *(f"{text} leaves out none" for text in plan.idle),
        f"{plan.missing} fewer than the sample asked for, there are no more" if plan.missing else "",
        _IMPORTED if any(experiment.status == "imported" for experiment in plan) else "",
    ]
    return [remark for remark in remarks if remark]


def _list_json(plan: "Plan", secrets: Sequence[str]) -> Iterator[str]:
    """Yield a JSON list line by line, one experiment each, to save memory with large plans."""
    yield "["
    for experiment in plan:
        comma = "," if experiment is not plan.experiments[-1] else ""
        yield json.dumps(_describe(experiment, secrets)) + comma
    yield "]"


def _describe(experiment: "PlannedExperiment", secrets: Sequence[str]) -> dict[str, Any]:
    return {
        "name": experiment.identifier,
        "status": experiment.status,
        "identity": experiment.identity,
        "overrides": list(experiment.overrides),
        "config": mask(encode_config(experiment.resolved), secrets),
    }
