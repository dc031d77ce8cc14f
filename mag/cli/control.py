"""Steering a sweep from another terminal: `mag stop`, `mag pause`, `mag resume`, `mag jobs`."""

import contextlib
import os
import signal
import time

import click

from mag.cli.messages import say
from mag.cli.options import Duration
from mag.cli.output import escape
from mag.cli.references import STORE_OPTION, lead_to, open_store, refer
from mag.disk import files
from mag.disk.locks import is_held, read_holder
from mag.errors import NotFoundError, RecordError
from mag.launch.engines import cancel_batches
from mag.record.paths import StorePaths
from mag.record.store import Store, StoredExperiment
from mag.record.sweeps import StoredSweep, ask, find_sweep, read_control, read_sweep

SWEEP_ARGUMENT = click.argument("reference", metavar="[SWEEP]", required=False)


def open_sweep(reference: str | None, directory: str | None) -> tuple[StorePaths, StoredSweep]:
    """Return the store and the sweep that a command means: that of the id, the one that runs, or the newest.

    Raises:
        NotFoundError: There is none, or it is not clear which.
    """
    store = open_store(directory).paths
    return store, find_sweep(store, reference)


STOP_HELP = """Stop a sweep, or one experiment.

\b
  mag stop              the sweep that is running
  mag stop 1a2b3c       the sweep whose id begins or ends with this
  mag stop '10|0.01'    one experiment; its sweep goes on
  mag stop --now        without waiting for the grace period

Running experiments get SIGTERM, have a grace period to end in (the sweep's own; for a single experiment --grace), and
are then killed. They are recorded as interrupted. The command returns when they have ended.

Exit status: 0 stopped, 2 if it is not running, 4 if there is no such sweep or experiment.
"""

_LOOK_SECONDS = 0.05


@click.command(help=STOP_HELP, short_help="Stop a sweep or an experiment.")
@click.argument("reference", metavar="[SWEEP | EXPERIMENT]", required=False)
@click.option("--now", is_flag=True, help="Kill at once.")
@click.option("--grace", type=Duration(), default=10.0, help="How long an experiment has to end (10s).")
@STORE_OPTION
def stop_command(*, reference: str | None, now: bool, grace: float, directory: str | None) -> None:
    """Find out what is meant, and stop it."""
    store = open_store(directory)
    sweep = _find_sweep(store, reference)
    if sweep is not None:
        _stop_sweep(store.paths, sweep, now=now)
        return
    experiment = _find(store, reference or "")
    _stop_experiment(experiment, now=now, grace=grace)
    say(f"Next: mag show {escape(refer(experiment, directory))}")


def _find_sweep(store: Store, reference: str | None) -> StoredSweep | None:
    """Return the sweep that is meant; None where an experiment is: one of exactly that name, whatever ids end so."""
    if reference is not None and os.path.isdir(store.paths.experiment(reference).private):
        return None
    try:
        return find_sweep(store.paths, reference)
    except NotFoundError:
        if reference is None:
            raise
        return None


def _find(store: Store, reference: str) -> StoredExperiment:
    try:
        return store.find(reference)
    except NotFoundError:
        raise NotFoundError(
            f"There is neither a sweep nor an experiment {reference!r} in {store.paths.root}: `mag status` lists the "
            f"sweeps, `mag ls status=running` the experiments that run."
        ) from None


def _stop_sweep(store: StorePaths, sweep: StoredSweep, *, now: bool) -> None:
    ask(store, sweep, stops=2 if now else max(1, read_control(store, sweep.id).stops))
    if not sweep.running:
        cancel_batches(store, sweep.id, at_once=now)
    while sweep.is_going:
        time.sleep(_LOOK_SECONDS)
        sweep = read_sweep(store, sweep.id)
    say(f"The sweep {sweep.id} has ended.\nNext: the command that started it, again, does what is left")


def _send(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _stop_experiment(experiment: StoredExperiment, *, now: bool, grace: float) -> None:
    name, paths = escape(experiment.name), experiment.paths
    pid = read_holder(paths.lock)
    if experiment.status != "running":
        raise RecordError(f"Experiment {name!r} is not running: its status is {experiment.status}.")
    made_by = experiment.record.host if experiment.record else {}
    host = made_by.get("name")
    if pid is None:
        raise RecordError(
            f"Experiment {name!r} is about to start, or a block of a program, process {made_by.get('pid')} on {host}: "
            f"interrupt that where it runs."
        )
    if host != os.uname().nodename:
        raise RecordError(f"Experiment {name!r} runs on {host}: stop it there, or stop its sweep.")
    files.refuse_link(paths.private)
    with contextlib.suppress(RecordError):
        files.write_file(paths.stop, b"")
    if read_holder(paths.lock) != pid:  # it has ended meanwhile; what comes after it is not meant
        files.remove_file(paths.stop)
        say(f"Experiment {name} has ended.")
        return
    deadline = time.monotonic() + (0 if now else grace)
    _send(pid, signal.SIGKILL if now else signal.SIGTERM)
    while is_held(paths.lock) and read_holder(paths.lock) == pid:
        if time.monotonic() > deadline:
            _send(pid, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)
    say(f"Experiment {name} has ended.")


PAUSE_HELP = """Pause a sweep: it starts nothing more for now, and running experiments finish.

\b
  mag pause     the sweep that is running
  mag resume    go on
"""


@click.command(help=PAUSE_HELP, short_help="Pause a sweep: start nothing more for now.")
@SWEEP_ARGUMENT
@STORE_OPTION
def pause_command(*, reference: str | None, directory: str | None) -> None:
    """Ask the sweep's runner."""
    store, sweep = open_sweep(reference, directory)
    ask(store, sweep, paused=True)
    say(f"The sweep {sweep.id} starts nothing more.\nNext: mag resume {sweep.id}{lead_to(store.root, directory)}")


RESUME_HELP = """Continue a sweep that `mag pause` paused.

To continue a sweep whose runner has ended, run its command again: it does what is left.

To continue one experiment from where its last attempt stopped, see `mag help checkpoints`.
"""


@click.command(help=RESUME_HELP, short_help="Continue a paused sweep.")
@SWEEP_ARGUMENT
@STORE_OPTION
def resume_command(*, reference: str | None, directory: str | None) -> None:
    """Ask the sweep's runner."""
    store, sweep = open_sweep(reference, directory)
    ask(store, sweep, paused=False)
    say(f"The sweep {sweep.id} goes on.\nNext: mag watch {sweep.id}{lead_to(store.root, directory)}")


JOBS_HELP = """Change how many experiments a running sweep runs at a time.

\b
  mag jobs 8            the sweep that is running
  mag jobs 1a2b3c 8     the one whose id begins or ends with this

With a smaller number, running experiments still finish. The most a sweep can run is four times the number of CPUs (or
of the jobs it was started with, if that is more), or the number of its GPU slots.
"""


@click.command(help=JOBS_HELP, short_help="Change how many experiments run at a time.")
@click.argument("words", nargs=-1, metavar="[SWEEP] NUMBER", required=True)
@STORE_OPTION
def jobs_command(*, words: tuple[str, ...], directory: str | None) -> None:
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
