"""`mag watch`: a sweep, live, from another terminal."""

import math
import os
import shutil
import sys
import time
from typing import Any

import click

from mag.cli.control import SWEEP_ARGUMENT, open_sweep
from mag.cli.live import draw_progress, label_experiments, paint
from mag.cli.output import write_lines
from mag.cli.progress import describe_progress
from mag.cli.references import STORE_OPTION
from mag.cli.status import tell_phases
from mag.compare.columns import read_value
from mag.compare.rows import is_number
from mag.record.paths import StorePaths
from mag.record.progress import Progress
from mag.record.store import Store
from mag.record.sweeps import StoredSweep, read_sweep

HELP = """Show the progress of a sweep until it ends, from any terminal that sees the experiments directory.

\b
  mag watch               the running sweep, else the latest
  mag watch 1a2b3c        the one whose id begins or ends with this
  mag watch --metric loss.min

A terminal shows a few lines: what is done, how long it took and will take; what runs, named by the overrides that
differ, with its last metric and line; the latest failures; the highest and lowest --metric (or first result). A pipe
gets a line whenever something changes. Ctrl-C ends the view, not the sweep.

Exit status: 0 if all experiments of the sweep are done, 1 if not, 4 if there is no such sweep.
"""

_LOOK_SECONDS = 0.5


@click.command(help=HELP, short_help="Show a sweep live.")
@SWEEP_ARGUMENT
@click.option("--metric", metavar="NAME", help="Show the highest and lowest of this result or metric, and a chart.")
@STORE_OPTION
def command(*, reference: str | None, metric: str | None, directory: str | None) -> int:
    """Look at the sweep's progress file until its runner has ended."""
    store, sweep = open_sweep(reference, directory)
    if sweep.state == "submitted":
        tell_phases(store, sweep)
        sweep = read_sweep(store, sweep.id)
    sweep = _watch_on_terminal(store, sweep, metric) if sys.stdout.isatty() else _watch_through_pipe(store, sweep)
    progress = sweep.progress
    write_lines(
        [f"{sweep.id} {sweep.state}: {describe_progress(progress)}" if progress else f"{sweep.id} {sweep.state}"]
    )
    return 0 if progress and progress.done == progress.total else 1


class _Best:
    """The best of a sweep so far, by a result or metric."""

    def __init__(self, store: StorePaths, sweep: StoredSweep, metric: str) -> None:
        self._store = Store(store.root)
        self._metric = metric
        self._waiting = [str(entry.get("identifier")) for entry in sweep.manifest.get("plan", [])]
        self._found: dict[str, list[Any]] = {}

    def look(self, progress: Progress) -> dict[str, Any] | None:
        """Return the extremes of what has ended, as `Progress.extremes` has them."""
        if len(self._waiting) > progress.total - progress.ended:
            self._waiting = [name for name in self._waiting if not self._take(name)]
        return {"metric": self._metric, **self._found} if self._found else None

    def _take(self, name: str) -> bool:
        if not os.path.isdir(self._store.paths.experiment(name).directory):
            return False
        one = self._store.find(name)
        if not one.completed:
            return False
        value = read_value(one, self._metric)
        if is_number(value) and not math.isnan(value):
            self._found["highest"] = max(self._found.get("highest", [value, name]), [value, name])
            self._found["lowest"] = min(self._found.get("lowest", [value, name]), [value, name])
        return True


def _watch_on_terminal(store: StorePaths, sweep: StoredSweep, metric: str | None) -> StoredSweep:
    from rich.console import Console
    from rich.live import Live

    plan = [entry for entry in sweep.manifest.get("plan", []) if isinstance(entry, dict)]
    labels = label_experiments((str(entry.get("identifier")), entry.get("overrides") or ()) for entry in plan)
    best = _Best(store, sweep, metric) if metric else None
    with Live(console=Console(highlight=False), auto_refresh=False, transient=True) as live:
        while sweep.is_going:
            if sweep.progress:
                width = shutil.get_terminal_size().columns - 1
                extremes = best.look(sweep.progress) if best else None
                lines = draw_progress(sweep.progress, store, width, labels, extremes=extremes, metric=metric)
                live.update(paint([f"{sweep.id} {sweep.state}", *lines]), refresh=True)
            time.sleep(_LOOK_SECONDS)
            sweep = read_sweep(store, sweep.id)
    return sweep


def _watch_through_pipe(store: StorePaths, sweep: StoredSweep) -> StoredSweep:
    told = ""
    while sweep.is_going:
        line = describe_progress(sweep.progress) if sweep.progress else ""
        if line != told:
            write_lines([line])
            sys.stdout.flush()
            told = line
        time.sleep(_LOOK_SECONDS)
        sweep = read_sweep(store, sweep.id)
    return sweep
