"""Reruns: one stored config once more, with the code it names, beside the original or as a new experiment."""

import contextlib
import dataclasses
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from mag.app.hydra_words import is_of_hydra
from mag.code.environment import REPLAYED
from mag.config.composition.assignment import assign_values
from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT
from mag.config.identity import compute_identity, read_visibility
from mag.config.language.grammar import parse_overrides
from mag.config.language.lexer import quote
from mag.config.language.override import Override, format_value
from mag.config.secrets import MASK, is_masked, mask_command
from mag.disk import files
from mag.errors import ExistsError, RecordError, UsageError
from mag.plans.plan import Plan, make_plan
from mag.plans.resolver import Resolver
from mag.record.names import Names, name_config
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record, read_record
from mag.record.store import StoredExperiment
from mag.run.servers import AppServer
from mag.settings import Settings
from mag.sweeps.codebase import Codebase
from mag.sweeps.observer import Observer
from mag.sweeps.ownership import find_successor
from mag.sweeps.reading import read_traits
from mag.sweeps.recomposition import Recomposition, StoredConfig, plan_one
from mag.sweeps.recorded_code import find_app_there, find_current, lend_recorded, require_record
from mag.sweeps.report import Report
from mag.sweeps.request import Request
from mag.sweeps.scripts import ScriptServer, find_script, names_script


@dataclasses.dataclass(frozen=True, kw_only=True)
class RerunRequest(Request):
    """One experiment from its record, or with overrides a new one.

    Attributes:
        experiment: The experiment.
        here: Whether today's code is run, not the recorded one.
        ask: Returns the value of a key that was masked when it was recorded and is not among the overrides.
    """

    experiment: StoredExperiment
    here: bool = False
    ask: Callable[[str], str]
    force: bool = True
    limit_threads: bool = False
    manifest: bool = False
    jobs: int | None = 1

    @property
    def record(self) -> Record:
        """The record of the experiment; with the recorded code, as it was before it was migrated.

        Raises:
            RecordError: It cannot be read.
        """
        record = require_record(self.experiment)
        return record if self.here else record.original

    @contextlib.contextmanager
    def lend_code(self, observer: Observer) -> Iterator[Codebase]:
        """Lend the code that it ran, or today's, and the app in it; a script is an app of its own."""
        with contextlib.ExitStack() as stack:
            if self.here:
                code = find_current(self.experiment)
            else:
                code = stack.enter_context(lend_recorded(self.experiment, self.links, observer.warn))
            env = {**replay_env(self.record, {**os.environ, **code.settings.env, **self.env}), **self.env}
            others = {name: value for name, value in select_variables(self.record).items() if name not in env}
            code = code._replace(env=env, variables=others, debug=self.debug)
            if not self._is_new(code.settings):
                code = code._replace(random=self.record.random)
            yield code if names_script(self.record) else code._replace(app=self._find_app(code))

    def _is_new(self, settings: Settings) -> bool:
        """Tell whether the overrides make it another experiment, and do not only fill in what was masked."""
        masked = list_masked(self.record.config, settings)
        return any(override.key not in masked for override in parse_overrides(self.overrides))

    def _find_app(self, code: Codebase) -> Any:
        """Return the app where the code is; in today's code it may have been renamed."""
        name = code.name if code.moved else find_successor(code.name, code.settings)
        app = find_app_there(name, code.settings, code.folder or code.source, code.moved)
        app = code.choose_configs(app, self.record.configs)
        theirs = tuple(word for word in self.record.command if is_of_hydra(word.lstrip("+~").partition("=")[0]))
        return app._replace(hydra_overrides=theirs if app.is_hydra else ())

    def open_server(self, code: Codebase) -> "contextlib.AbstractContextManager[AppServer | ScriptServer]":
        """Lend the server that imports the app, or runs the script, where the code is."""
        if code.app is not None:
            return Request.open_server(self, code)
        words = find_script(self.record, code.folder or code.source, code.moved)
        if self.overrides:
            raise UsageError(
                f"The config of {self.experiment.name!r} is made in {words[0]}, so {self.overrides[0]!r} cannot "
                f"change it: bring the script back with `mag restore`, change it and run it."
            )
        return contextlib.closing(ScriptServer(words, self.record, code))

    def make_plan(
        self,
        code: Codebase,
        observer: Observer,  # noqa: ARG002 - nothing is composed
        server: "AppServer | ScriptServer",
    ) -> Plan:
        """Return the one experiment: beside the original, or with overrides a new one in its store.

        Raises:
            UsageError: An override or a masked value cannot be used.
            ExistsError: It is complete already.
        """
        server.prepare()
        if code.app is None:
            return self._plan_again(self.record.config)  # in which values may be masked: the script makes its own
        parsed, masked = parse_overrides(self.overrides), list_masked(self.record.config, code.settings)
        if swept := [override.text for override in parsed if override.is_sweep]:
            raise UsageError(f"{swept[0]!r} has several values, and `mag rerun` runs one experiment: give one of them.")
        if not self._is_new(code.settings):
            return self._plan_again(self._unmask(masked, parsed, code))
        made = Recomposition(self.record, code.app, code.settings, debug=self.debug)
        if made.is_faithful and made.composer is not None:
            return self._plan_composed(made.composer, made.merge(parsed, self.ask), code)
        if masked:
            parsed += parse_overrides(self._ask_for(masked, parsed))
        return self._plan_new(made.assign(parsed), code)

    def _unmask(self, masked: Sequence[str], overrides: Sequence[Override], code: Codebase) -> dict[str, Any]:
        """Return the stored config with the values that were masked: given, found in the code's configs, or asked for.

        Raises:
            UsageError: They are not those that it ran with.
        """
        if not masked:
            return self.record.config
        assert code.app is not None
        given = {override.key for override in overrides}
        made = Recomposition(self.record, code.app, code.settings, debug=self.debug)
        found = {key: value for key in masked if key not in given and (value := made.find(key)) is not ABSENT}
        texts = [f"{key}={format_value(value)}" for key, value in found.items()]
        texts += self._ask_for([key for key in masked if key not in found], overrides)
        config = assign_values(self.record.config, [*overrides, *parse_overrides(texts)])
        visibility = read_visibility(code.settings)
        known = {compute_identity(config, choices, visibility) for choices in ({}, self.record.choices)}
        if self.record.identity not in known:
            raise UsageError(f"{self.experiment.name!r} ran with another value than the one given for a masked key.")
        return config

    def _ask_for(self, masked: Sequence[str], overrides: Sequence[Override]) -> list[str]:
        given = {override.key for override in overrides}
        return [f"{key}={quote(self.ask(key))}" for key in masked if key not in given]

    def _plan_again(self, config: dict[str, Any]) -> Plan:
        record, (store, name) = self.record, choose_rerun(self.experiment.paths)
        stored = StoredConfig(config, record.composed, record.choices, record.overrides)
        return plan_one(stored, record.identity, store, name)

    def _plan_composed(self, composer: Composer, overrides: Sequence[Override], code: Codebase) -> Plan:
        """Return the new experiment that the command with these overrides would run.

        Raises:
            ExistsError: It is complete already.
        """
        resolver = Resolver(read_traits(code.app, code.settings)) if code.app is not None else None
        plan = make_plan(overrides, composer, self.experiment.paths.home, code.settings, resolver=resolver)
        if plan[0].status == "completed":
            _refuse_completed(plan[0].identifier)
        return plan

    def _plan_new(self, config: dict[str, Any], code: Codebase) -> Plan:
        schemas = code.app.read_schemas(debug=self.debug) if code.app is not None else None
        if schemas is not None and schemas.whole is not None:
            config = schemas.whole.convert(config)
        home = self.experiment.paths.home
        name = choose_name(home, config, code.settings)
        overrides, attempt = mask_command(self.overrides, code.settings.secrets), 0
        with contextlib.suppress(FileNotFoundError):
            earlier = read_record(home.experiment(name))
            if earlier.status == "completed":
                _refuse_completed(name)
            attempt = earlier.attempt - (earlier.status == "running")
        stored = StoredConfig(config, None, self.record.choices, (*self.record.overrides, *overrides))
        identity = compute_identity(config, visibility=read_visibility(code.settings))
        return plan_one(stored, identity, home, name, attempt=attempt)


def _refuse_completed(name: str) -> NoReturn:
    raise ExistsError(f"{name!r} is complete already: `mag rerun {shlex.quote(name)}` runs it again.")


def find_rerun(report: Report) -> ExperimentPaths:
    """Return where the experiment is that was run again.

    Raises:
        RecordError: It was not run: its directory cannot be written, or another process is running it.
    """
    outcome = report.last
    paths = report.plan.store.experiment(outcome.name if outcome else report.plan[0].identifier)
    if outcome is None or outcome.status in {"unstarted", "elsewhere"}:
        why = outcome.message if outcome else None
        raise RecordError(f"{paths.directory} was not run: {why or 'it was stopped before'}.")
    return paths


def choose_rerun(paths: ExperimentPaths) -> tuple[StorePaths, str]:
    """Return where the next rerun of an experiment goes: a number in a folder inside its own.

    Raises:
        RecordError: A link stands in the folder's place.
    """
    folder = os.path.abspath(paths.reruns)
    for place in (paths.directory, paths.private, folder):
        files.refuse_link(place)
    try:
        numbers = [int(name) for name in os.listdir(folder) if name.isascii() and name.isdigit()]
    except FileNotFoundError:
        numbers = []
    return StorePaths(folder), str(max(numbers, default=0) + 1)


def choose_name(store: StorePaths, config: Mapping[str, Any], settings: Settings) -> str:
    """Return the directory's name of a new experiment with this config."""
    identity = compute_identity(config, visibility=read_visibility(settings))
    return Names(store, settings).choose(name_config(config, identity, settings), identity).name


def list_masked(config: Mapping[str, Any], settings: Settings) -> list[str]:
    """Return the dotted keys of a stored config whose values were masked when it was written."""
    found: list[str] = []
    waiting: list[tuple[str, Any]] = [("", config)]
    while waiting:
        place, value = waiting.pop(0)
        if isinstance(value, Mapping | list):
            items = value.items() if isinstance(value, Mapping) else enumerate(value)
            waiting += [(f"{place}.{key}" if place else str(key), item) for key, item in items]
        elif is_masked(place, value, settings.secrets):
            found.append(place)
    return found


def replay_env(record: Record, known: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that mag was told to set; those that are masked have the value known today.

    Raises:
        UsageError: A masked one is not known.
    """
    recorded, env = record.environment.get("env") or {}, {}
    for name, value in recorded.items():
        env[name] = known.get(name, MASK) if MASK in value else value
        if MASK in env[name]:
            raise UsageError(
                f"The value of {name} was masked when it was recorded: give it, as in "
                f"`mag rerun {shlex.quote(record.identifier)} --env {name}=...`."
            )
    return env


def select_variables(record: Record) -> dict[str, str]:
    """Return the recorded environment variables that can change a result."""
    recorded = record.environment.get("variables")
    known = recorded if isinstance(recorded, dict) else {}
    found = {name: known[name] for name in REPLAYED if isinstance(known.get(name), str)}
    return found | ({"PYTHONPATH": str(known.get("PYTHONPATH", ""))} if recorded else {})
