"""`mag watch`: a sweep, live, from another terminal."""

import shutil
import sys
import time

import click

from mag.cli.control import SWEEP_ARGUMENT, open_sweep
from mag.cli.output import write_lines
from mag.cli.progress import describe_progress, draw_progress
from mag.cli.references import STORE_OPTION
from mag.record.paths import StorePaths
from mag.record.sweeps import StoredSweep, read_sweep

HELP = """Show how far a sweep is until it ends, from any terminal that sees the experiments directory.

\b
  mag watch               the sweep that is running, else the latest
  mag watch 1a2b3c        the one whose id begins or ends so

On a terminal a view of a few lines: what is done, what runs and its last line, the latest failures, the extremes of the
first result. Through a pipe a line whenever something has changed. Ctrl-C ends the view, not the sweep.

Exit status: 0 if all experiments of the sweep are done, 1 if not, 4 if there is no such sweep.
"""

_LOOK_SECONDS = 0.5


@click.command(help=HELP, short_help="Show a sweep live.")
@SWEEP_ARGUMENT
@STORE_OPTION
def command(*, reference: str | None, directory: str | None) -> int:
    """Look at the sweep's progress file until its runner has ended."""
    store, sweep = open_sweep(reference, directory)
    watch = _watch_on_terminal if sys.stdout.isatty() else _watch_through_pipe
    sweep = watch(store, sweep)
    progress = sweep.progress
    write_lines(
        [f"{sweep.id} {sweep.state}: {describe_progress(progress)}" if progress else f"{sweep.id} {sweep.state}"]
    )
    return 0 if progress and progress.done == progress.total else 1


def _watch_on_terminal(store: StorePaths, sweep: StoredSweep) -> StoredSweep:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(highlight=False), auto_refresh=False, transient=True) as live:
        while sweep.running:
            if sweep.progress:
                width = shutil.get_terminal_size().columns - 1
                lines = draw_progress(sweep.progress, store, width)
                live.update(Text("\n".join([f"{sweep.id} {sweep.state}", *lines]), no_wrap=True), refresh=True)
            time.sleep(_LOOK_SECONDS)
            sweep = read_sweep(store, sweep.id)
    return sweep


def _watch_through_pipe(store: StorePaths, sweep: StoredSweep) -> StoredSweep:
    told = ""
    while sweep.running:
        line = describe_progress(sweep.progress) if sweep.progress else ""
        if line != told:
            write_lines([line])
            sys.stdout.flush()
            told = line
        time.sleep(_LOOK_SECONDS)
        sweep = read_sweep(store, sweep.id)
    return sweep
