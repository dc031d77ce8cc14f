"""A sweep from its plan to its report: the stages, each named once and in order."""

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mag.config.composition import Composer
from mag.config.grammar import parse_overrides
from mag.config.secrets import mask_command
from mag.launch.local import LocalLauncher, count_cpus
from mag.launch.signals import stop_on_signals
from mag.record.claims import prepare_store
from mag.record.commit import read_commit
from mag.record.manifests import choose_id, write_manifest
from mag.record.paths import StorePaths
from mag.record.provenance import gather_provenance
from mag.run.forkserver import ForkServer
from mag.run.limits import Limits
from mag.run.tasks import RETRIED, Conditions, Function, Outcome, Task
from mag.settings import Settings, find_settings
from mag.sweeps.plans import Plan, PlannedExperiment, digest_plan, make_plan

FAULTY = ("failed", "killed", "timeout", "interrupted", "lost")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a plan is to be executed.

    Attributes:
        app: How the app is called in records.
        settings: The project's.
        overrides: What was typed.
        jobs: How many experiments run at a time; None for as many as there are CPUs.
        force: Run completed experiments again.
        grace: Seconds between SIGTERM and SIGKILL when an experiment is ended.
        limits: What one experiment may cost.
        retries: How often a faulty experiment is tried again.
        retry_on: The causes for which it is.
        max_failures: Start nothing more after so many faulty experiments; None for no limit.
        manifest: Whether a manifest is kept: of a sweep, not of a single run.
    """

    app: str
    settings: Settings
    overrides: tuple[str, ...] = ()
    jobs: int | None = None
    force: bool = False
    grace: float = 10.0
    limits: Limits = dataclasses.field(default_factory=Limits)
    retries: int = 0
    retry_on: tuple[str, ...] = RETRIED
    max_failures: int | None = None
    manifest: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What became of a sweep.

    Attributes:
        plan: What was asked for.
        outcomes: What became of the experiments that were not complete.
        sweep: The id of its manifest; None if nothing was to be done.
        signal: The signal that stopped it; None if none did.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    sweep: str | None = None
    signal: int | None = None

    def count(self) -> Counter[str]:
        """Return how many of the planned experiments ended how; those complete before count as "skipped"."""
        counts = Counter(outcome.status for outcome in self.outcomes)
        counts["skipped"] += len(self.plan) - len(self.outcomes)
        return +counts

    @property
    def exit_code(self) -> int:
        """The exit status: 0 if all is done, 1 if an experiment failed, 128 + signal if the sweep was stopped."""
        if self.signal:
            return 128 + self.signal
        return 0 if set(self.count()) <= {"completed", "skipped", "elsewhere"} else 1


class Observer:
    """Told of what happens while a plan is executed; this one takes no notice."""

    def begin(self, plan: Plan, todo: Sequence[PlannedExperiment], jobs: int) -> None:
        """The first experiment is about to start."""

    def end(self, outcome: Outcome) -> None:
        """An experiment has ended."""

    def interrupt(self, number: int) -> None:
        """A signal asked the command to stop."""


def execute(plan: Plan, order: Order, load: Callable[[], Function], observer: Observer) -> Report:
    """Run what is left of a plan, and return what became of it.

    Args:
        plan: The experiments.
        order: How.
        load: Imports the app and returns the user's function; called in a process of its own.
        observer: Told of what happens.

    Raises:
        UsageError: The app cannot be imported; nothing was started or written.
        RecordError: The experiments directory cannot be written; nothing was started.
    """
    todo = list(plan) if order.force else plan.select_unfinished()
    if not todo:
        return Report(plan)
    jobs = min(order.jobs or order.settings.jobs or count_cpus(), len(todo))
    server = ForkServer(load, threads=max(1, count_cpus() // jobs))
    try:
        conditions = _gather_conditions(plan, order)
        server.wait_until_ready()
        prepare_store(plan.store)
        write_manifest(plan.store, conditions.provenance, _mask(order), digest_plan(plan))
        launcher = LocalLauncher(server, conditions, jobs=jobs)
        observer.begin(plan, todo, jobs)
        outcomes = []
        with stop_on_signals(launcher.stop, observer.interrupt) as interruption:
            for outcome in launcher.launch(_list_tasks(todo, force=order.force)):
                outcomes.append(outcome)
                observer.end(outcome)
                if order.max_failures and sum(o.status in FAULTY for o in outcomes) >= order.max_failures:
                    launcher.start_no_more()
        launcher.close()
    finally:
        server.close()
    return Report(plan, tuple(outcomes), conditions.provenance.sweep, interruption.signal)


def _gather_conditions(plan: Plan, order: Order) -> Conditions:
    provenance = gather_provenance(
        app=order.app,
        commit=read_commit(order.settings.root or Path.cwd(), ignore=Path(plan.store.root)),
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


def _list_tasks(todo: Sequence[PlannedExperiment], *, force: bool) -> Iterator[Task]:
    for e in todo:
        yield Task(e.index, e.identifier, e.identity, e.resolved, e.overrides, force=force)


def _mask(order: Order) -> list[str]:
    return mask_command(order.overrides, order.settings.secrets)


def sweep(
    function: Function,
    overrides: Sequence[str] = (),
    *,
    config_path: str | Path | None = None,
    config_name: str | None = "config",
    experiments_dir: str | Path | None = None,
    jobs: int | None = None,
    force: bool = False,
) -> Report:
    """Run a function for every combination of overrides, each in a process and a directory of its own.

    Args:
        function: Takes the config and, if it has a second parameter, the experiment.
        overrides: As typed on the command line, `["C=1,10", "gamma=0.1"]`.
        config_path: The directory of the configs; None for none (keys are then added, `+C=1,10`).
        config_name: The primary config in it.
        experiments_dir: Where experiments live; the project's if None.
        jobs: How many run at a time; as many as there are CPUs if None.
        force: Run completed experiments again.

    Raises:
        MagError: An override, a config or the space cannot be used; nothing was started.
    """
    settings = find_settings(Path.cwd())
    composer = Composer(Path(config_path) if config_path is not None else None, config_name)
    store = StorePaths(str(experiments_dir or settings.store_root(Path.cwd())))
    plan = make_plan(parse_overrides(overrides), composer, store, settings)
    order = Order(app=_name(function), settings=settings, overrides=tuple(overrides), jobs=jobs, force=force)
    return execute(plan, order, lambda: function, Observer())


def _name(function: Any) -> str:
    return f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', repr(function))}"
