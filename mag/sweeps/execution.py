"""Execution: the way of everything that runs, from a request to its report."""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mag.code.environment import Environment, gather_environment
from mag.config.secrets import mask, mask_command
from mag.disk import locks
from mag.launch.capacity import count_cpus, count_room
from mag.launch.control import converse
from mag.launch.gpu_book import GpuBook, tell_busy
from mag.launch.gpus import describe
from mag.launch.local import LocalLauncher, Server, load_engine
from mag.launch.signals import stop_but_on_interrupt, stop_on_signals
from mag.record.claims import prepare_store
from mag.record.controls import hold_sweep, release_sweep
from mag.record.paths import StorePaths
from mag.record.provenance import gather_provenance, store_environment
from mag.record.recovery import recover_experiment, recover_store
from mag.record.sweeps import choose_id, write_manifest
from mag.run.randomness import describe_kept
from mag.run.serving import limit_threads
from mag.run.tasks import Conditions, Outcome, Task
from mag.settings import Settings
from mag.sweeps.codebase import Codebase
from mag.sweeps.observer import Observer
from mag.sweeps.ownership import check_owners
from mag.sweeps.report import Report, Tracker
from mag.sweeps.request import Request

if TYPE_CHECKING:
    from mag.plans.plan import Plan, PlannedExperiment

_ROOM = 4
"""For how many times as many jobs as there are CPUs a sweep has room, should it be given more while it runs."""

_STAMP_LAG = 0.01
"""By how many seconds the clock by which the kernel stamps files may be behind: a tick, 10 ms at most."""

_LOOK_SECONDS = 0.1
"""Between looks at what other processes run."""


def execute(request: Request, observer: Observer) -> Report:
    """Run what is asked for, and return what became of it.

    Raises:
        MagError: What is asked for cannot be planned, another app ran it, the app cannot be imported, or the
            experiments directory cannot be written; nothing was started.
    """
    with request.lend_code(observer) as code, code.lend_env(), request.open_server(code) as server:
        plan = request.make_plan(code, observer, server)
        todo = _select_unfinished(plan, request, code)
        if not todo:
            return _report_done(plan, code, observer)
        slots = _choose_slots(request, code.settings, len(todo))
        began = time.time() - _STAMP_LAG
        slots = slots._replace(threads=server.start(slots.threads, code.random.get("import_seed")))
        load_engine(slots.room)
        environment = _gather_environment(code, slots.threads)
        commit = code.commit or _read_commit(code, plan, began)
        server.wait_until_ready()
        conditions = _record_code(request, plan, code, environment, _complete(commit, server.files, code, plan, began))
        if code.app is not None and code.app.is_hydra:
            from mag.sweeps.reading import prepare_hydra  # noqa: PLC0415 - other experiments would carry it along

            prepare_hydra(server, todo)
        _prepare_store(plan, todo, environment)
        if server.kept:
            observer.remark(describe_kept(server.kept, code.name))
        for line in _list_changes(plan, todo, slots, request, conditions):
            observer.remark(line)
        with _freeze_plan(plan, request, conditions):
            tracker = Tracker(len(plan), len(plan) - len(todo), slots.jobs, slots.room)
            launcher = _make_launcher(server, conditions, request, slots, tracker)
            observer.begin(plan, todo, tracker)
            outcomes = _launch(launcher, todo, plan.store, request, observer)
            stopped = _conclude(launcher, outcomes, tracker, observer, conditions, in_process=request.in_process)
    return Report(plan, tracker.counts, tuple(tracker.faulty), tracker.last, stopped, tracker.remarks, code.tree)


def _select_unfinished(plan: "Plan", request: Request, code: Codebase) -> "list[PlannedExperiment]":
    """Return what is left to run, once it is known whose it is and what died is told as what it is.

    Raises:
        UsageError: Another app ran these experiments.
    """
    check_owners(plan.experiments, code.name, code.settings)
    todo = list(plan) if request.force else plan.select_unfinished()
    recover_store(plan.store)
    if not request.manifest:  # nor had it one before, which would tell of a death
        for experiment in plan:
            recover_experiment(plan.store.experiment(experiment.identifier))
    return todo


def _report_done(plan: "Plan", code: Codebase, observer: Observer) -> Report:
    from mag.sweeps.changes import list_changes_of_done  # noqa: PLC0415 - experiments would carry it along

    locks.tidy_shared_folder(str(plan.store.manifests))
    for line in (*plan.remarks, *list_changes_of_done(plan, code)):
        observer.remark(line)
    return Report(plan, Counter(skipped=len(plan)))


class _Slots(NamedTuple):
    """How many experiments run at a time.

    Attributes:
        jobs: At the start.
        room: At most, when another number is asked for later.
        threads: How many threads the numerical libraries of each may use; None for as many as the code was run with.
    """

    jobs: int
    room: int
    threads: int | None


def _choose_slots(request: Request, settings: Settings, todo: int) -> _Slots:
    jobs = choose_jobs(request, settings, todo)
    threads = max(1, count_cpus() // jobs) if request.limit_threads else None
    if request.in_process or not request.manifest:
        return _Slots(jobs, 1, threads)
    room = min(todo, count_room(), request.gpu_slots or _ROOM * max(jobs, count_cpus()))
    return _Slots(jobs, max(jobs, room), threads)


def choose_jobs(request: Request, settings: Settings, todo: int) -> int:
    """Return how many experiments run at a time: as asked, else one for each GPU slot, else one for each CPU.

    Never more than this process may have connections to.
    """
    jobs = 1 if request.in_process else request.jobs or request.gpu_slots or settings.jobs or count_cpus()
    return max(1, min(jobs, todo, request.gpu_slots or todo, count_room()))


def _gather_environment(code: Codebase, threads: int | None) -> Environment:
    variables = {**os.environ, **code.variables}
    if not variables.get("PYTHONPATH"):
        variables.pop("PYTHONPATH", None)
    if code.app is not None:  # a script is started with what it was started with before
        variables = {"PYTHONHASHSEED": "0"} | variables
        limit_threads(variables, threads)
    return gather_environment(code.settings.root, variables, mask(code.env, code.settings.secrets))


def _record_code(
    request: Request, plan: "Plan", code: Codebase, environment: Environment, commit: Mapping[str, Any]
) -> Conditions:
    """Return what all experiments have in common."""
    provenance = gather_provenance(
        app=code.name,
        environment=environment,
        commit=commit if code.function is None else {**commit, "function": code.function},
        sweep=choose_id() if request.manifest else None,
        secrets=code.settings.secrets,
    )
    # absolute: an experiment may change its directory
    return Conditions(
        os.path.abspath(plan.store.root),
        provenance,
        code.settings,
        request.grace,
        request.limits,
        request.retries,
        request.retry_on,
        code.random.get("seed"),
    )


def _read_commit(code: Codebase, plan: "Plan", began: float, modules: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """Keep the code as it is now."""
    from mag.code.commit import read_commit  # noqa: PLC0415 - experiments would carry it along
    from mag.code.omissions import Rules  # noqa: PLC0415

    rules = Rules.of(code.settings, plan.config_files, modules)
    return read_commit(code.source, store=Path(plan.store.root), rules=rules, since=began)


def _complete(
    commit: Mapping[str, Any], files: Sequence[str], code: Codebase, plan: "Plan", began: float
) -> Mapping[str, Any]:
    """Return the code record with all modules that the app has imported, wherever they are."""
    from mag.code.elsewhere import complete_commit, complete_copied  # noqa: PLC0415 - experiments would carry it along

    if code.commit is not None:
        return complete_copied(commit, files, code.moved.values())
    return complete_commit(commit, files, lambda modules: _read_commit(code, plan, began, modules))


def _prepare_store(plan: "Plan", todo: "Sequence[PlannedExperiment]", environment: Environment) -> None:
    prepare_store(plan.store)
    store_environment(plan.store.experiment(todo[0].identifier).home, environment)


def _list_changes(
    plan: "Plan", todo: "Sequence[PlannedExperiment]", slots: _Slots, request: Request, conditions: Conditions
) -> list[str]:
    """Return what is not as it was asked for, or as it was when a part of the same experiments ran."""
    from mag.sweeps.changes import list_changes  # noqa: PLC0415 - experiments would carry it along

    lines = [*plan.remarks]
    if slots.jobs < min(request.jobs or 1, len(todo), request.gpu_slots or len(todo)):
        lines.append(f"{slots.jobs} at a time, not {request.jobs}: `ulimit -n` allows no more open files")
    if request.gpus is not None:
        lines += [line for line in (describe(request.gpus), tell_busy(request.gpus)) if line is not None]
    if "top" not in conditions.provenance.commit:
        lines.append(f"the code is not recorded: {conditions.provenance.commit.get('reason')}")
    return lines + list_changes(plan, todo, conditions.provenance, conditions.settings)


@contextlib.contextmanager
def _freeze_plan(plan: "Plan", request: Request, conditions: Conditions) -> Iterator[None]:
    """Write the plan down, and show that its runner lives while the block runs."""
    provenance = conditions.provenance
    if provenance.sweep is None:
        yield
        return
    from mag.plans.plan import digest_plan  # noqa: PLC0415 - experiments would carry it along

    typed = mask_command(request.overrides, conditions.settings.secrets)
    write_manifest(plan.store, provenance, typed, digest_plan(plan))
    lock = hold_sweep(plan.store, provenance.sweep)
    try:
        yield
    finally:
        if lock is not None:
            release_sweep(plan.store, provenance.sweep, lock)


def _make_launcher(
    server: Server, conditions: Conditions, request: Request, slots: _Slots, tracker: Tracker
) -> LocalLauncher:
    return LocalLauncher(
        server,
        conditions,
        jobs=slots.jobs,
        gpus=GpuBook(request.gpus, conditions.store, conditions.provenance.sweep) if request.gpus else None,
        most=slots.room,
        max_failures=request.max_failures,
        started=tracker.start,
    )


def _launch(
    launcher: LocalLauncher,
    todo: "Sequence[PlannedExperiment]",
    store: StorePaths,
    request: Request,
    observer: Observer,
) -> Iterator[Outcome]:
    """Yield the one outcome of each experiment; what others are running is waited for, and taken over if they die."""
    planned = {experiment.index: experiment for experiment in todo}
    told, force = 0, request.force
    while todo:
        elsewhere = []
        for outcome in launcher.launch(_list_tasks(todo, force=force, clean=request.clean)):
            if outcome.status == "elsewhere" and not launcher.is_ending:
                elsewhere.append(planned[outcome.index])
            else:
                yield outcome
        todo, force = elsewhere, False  # the current owner may not have been asked to rerun it
        if todo:
            if told != len(todo):
                observer.wait(told := len(todo))
            _wait_for_any(todo, store, launcher)


def _list_tasks(todo: "Sequence[PlannedExperiment]", *, force: bool, clean: bool) -> Iterator[Task]:
    for e in todo:
        known = e.index, e.identifier, e.identity, e.resolved, e.overrides
        task = Task(*known, force=force, attempt=e.attempt, composed=e.written, choices=e.choices, late=e.late)
        yield task._replace(clean=clean)


def _wait_for_any(todo: "Sequence[PlannedExperiment]", store: StorePaths, launcher: LocalLauncher) -> None:
    paths = [store.experiment(experiment.identifier).lock for experiment in todo]
    time.sleep(_LOOK_SECONDS)  # always: it may be another directory, with a suffix, that is held
    while not launcher.is_ending and all(map(locks.is_held, paths)):
        time.sleep(_LOOK_SECONDS)


def _conclude(
    launcher: LocalLauncher,
    outcomes: Iterator[Outcome],
    tracker: Tracker,
    observer: Observer,
    conditions: Conditions,
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
        converse(launcher, store, sweep, tracker.read, tracker.adjust),
    ):
        for outcome in outcomes:
            tracker.end(outcome)
            observer.end(outcome)
            if in_process and outcome.cause == "interrupted":
                interruption.signal = interruption.signal or signal.SIGINT
        tracker.finish()
    launcher.close()
    return interruption.signal
