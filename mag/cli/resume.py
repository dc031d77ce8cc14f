"""`mag resume`: a paused sweep goes on."""

import click

from mag.cli.messages import say
from mag.cli.references import STORE_OPTION, lead_to
from mag.cli.sweeps import SWEEP_ARGUMENT, open_sweep
from mag.record.sweeps import ask

HELP = """Let a sweep go on that was paused with `mag pause`.

A sweep whose runner has ended is not resumed so: type its command again, and what is left is done.
"""


@click.command(help=HELP, short_help="Let a paused sweep go on.")
@SWEEP_ARGUMENT
@STORE_OPTION
def command(*, reference: str | None, directory: str | None) -> None:
    """Ask the sweep's runner."""
    store, sweep = open_sweep(reference, directory)
    ask(store, sweep, paused=False)
    say(f"The sweep {sweep.id} goes on.\nNext: mag watch {sweep.id}{lead_to(store.root, directory)}")
