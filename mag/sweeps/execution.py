"""Execution: the way of everything that runs, from a request to its report."""

import contextlib
import dataclasses
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from mag.config.secrets import mask_command
from mag.disk import locks
from mag.errors import LaunchError, UsageError
from mag.launch.control import converse
from mag.launch.gpu_book import GpuBook
from mag.launch.launcher import Launcher
from mag.launch.local import LocalLauncher, Server
from mag.launch.signals import stop_but_on_interrupt, stop_on_signals
from mag.record.paths import StorePaths
from mag.record.pruning import VARIABLE
from mag.record.recovery import recover_experiment, recover_store
from mag.record.sweeps import forget_unsubmitted, hold_sweep, release_sweep, write_manifest
from mag.run.tasks import Conditions, Outcome, Task
from mag.sweeps.codebase import Codebase
from mag.sweeps.observer import Observer
from mag.sweeps.ownership import check_owners
from mag.sweeps.preparation import SlotCounts, choose_slots, list_remarks, prepare
from mag.sweeps.report import Report, Tracker
from mag.sweeps.request import Request

if TYPE_CHECKING:
    from mag.plans.plan import Asker, Plan, PlannedExperiment

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
        slots = choose_slots(request, code.settings, len(todo))
        conditions = prepare(request, plan, todo, code, server, slots=slots)
        if server.remark:
            observer.remark(server.remark.format(app=code.name.partition(":")[0]))
        for line in list_remarks(request, plan, todo, conditions, server.kept, jobs=slots.jobs):
            observer.remark(line)
        with _freeze_plan(plan, request, conditions):
            tracker = Tracker(len(plan) + count_more(plan), count_left(plan, todo), slots.jobs, slots.room)
            launcher = _make_launcher(
                server,
                conditions,
                request,
                slots,
                code=code,
                count=len(todo),
                started=tracker.start,
                search=plan.search,
            )
            observer.begin(plan, todo, tracker)
            outcomes = _launch(launcher, todo, plan, request, observer)
            stopped = _conclude(launcher, outcomes, tracker, observer, conditions=conditions, request=request)
        if (search := plan.search) is not None:
            plan = _complete_plan(plan, search, conditions, request)
            if search.trouble:
                observer.warn(f"the search has ended. {search.trouble}")
                tracker.counts["unstarted"] += search.left
    return Report(plan, tracker.counts, tuple(tracker.faulty), tracker.last, stopped, tracker.remarks, code.tree)


def _select_unfinished(plan: "Plan", request: Request, code: Codebase) -> "list[PlannedExperiment]":
    """Return what is left to run, after checking owners and settling what died.

    Raises:
        UsageError: Another app ran these experiments.
    """
    check_owners(plan.experiments, code.name, code.settings)
    todo = list(plan) if request.force else plan.select_unfinished(request.retry)
    if not request.force and VARIABLE in request.env:
        todo = [one for one in todo if one.status != "pruned"]
    recover_store(plan.store)
    if not request.manifest:  # nor had it one before, which would tell of a death
        for experiment in plan:
            recover_experiment(plan.store.experiment(experiment.identifier))
    return todo


def count_left(plan: "Plan", todo: "Sequence[PlannedExperiment]") -> Counter[str]:
    """Return how many experiments of a plan are left alone, by status."""
    chosen = {one.index for one in todo}
    counts = Counter(one.status for one in plan if one.index not in chosen)
    counts["skipped"] = counts.pop("completed", 0)
    return counts


def count_more(plan: "Plan") -> int:
    """Return how many experiments a search may ask for besides those of its plan."""
    return plan.search.left if plan.search is not None else 0


def _report_done(plan: "Plan", code: Codebase, observer: Observer) -> Report:
    from mag.sweeps.changes import list_changes_of_done  # noqa: PLC0415 - experiments would carry it along

    locks.tidy_shared_folder(str(plan.store.manifests))
    for line in list_changes_of_done(plan, code):
        observer.remark(line)
    return Report(plan, count_left(plan, ()))


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
    except (LaunchError, UsageError):
        if request.engine is not None:
            forget_unsubmitted(plan.store, provenance.sweep)
        raise
    finally:
        if lock is not None:
            release_sweep(plan.store, provenance.sweep, lock)


def _complete_plan(plan: "Plan", search: "Asker", conditions: Conditions, request: Request) -> "Plan":
    """Return the plan with every point a search has asked for, and update the manifest."""
    plan = dataclasses.replace(plan, experiments=tuple(search.experiments))
    from mag.plans.plan import digest_plan  # noqa: PLC0415 - experiments would carry it along

    typed = mask_command(request.overrides, conditions.settings.secrets)
    write_manifest(plan.store, conditions.provenance, typed, digest_plan(plan))
    return plan


def _make_launcher(
    server: Server,
    conditions: Conditions,
    request: Request,
    slots: SlotCounts,
    *,
    code: Codebase,
    count: int,
    started: Callable[[str], None],
    search: "Asker | None" = None,
) -> Launcher:
    if request.engine is not None:
        from mag.sweeps.submission import make_follower  # noqa: PLC0415 - few sweeps are handed to an engine

        return make_follower(request, request.engine, code, conditions, count=count, started=started)
    return LocalLauncher(
        server,
        conditions,
        jobs=slots.jobs,
        gpus=GpuBook(request.gpus, conditions.store, conditions.provenance.sweep) if request.gpus else None,
        most=slots.room,
        max_failures=request.max_failures,
        started=started,
        ended=search.tell if search is not None else lambda _: None,
    )


def _launch(
    launcher: Launcher,
    todo: "Sequence[PlannedExperiment]",
    plan: "Plan",
    request: Request,
    observer: Observer,
) -> Iterator[Outcome]:
    """Yield one outcome for each experiment; those that others run are waited for, and taken over if they die."""
    planned: dict[int, PlannedExperiment] = {}
    more: Iterable[PlannedExperiment] = plan.search or ()
    told, force = 0, request.force
    while todo:
        elsewhere = []
        for outcome in launcher.launch(_list_tasks(chain(todo, more), planned, force=force, clean=request.clean)):
            if outcome.status == "elsewhere" and not launcher.is_ending:
                elsewhere.append(planned[outcome.index])
            else:
                yield outcome
        todo, more, force = elsewhere, (), False  # the current owner may not have been asked to rerun it
        if todo:
            if told != len(todo):
                observer.wait(told := len(todo))
            _wait_for_any(todo, plan.store, launcher)


def _list_tasks(
    experiments: "Iterable[PlannedExperiment]", planned: "dict[int, PlannedExperiment]", *, force: bool, clean: bool
) -> Iterator[Task]:
    """Yield the tasks of experiments, which a search makes only when they are asked for, and note each as planned."""
    for e in experiments:
        planned[e.index] = e
        known = e.index, e.identifier, e.identity, e.resolved, e.overrides
        task = Task(*known, force=force, attempt=e.attempt, composed=e.written, choices=e.choices, late=e.late)
        yield task._replace(clean=clean)


def _wait_for_any(todo: "Sequence[PlannedExperiment]", store: StorePaths, launcher: Launcher) -> None:
    paths = [store.experiment(experiment.identifier).lock for experiment in todo]
    time.sleep(_LOOK_SECONDS)  # always: it may be another directory, with a suffix, that is held
    while not launcher.is_ending and all(map(locks.is_held, paths)):
        time.sleep(_LOOK_SECONDS)


def _conclude(
    launcher: Launcher,
    outcomes: Iterator[Outcome],
    tracker: Tracker,
    observer: Observer,
    *,
    conditions: Conditions,
    request: Request,
) -> int | None:
    """Take in the outcomes; return the signal that stopped the sweep, if one did.

    Where an experiment runs in this process, they interrupt it, and so end the sweep.
    """
    store, sweep, in_process = StorePaths(conditions.store), conditions.provenance.sweep, request.in_process
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
        if request.engine is not None and request.engine.detach and not interruption.signal:
            tracker.leave()
        else:
            tracker.finish()
    launcher.close()
    return interruption.signal
