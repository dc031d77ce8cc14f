"""A sweep from its plan to its report: the stages, each named once and in order."""

import contextlib
import dataclasses
import os
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mag.code.environment import Environment, gather_environment
from mag.config.secrets import mask_command
from mag.disk import locks
from mag.launch.capacity import count_cpus, count_room
from mag.launch.control import converse
from mag.launch.local import LocalLauncher, Server
from mag.launch.signals import stop_but_on_interrupt, stop_on_signals
from mag.plans.plan import Plan, PlannedExperiment, digest_plan
from mag.record.claims import prepare_store
from mag.record.controls import hold_sweep, release_sweep
from mag.record.paths import StorePaths
from mag.record.provenance import Provenance, gather_provenance, store_environment
from mag.record.recovery import recover_experiment, recover_store
from mag.record.sweeps import choose_id, write_manifest
from mag.run.limits import Limits
from mag.run.servers import AppServer
from mag.run.serving import limit_threads
from mag.run.tasks import RETRIED, Conditions, Outcome
from mag.settings import Settings
from mag.sweeps.changes import list_changes, list_changes_of_done
from mag.sweeps.ownership import check_owners
from mag.sweeps.sharing import run_shared
from mag.sweeps.tally import Tally

_ROOM = 4
"""For how many times as many jobs as there are CPUs a sweep has room, should it be given more while it runs."""

_STAMP_LAG = 0.01
"""By how many seconds the clock by which the kernel stamps files may be behind: a tick, 10 ms at most."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a plan is to be executed.

    Attributes:
        app: How the app is called in records.
        settings: The project's.
        source: The directory of the app's file, whose repository has the code; None for the current directory.
        overrides: What was typed.
        jobs: How many experiments run at a time; None for as many as there are CPUs.
        force: Run completed experiments again.
        grace: Seconds between SIGTERM and SIGKILL when an experiment is ended.
        limits: What one experiment may cost.
        retries: How often a faulty experiment is tried again.
        retry_on: The causes for which it is.
        max_failures: Start nothing more after so many faulty experiments; None for no limit.
        gpus: What CUDA_VISIBLE_DEVICES is to be for each of those that run at the same time; empty to leave it alone.
        manifest: Whether a manifest is kept: of a sweep, not of a single run.
        commit: The code, where `read_commit` has told it already.
        in_process: Run in this process, one after the other.
    """

    app: str
    settings: Settings
    source: Path | None = None
    overrides: tuple[str, ...] = ()
    jobs: int | None = None
    force: bool = False
    grace: float = 10.0
    limits: Limits = dataclasses.field(default_factory=Limits)
    retries: int = 0
    retry_on: tuple[str, ...] = RETRIED
    max_failures: int | None = None
    gpus: tuple[str, ...] = ()
    manifest: bool = True
    commit: Mapping[str, Any] | None = None
    in_process: bool = False


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What became of a sweep.

    Attributes:
        plan: What was asked for.
        counts: How many of the planned experiments ended how; those complete before count as "skipped".
        faulty: The outcomes of those that did not complete.
        last: The outcome that came last; None if nothing was to be done.
        signal: The signal that stopped it; None if none did.
        remarks: What else there is to say, and of how many experiments.
    """

    plan: Plan
    counts: Counter[str]
    faulty: tuple[Outcome, ...] = ()
    last: Outcome | None = None
    signal: int | None = None
    remarks: Counter[str] = dataclasses.field(default_factory=Counter)

    def __repr__(self) -> str:
        """Tell how many ended how: the plan would fill the screen of a notebook."""
        counts = ", ".join(f"{status}={number}" for status, number in (+self.counts).items())
        return f"Report(exit_code={self.exit_code}, {counts})"

    @property
    def exit_code(self) -> int:
        """The exit status: 0 if all is done, 1 if an experiment failed, 128 + signal if the sweep was stopped."""
        if self.signal:
            return 128 + self.signal
        return 0 if set(+self.counts) <= {"completed", "skipped"} else 1


class Observer:
    """Told of what happens while a plan is executed; this one takes no notice."""

    def remark(self, line: str) -> None:
        """There is something to know before the first experiment starts."""

    def begin(self, plan: Plan, todo: Sequence[PlannedExperiment], tally: Tally) -> None:
        """The first experiment is about to start; `tally` can be asked at any time how far the sweep is."""

    def end(self, outcome: Outcome) -> None:
        """An experiment has ended."""

    def wait(self, count: int) -> None:
        """All that is left is being run by other processes, and waited for."""

    def interrupt(self, number: int) -> None:
        """A signal asked the command to stop."""


def execute(plan: Plan, order: Order, server: AppServer, observer: Observer) -> Report:
    """Run what is left of a plan, and return what became of it.

    Raises:
        UsageError: The app cannot be imported, or another one ran these experiments; nothing was started or written.
        RecordError: The experiments directory cannot be written; nothing was started.
    """
    check_owners(plan.experiments, order.app, order.settings)
    todo = list(plan) if order.force else plan.select_unfinished()
    recover_store(plan.store)
    if not order.manifest:  # nor had it one before, which would tell of a death
        for experiment in plan:
            recover_experiment(plan.store.experiment(experiment.identifier))
    if not todo:
        locks.tidy_shared_folder(str(plan.store.manifests))
        for line in list_changes_of_done(plan, order.source or Path.cwd(), order.settings):
            observer.remark(line)
        return Report(plan, Counter(skipped=len(plan)))
    jobs = choose_jobs(order, len(todo))
    threads, began = max(1, count_cpus() // jobs), time.time() - _STAMP_LAG
    server.start(threads)
    try:
        environment = gather_surroundings(order.settings, threads)
        conditions = _gather_conditions(plan, order, environment, began)
        server.wait_until_ready()
        prepare_store(plan.store)
        store_environment(plan.store, environment)
        if jobs < min(order.jobs or 1, len(todo), len(order.gpus) or len(todo)):
            observer.remark(f"{jobs} at a time, not {order.jobs}: `ulimit -n` allows no more open files")
        if "top" not in conditions.provenance.commit:
            observer.remark(f"the code is not recorded: {conditions.provenance.commit.get('reason')}")
        for line in list_changes(plan, todo, conditions.provenance, order.settings.secrets):
            observer.remark(line)
        with _announced(plan, order, conditions.provenance):
            room = _choose_room(order, jobs, len(todo))
            tally = Tally(len(plan), len(plan) - len(todo), jobs, room)
            launcher = _make_launcher(server, conditions, order, tally, jobs=jobs, room=room)
            observer.begin(plan, todo, tally)
            outcomes = run_shared(launcher, todo, plan.store, force=order.force, waiting=observer.wait)
            stopped = _run(launcher, outcomes, conditions, tally, observer, in_process=order.in_process)
            launcher.close()
    finally:
        server.close()
    return Report(plan, tally.counts, tuple(tally.faulty), tally.last, stopped, tally.remarks)


def choose_jobs(order: Order, todo: int) -> int:
    """Return how many experiments run at a time: as asked, else one for each GPU slot, else one for each CPU.

    Never more than this process may have connections to.
    """
    jobs = 1 if order.in_process else order.jobs or len(order.gpus) or order.settings.jobs or count_cpus()
    return max(1, min(jobs, todo, len(order.gpus) or todo, count_room()))


@contextlib.contextmanager
def _announced(plan: Plan, order: Order, provenance: Provenance) -> Iterator[None]:
    """Keep the sweep's manifest, and show that its runner lives while the block runs."""
    if provenance.sweep is None:
        yield
        return
    write_manifest(plan.store, provenance, mask_command(order.overrides, order.settings.secrets), digest_plan(plan))
    lock = hold_sweep(plan.store, provenance.sweep)
    try:
        yield
    finally:
        if lock is not None:
            release_sweep(plan.store, provenance.sweep, lock)


def _choose_room(order: Order, jobs: int, todo: int) -> int:
    """Return how many may run at a time when another number is asked for later."""
    if order.in_process or not order.manifest:
        return 1
    return max(jobs, min(todo, count_room(), len(order.gpus) or _ROOM * max(jobs, count_cpus())))


def _make_launcher(
    server: Server, conditions: Conditions, order: Order, tally: Tally, *, jobs: int, room: int
) -> LocalLauncher:
    return LocalLauncher(
        server,
        conditions,
        jobs=jobs,
        gpus=order.gpus,
        most=room,
        max_failures=order.max_failures,
        started=tally.start,
    )


def _run(
    launcher: LocalLauncher,
    outcomes: Iterable[Outcome],
    conditions: Conditions,
    tally: Tally,
    observer: Observer,
    *,
    in_process: bool,
) -> int | None:
    """Take in the outcomes; return the signal that stopped the sweep, if one did.

    Where an experiment runs in this process, they interrupt it, and so end the sweep.
    """
    store, sweep = StorePaths(conditions.store), conditions.provenance.sweep
    with (
        stop_but_on_interrupt(launcher.stop)
        if in_process
        else stop_on_signals(launcher.stop, observer.interrupt) as interruption,
        converse(launcher, store, sweep, tally.read, tally.adjust),
    ):
        for outcome in outcomes:
            tally.end(outcome)
            observer.end(outcome)
            if in_process and outcome.cause == "interrupted":
                interruption.signal = interruption.signal or signal.SIGINT
        tally.finish()
    return interruption.signal


def gather_surroundings(settings: Settings, threads: int) -> Environment:
    """Return the environment that experiments get in this project, with so many threads for numerical libraries."""
    variables = {"PYTHONHASHSEED": "0", **os.environ}
    limit_threads(variables, threads)
    return gather_environment(settings.root, variables)


def _gather_conditions(plan: Plan, order: Order, environment: Environment, began: float) -> Conditions:
    from mag.code.commit import read_commit  # noqa: PLC0415  (what is loaded before the fork, each child carries)
    from mag.code.omissions import Rules  # noqa: PLC0415

    source, store = order.source or Path.cwd(), Path(plan.store.root)
    rules = Rules.of(order.settings, plan.config_files)
    provenance = gather_provenance(
        app=order.app,
        environment=environment,
        commit=order.commit or read_commit(source, store=store, rules=rules, since=began),
        sweep=choose_id() if order.manifest else None,
        secrets=order.settings.secrets,
    )
    # absolute: an experiment may change its directory
    return Conditions(
        os.path.abspath(plan.store.root),
        provenance,
        order.settings,
        order.grace,
        order.limits,
        order.retries,
        order.retry_on,
    )
