"""Preparation: what happens between the plan and the first experiment, while the app is imported."""

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mag.code.environment import Environment, gather_environment
from mag.config.secrets import mask
from mag.launch.capacity import count_cpus, count_room
from mag.launch.gpu_book import tell_busy
from mag.launch.gpus import describe
from mag.launch.local import load_engine
from mag.record.claims import prepare_store
from mag.record.provenance import gather_provenance, store_environment
from mag.record.sweeps import choose_id
from mag.run.randomness import describe_kept
from mag.run.servers import AppServer
from mag.run.serving import limit_threads
from mag.run.tasks import Conditions
from mag.settings import Settings
from mag.sweeps.codebase import Codebase
from mag.sweeps.request import Request

if TYPE_CHECKING:
    from mag.plans.plan import Plan, PlannedExperiment
    from mag.sweeps.scripts import ScriptServer

_ROOM = 4
"""For how many times as many jobs as there are CPUs a sweep has room, should it be given more while it runs."""

_STAMP_LAG = 0.01
"""By how many seconds the clock by which the kernel stamps files may be behind: a tick, 10 ms at most."""


class SlotCounts(NamedTuple):
    """How many experiments run at a time.

    Attributes:
        jobs: At the start.
        room: At most, when another number is asked for later.
        threads: How many threads the numerical libraries of each may use; None for as many as the code was run with.
    """

    jobs: int
    room: int
    threads: int | None


def choose_slots(request: Request, settings: Settings, todo: int) -> SlotCounts:
    """Return how many of the experiments that are to do run at a time."""
    if request.engine is not None:
        return SlotCounts(request.jobs or todo, todo, None)
    jobs = choose_jobs(request, settings, todo)
    threads = max(1, count_cpus() // jobs) if request.limit_threads else None
    if request.in_process or not request.manifest:
        return SlotCounts(jobs, 1, threads)
    room = min(todo, count_room(), request.gpu_slots or _ROOM * max(jobs, count_cpus()))
    return SlotCounts(jobs, max(jobs, room), threads)


def choose_jobs(request: Request, settings: Settings, todo: int) -> int:
    """Return how many experiments run at a time: as asked, else one for each GPU slot, else one for each CPU.

    Never more than this process may have connections to.
    """
    jobs = 1 if request.in_process else request.jobs or request.gpu_slots or settings.jobs or count_cpus()
    return max(1, min(jobs, todo, request.gpu_slots or todo, count_room()))


def prepare(
    request: Request,
    plan: "Plan",
    todo: "Sequence[PlannedExperiment]",
    code: Codebase,
    server: "AppServer | ScriptServer",
    *,
    slots: SlotCounts,
) -> Conditions:
    """Import the app, record environment and code meanwhile, and return what all experiments share.

    Raises:
        UsageError: The app cannot be imported.
        RecordError: The experiments directory cannot be written.
    """
    began = time.time() - _STAMP_LAG
    threads = server.start(slots.threads, code.random.get("import_seed"))
    if request.engine is None:
        load_engine(slots.room)
    environment = _gather_environment(code, threads)
    commit = code.commit or _read_commit(code, plan, began)
    server.wait_until_ready()
    commit = _complete(commit, server.files, code, plan, began)
    if code.app is not None and code.app.is_hydra:
        from mag.sweeps.reading import prepare_hydra  # noqa: PLC0415 - other experiments would carry it along

        prepare_hydra(server, todo)
    prepare_store(plan.store)
    store_environment(plan.store.experiment(todo[0].identifier).home, environment)
    conditions = _gather_conditions(request, plan, code, environment, commit)
    return dataclasses.replace(conditions, kept=tuple(server.kept))


def _gather_environment(code: Codebase, threads: int | None) -> Environment:
    variables = {**os.environ, **code.variables}
    if not variables.get("PYTHONPATH"):
        variables.pop("PYTHONPATH", None)
    if code.app is not None:  # a script is started with what it was started with before
        variables = {"PYTHONHASHSEED": "0"} | variables
        limit_threads(variables, threads)
    return gather_environment(code.settings.root, variables, mask(code.env, code.settings.secrets))


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

    if code.moved:
        return complete_copied(commit, files, code.moved.values())
    return complete_commit(commit, files, lambda modules: _read_commit(code, plan, began, modules))


def _gather_conditions(
    request: Request, plan: "Plan", code: Codebase, environment: Environment, commit: Mapping[str, Any]
) -> Conditions:
    """Return what all experiments have in common."""
    provenance = gather_provenance(
        app=code.name,
        environment=environment,
        commit=commit if code.function is None else {**commit, "function": code.function},
        configs=code.describe_configs(),
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


def list_remarks(
    request: Request,
    plan: "Plan",
    todo: "Sequence[PlannedExperiment]",
    conditions: Conditions,
    kept: Sequence[str],
    *,
    jobs: int,
) -> list[str]:
    """Return remarks on what differs from the request, or from earlier runs of the same experiments."""
    from mag.sweeps.changes import list_changes  # noqa: PLC0415 - experiments would carry it along

    lines = [describe_kept(kept, str(conditions.provenance.app))] if kept else []
    if jobs < min(request.jobs or 1, len(todo), request.gpu_slots or len(todo)):
        lines.append(f"{jobs} at a time, not {request.jobs}: `ulimit -n` allows no more open files")
    if request.gpus is not None:
        lines += [line for line in (describe(request.gpus), tell_busy(request.gpus)) if line is not None]
    if "top" not in conditions.provenance.commit:
        lines.append(f"the code is not recorded: {conditions.provenance.commit.get('reason')}")
    return lines + list_changes(plan, todo, conditions.provenance, conditions.settings)
