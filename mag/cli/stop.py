"""`mag stop`: a sweep or an experiment is stopped gracefully."""

import contextlib
import os
import signal
import time

import click

from mag.cli.limits import Duration
from mag.cli.messages import say
from mag.cli.output import escape
from mag.cli.references import STORE_OPTION, open_store, refer
from mag.disk import files
from mag.disk.locks import is_held, read_holder
from mag.errors import NotFoundError, RecordError
from mag.record.controls import read_control
from mag.record.paths import StorePaths
from mag.record.store import Store, StoredExperiment
from mag.record.sweeps import StoredSweep, ask, find_sweep, read_sweep

HELP = """Stop a sweep, or one experiment.

\b
  mag stop              the sweep that is running
  mag stop 1a2b3c       the sweep whose id begins or ends so
  mag stop '10|0.01'    one experiment; its sweep goes on
  mag stop --now        without waiting for the grace period

What runs gets SIGTERM, has a grace period to end in (a sweep its own, an experiment --grace), and is then killed. It is
recorded as interrupted. The command returns when it has ended.

Exit status: 0 stopped, 4 there is no such sweep or experiment.
"""

_LOOK_SECONDS = 0.05


@click.command(help=HELP, short_help="Stop a sweep or an experiment.")
@click.argument("reference", metavar="[SWEEP | EXPERIMENT]", required=False)
@click.option("--now", is_flag=True, help="Kill at once.")
@click.option("--grace", type=Duration(), default=10.0, help="Time that an experiment has to end in (10s).")
@STORE_OPTION
def command(*, reference: str | None, now: bool, grace: float, directory: str | None) -> None:
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
    while sweep.running:
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
