"""Requests: what is asked for on a command line or in a program.

Nothing is read before it is asked for: the fork server is forked first, and all that is loaded by then every
experiment has in its memory.
"""

import abc
import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mag.app import App
from mag.app.command_line import CommandLine
from mag.errors import UsageError
from mag.launch.capacity import count_cpus
from mag.launch.engine import EngineRequest
from mag.launch.gpus import GpuRequest
from mag.record.paths import StorePaths
from mag.record.repetition import Repetition
from mag.run.limits import Limits
from mag.run.servers import AppServer, open_server
from mag.run.tasks import RETRIED
from mag.settings import Settings
from mag.sweeps.codebase import Codebase
from mag.sweeps.observer import Observer, Question

if TYPE_CHECKING:
    from mag.config.language.override import Override
    from mag.plans.plan import Plan
    from mag.plans.resolver import Resolver
    from mag.plans.shapes import SpaceOptions
    from mag.sweeps.scripts import ScriptServer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request(abc.ABC):
    """How experiments are to be run; which ones, its subclasses say.

    Attributes:
        overrides: What was typed.
        jobs: How many run at a time; None for as many as there are CPUs.
        force: Run completed experiments again, from an empty directory.
        retry: The statuses that are tried again; None for all whose failure was not accepted.
        clean: Begin with an empty directory, too, where an experiment is tried again.
        limits: What one experiment may cost.
        grace: Seconds between SIGTERM and SIGKILL when an experiment is ended.
        retries: How often a faulty experiment is tried again.
        retry_on: The causes for which it is.
        max_failures: Start nothing more after so many faulty experiments; None for no limit.
        gpus: Those that experiments get for themselves; None to leave that alone.
        limit_threads: Whether numerical libraries get a share of the CPUs, where nothing else is said.
        manifest: Whether a manifest is kept: of a sweep, not of a single run.
        env: Environment variables that the experiments get, besides those that the project's settings name.
        start_method: How experiments are started, "fork" or "spawn"; None for as the app or the settings say.
        links: Files and directories that are no part of the code, to be linked into a copy of it.
        debug: Show the traceback where the app's import raises.
        engine: Which engine runs the experiments; None for this process's own launcher.
        examine: Shown what ended an experiment, all of which run in this process then; None: in their own.
    """

    overrides: Sequence[str] = ()
    jobs: int | None = None
    force: bool = False
    clean: bool = False
    retry: tuple[str, ...] | None = None
    limits: Limits = dataclasses.field(default_factory=Limits)
    grace: float = 10.0
    retries: int = 0
    retry_on: tuple[str, ...] = RETRIED
    max_failures: int | None = None
    gpus: GpuRequest | None = None
    limit_threads: bool = True
    manifest: bool = True
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    start_method: str | None = None
    links: tuple[str, ...] = ()
    debug: bool = False
    engine: EngineRequest | None = None
    examine: Callable[[BaseException], bool] | None = None

    @property
    def gpu_slots(self) -> int | None:
        """For how many experiments at a time there are GPUs; None where that does not matter."""
        return self.gpus.slots if self.gpus is not None else None

    @property
    def in_process(self) -> bool:
        """Whether experiments run in this process, one after the other."""
        return self.examine is not None

    @abc.abstractmethod
    def lend_code(self, observer: Observer) -> contextlib.AbstractContextManager[Codebase]:
        """Lend the code that the experiments run."""

    def open_server(self, code: Codebase) -> "contextlib.AbstractContextManager[AppServer | ScriptServer]":
        """Lend the server that imports the app; best opened before there is a plan."""
        told = self.start_method or (code.app.start_method if code.app else None) or code.settings.start_method
        return open_server(code.load, self.examine, portable=code.release().load, start_method=told)

    @abc.abstractmethod
    def make_plan(self, code: Codebase, observer: Observer, server: "AppServer | ScriptServer") -> "Plan":
        """Return the experiments; the server gets word as soon as there is something to run."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SweepRequest(Request):
    """Every combination of overrides, of one app.

    Attributes:
        app: The app.
        settings: The project's.
        store: Where its experiments live.
        source: The directory of the app's file, whose repository has the code.
        shaping: `zip`, `where`, `exclude`, `sample`, `seed`, `space`, as typed.
        only: Names, or patterns of names, of the experiments that are wanted; all if empty.
        frozen: Run a copy of the code that nobody edits.
        live: Run the code where it is, even if an engine starts experiments later.
        repetition: What the script that asks is run again for; None for a script that is not.
        function: The digest of the function, where a program gave it to mag.
    """

    app: App
    settings: Settings
    store: StorePaths
    source: Path
    shaping: "SpaceOptions" = dataclasses.field(default_factory=dict)  # type: ignore[assignment]  # all of it is optional
    only: tuple[str, ...] = ()
    frozen: bool = False
    live: bool = False
    repetition: Repetition | None = None
    function: str | None = None

    def lend_code(self, observer: Observer) -> contextlib.AbstractContextManager[Codebase]:
        """Lend the code where it is, or a copy of it."""
        env = {**self.settings.env, **self.env}
        app = self.app._replace(hydra_overrides=self._read()[1]) if self.app.is_hydra else self.app
        code = Codebase(app.name, self.settings, self.source, app, env=env, debug=self.debug)
        if self.repetition is not None:
            random = {"seed": self.repetition.seed}
            moved = {Path(top): Path(place) for top, place in self.repetition.moved.items()}
            code = code._replace(commit=self.repetition.provenance["commit"], moved=moved, random=random)
        code = code._replace(function=self.function)
        if not self.frozen and (self.engine is None or self.live):
            return contextlib.nullcontext(code)
        from mag.sweeps.recorded_code import freeze, keep  # noqa: PLC0415 - git, which is needed later as a rule

        if self.engine is None:
            return freeze(app, code, self.store, self.links, observer.warn)
        try:
            return contextlib.nullcontext(keep(app, code, self.store, self.links, observer.warn))
        except UsageError as error:
            if self.frozen:
                raise
            observer.warn(f"{error} Experiments run what is there when they start.")
            return contextlib.nullcontext(code)

    def _read(self) -> "tuple[list[Override], tuple[str, ...]]":
        """Return the overrides of the config, parsed, and those of a `@hydra.main` app for Hydra itself."""
        from mag.app.hydra_words import split_overrides  # noqa: PLC0415 - see above
        from mag.plans.override_files import read_overrides  # noqa: PLC0415

        overrides = read_overrides(self.overrides)
        return split_overrides(overrides) if self.app.is_hydra else (overrides, ())

    def make_plan(self, code: Codebase, observer: Observer, server: "AppServer | ScriptServer") -> "Plan":  # noqa: ARG002 - configs are read where they are
        """Compose every combination.

        Raises:
            MagError: An override, a config or the space cannot be used.
        """
        return self.plan(observer, server, prepare=server.prepare)

    def preview(self, observer: Observer) -> "Plan":
        """Compose every combination; nothing is started or written."""
        code = dataclasses.replace(self, frozen=False).lend_code(observer)
        with code as there, there.lend_env(), self.open_server(there) as server:
            return self.plan(observer, server)

    def plan(
        self, observer: Observer, server: "AppServer | ScriptServer", prepare: Callable[[], None] | None = None
    ) -> "Plan":
        """Compose every combination; the app is imported only where the plan meets what it does not know."""
        from mag.plans.plan import make_plan  # noqa: PLC0415 - see above
        from mag.plans.shapes import read_shape  # noqa: PLC0415
        from mag.sweeps.reading import open_configs  # noqa: PLC0415

        app = self.app.settle(debug=self.debug)
        server.expect(self._count_threads())
        composer, resolver = open_configs(app, server, self.settings, debug=self.debug)
        shape = read_shape(self.shaping, app.config_path)
        question = Question(self.overrides, self._read()[0], composer, shape, self.settings, app.is_hydra)
        observer.check(question)
        known = composer, self.store, self.settings, shape
        if shape.goal is not None:
            plan = self._plan_search(question.overrides, *known, resolver=resolver)
        else:
            plan = make_plan(question.overrides, *known, prepare=prepare, resolver=resolver)
        observer.planned(question)
        if isinstance(app.loaded, CommandLine):
            for experiment in plan:
                app.loaded.check(experiment.resolved)
        for line in plan.remarks:
            observer.warn(line)
        return self._pick_wanted(plan.narrow(self.only))

    def _plan_search(self, overrides: "list[Override]", *known: Any, resolver: "Resolver") -> "Plan":
        from mag.plans.search import plan_search  # noqa: PLC0415 - few sweeps search

        if self.engine is not None:
            raise UsageError(
                "A search chooses points by the results of others, which a launcher for clusters does not wait for: "
                "leave --launcher and --detach out, or --trials."
            )
        return plan_search(overrides, *known, resolver=resolver, most=self.jobs or self.gpu_slots or count_cpus())

    def _count_threads(self) -> int | None:
        """Return how many threads numerical libraries may use where the app is imported before there is a plan."""
        cpus = count_cpus()
        jobs = self.jobs or self.gpu_slots or self.settings.jobs or cpus
        return max(1, cpus // jobs) if self.limit_threads else None

    def _pick_wanted(self, plan: "Plan") -> "Plan":
        """Return the one experiment that a script is run again for, if it is one of these."""
        wanted = [each for each in plan if self.repetition and each.identity == self.repetition.identity]
        if self.repetition is None or not wanted:
            return plan
        folder, name = os.path.split(self.repetition.directory)
        only = wanted[0]._replace(index=0, identifier=name, status="new", app=None)
        return dataclasses.replace(plan, experiments=(only,), store=StorePaths(folder))
