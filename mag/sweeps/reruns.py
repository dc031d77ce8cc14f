"""Reruns: one stored config once more, with the code it names, beside the original or as a new experiment."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import Any

from mag.code.environment import REPLAYED, Environment, gather_environment
from mag.config.identity import compute_identity
from mag.config.secrets import is_masked
from mag.disk import files
from mag.errors import RecordError
from mag.launch.local import LocalLauncher
from mag.launch.signals import stop_on_signals
from mag.record.claims import prepare_store
from mag.record.names import Names, name_config
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.provenance import gather_provenance, store_environment
from mag.record.records import Record, read_record
from mag.run.forkserver import ForkServer
from mag.run.limits import Limits
from mag.run.tasks import Conditions, Function, Task
from mag.settings import Settings
from mag.sweeps.execution import Observer


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """One experiment to be run from what is stored.

    Attributes:
        app: How the app is called in records.
        config: The config to run, secrets included.
        commit: The code that runs, as `read_commit` tells it.
        settings: The project's.
        home: The store of the experiment that is recalled.
        store: Where it is kept: there, or in a folder of the experiment.
        name: Its directory there.
        overrides: What was typed to change the config.
        variables: Environment variables that it gets besides those of this process.
        limits: What it may cost.
        grace: Seconds between SIGTERM and SIGKILL when it is ended.
    """

    app: str
    config: dict[str, Any]
    commit: Mapping[str, Any]
    settings: Settings
    home: StorePaths
    store: StorePaths
    name: str
    overrides: tuple[str, ...] = ()
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)
    limits: Limits = dataclasses.field(default_factory=Limits)
    grace: float = 10.0

    @property
    def paths(self) -> ExperimentPaths:
        """Where it is kept."""
        return self.store.experiment(self.name)


def carry_out(recall: Recall, load: Callable[[], Function], observer: Observer) -> tuple[Record, int | None]:
    """Run one experiment from what is stored; return its record, and the signal that stopped it, if one did.

    Raises:
        UsageError: The app cannot be imported; nothing was started or written.
        RecordError: It was not run: its directory cannot be written, or another process is running it.
    """
    server = ForkServer(load)
    server.start()
    try:
        variables = {"PYTHONHASHSEED": "0", **os.environ, **recall.variables}
        environment = gather_environment(recall.settings.root, variables)
        conditions = _make_conditions(recall, environment)
        server.wait_until_ready()
        prepare_store(recall.store)
        store_environment(recall.home, environment)
        launcher = LocalLauncher(server, conditions, jobs=1)
        identity = compute_identity(recall.config)
        task = Task(0, recall.name, identity, recall.config, recall.overrides, force=True)
        with stop_on_signals(launcher.stop, observer.interrupt) as interruption:
            outcome = next(iter(launcher.launch([task])))
        launcher.close()
    finally:
        server.close()
    if outcome.status in {"unstarted", "elsewhere"}:
        raise RecordError(f"{recall.paths.directory} was not run: {outcome.message or 'it was stopped before'}.")
    return read_record(recall.store.experiment(outcome.name)), interruption.signal


def _make_conditions(recall: Recall, environment: Environment) -> Conditions:
    provenance = gather_provenance(
        app=recall.app, commit=recall.commit, environment=environment, secrets=recall.settings.secrets
    )
    return Conditions(os.path.abspath(recall.store.root), provenance, recall.settings, recall.grace, recall.limits)


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
    identity = compute_identity(config)
    return Names(store, settings.separator).choose(name_config(config, identity, settings), identity).name


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


def select_variables(record: Record) -> dict[str, str]:
    """Return the recorded environment variables that can change a result."""
    recorded = record.environment.get("variables")
    known = recorded if isinstance(recorded, dict) else {}
    return {name: known[name] for name in REPLAYED if isinstance(known.get(name), str)}
