"""`mag jobs`: another number of experiments at a time."""

import click

from mag.cli.messages import say
from mag.cli.references import STORE_OPTION, lead_to
from mag.cli.sweeps import open_sweep
from mag.record.sweeps import ask

HELP = """Let a sweep that is running run another number of experiments at a time.

\b
  mag jobs 8            the sweep that is running
  mag jobs 1a2b3c 8     the one whose id begins or ends so

With a smaller number, what runs goes on to its end. A sweep has room for four times as many jobs as the machine has
CPUs (or as it was started with, if that is more), or for as many as it has GPU slots.
"""


@click.command(help=HELP, short_help="Give a sweep another number of jobs.")
@click.argument("words", nargs=-1, metavar="[SWEEP] NUMBER", required=True)
@STORE_OPTION
def command(*, words: tuple[str, ...], directory: str | None) -> None:
    """Ask the sweep's runner."""
    number = words[-1]
    if len(words) > 2 or not number.isdecimal() or int(number) < 1:  # noqa: PLR2004
        raise click.UsageError(f"{' '.join(words)!r} is not [SWEEP] NUMBER: type `mag jobs 8`, with a number from 1.")
    store, sweep = open_sweep(words[0] if len(words) > 1 else None, directory)
    ask(store, sweep, jobs=int(number))
    room = sweep.progress.room if sweep.progress else int(number)
    how = f"{number} experiments at a time" if int(number) <= room else f"{room} experiments at a time, the most it can"
    there = lead_to(store.root, directory)
    say(f"The sweep {sweep.id} runs {how}.\nNext: mag watch {sweep.id}{there}")
