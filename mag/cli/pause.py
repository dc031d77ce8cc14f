"""`mag pause`: a sweep starts nothing more for now."""

import click

from mag.cli.messages import say
from mag.cli.references import STORE_OPTION, lead_to
from mag.cli.sweeps import SWEEP_ARGUMENT, open_sweep
from mag.record.sweeps import ask

HELP = """Let a sweep that is running start nothing more for now; what runs goes on to its end.

\b
  mag pause     the sweep that is running
  mag resume    go on
"""


@click.command(help=HELP, short_help="Let a sweep start nothing more for now.")
@SWEEP_ARGUMENT
@STORE_OPTION
def command(*, reference: str | None, directory: str | None) -> None:
    """Ask the sweep's runner."""
    store, sweep = open_sweep(reference, directory)
    ask(store, sweep, paused=True)
    say(f"The sweep {sweep.id} starts nothing more.\nNext: mag resume {sweep.id}{lead_to(store.root, directory)}")
