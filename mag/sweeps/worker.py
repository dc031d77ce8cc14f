"""A worker: runs one batch of a sweep where an engine has started it: `python -m mag.sweeps.worker FOLDER NUMBER`.

What belongs to a machine is gathered here: CPUs, GPUs, environment, host. The batch says what was asked for.
"""

import dataclasses
import hashlib
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mag.app import App
from mag.code.checkouts import transfer
from mag.code.environment import gather_environment
from mag.config.secrets import mask
from mag.errors import LaunchError, MagError
from mag.launch.batches import Batches, Event
from mag.launch.capacity import count_cpus
from mag.launch.control import heed
from mag.launch.gpu_book import GpuBook
from mag.launch.gpus import read_request
from mag.launch.local import LocalLauncher, load_engine
from mag.launch.signals import stop_on_signals
from mag.record.claims import prepare_store
from mag.record.paths import StorePaths
from mag.record.provenance import read_versions, store_environment
from mag.run.servers import open_server
from mag.run.serving import limit_threads
from mag.run.tasks import Conditions, Outcome, Task
from mag.settings import Settings
from mag.sweeps.codebase import Codebase
from mag.sweeps.recorded_code import find_app_there

_FINAL = frozenset({"interrupted", "unstarted", "elsewhere"})


def describe_setup(
    code: Codebase,
    conditions: Conditions,
    *,
    jobs: int | None,
    gpus: tuple[str, int, int] | None,
    start_method: str | None,
) -> dict[str, Any]:
    """Return what a worker must know besides its tasks, as plain data.

    Raises:
        LaunchError: The app is a function that no other process can import.
    """
    app = code.app
    if app is None or (app.loaded is not None and not app.is_program and not app.is_command):
        raise LaunchError(
            f"{code.name} cannot be run by another process: it has no import name there. Put it into a file and name "
            f"it, as in train.py:train."
        )
    path, name = app.asked
    return {
        "app": code.name,
        "folder": str(code.folder or Path.cwd()),
        "source": str(code.source),
        "moved": {str(top): str(place) for top, place in code.moved.items()},
        "configs": [None if path is None else str(path), name, [str(each) for each in app.further]],
        "hydra": list(app.hydra_overrides),
        "conditions": conditions.to_plain(),
        "jobs": jobs,
        "gpus": None if gpus is None else list(gpus),
        "start_method": start_method,
        "env": dict(code.env),
        "variables": dict(code.variables),
        "random": dict(code.random),
        "versions": {**read_versions(), "omegaconf": _read_version("omegaconf")},
        "digest": digest_app(app),
    }


def digest_app(app: App) -> str | None:
    """Return the digest of the app's file, which has to be the same for a worker."""
    try:
        return hashlib.sha256(app.file.read_bytes()).hexdigest()
    except OSError:
        return None


def _read_version(name: str) -> str:
    import importlib.metadata  # noqa: PLC0415

    return importlib.metadata.version(name)


def run_batch(folder: Path, number: int) -> int:
    """Run the tasks of a batch; return the exit status of the process: 0 unless it was asked to stop.

    Raises:
        MagError: The batch cannot be read, or its app not be found or imported.
    """
    batches = Batches(folder)
    setup = batches.read_setup()
    conditions = Conditions.of(setup["conditions"])
    code = _find_code(setup, conditions.settings)
    _check_versions(setup, code)
    tasks = _select_tasks(batches, number)
    if not tasks:
        return 0
    gpus = read_request(*setup["gpus"]) if setup["gpus"] else None
    most = min(len(tasks), setup["jobs"] or (gpus.slots if gpus else count_cpus()))
    threads = max(1, count_cpus() // most)
    load = partial(Codebase.load, code)
    with code.lend_env(), open_server(load, portable=load, start_method=setup["start_method"]) as server:
        threads = server.start(threads, code.random.get("import_seed")) or threads
        load_engine(most)
        here = _describe_here(conditions, code, threads)
        server.wait_until_ready()
        if server.remark:
            sys.stderr.write(f"mag: {server.remark.format(app=code.name)}\n")
        book = GpuBook(gpus, conditions.store, conditions.provenance.sweep) if gpus else None
        tell = _BatchTeller(batches, number, tasks)
        launcher = LocalLauncher(server, here, jobs=most, gpus=book, most=most, started=tell.start)
        with (
            stop_on_signals(launcher.stop, lambda _: None) as interruption,
            heed(launcher, StorePaths(here.store), here.provenance.sweep),
        ):
            for outcome in launcher.launch(tasks):
                tell.end(outcome)
        launcher.close()
    return interruption.exit_code


def _find_code(setup: Mapping[str, Any], settings: Settings) -> Codebase:
    """Return the code of a batch, and go to its folder.

    Raises:
        MagError: It is not there.
    """
    folder = Path(setup["folder"])
    try:
        os.chdir(folder)
    except OSError as error:
        raise LaunchError(
            f"{folder}, where the sweep was started, cannot be seen on {os.uname().nodename}: {error.strerror}. The "
            f"code and the experiments must lie on a file system that all machines share."
        ) from error
    moved = {Path(top): Path(place) for top, place in setup["moved"].items()}
    there = settings._replace(root=settings.root and transfer(settings.root, moved))
    app = find_app_there(setup["app"], there, folder, moved)
    path, name, further = setup["configs"]
    app = app.with_configs(None if path is None else Path(path), name, tuple(map(Path, further)))
    app = app._replace(hydra_overrides=tuple(setup["hydra"]))
    known = {"env": setup["env"], "variables": setup["variables"], "random": setup["random"]}
    return Codebase(setup["app"], settings, Path(setup["source"]), app, folder if moved else None, moved, **known)


def _check_versions(setup: Mapping[str, Any], code: Codebase) -> None:
    """Refuse to run with other versions than the sweep was started with.

    Raises:
        LaunchError: Versions that matter, or the app's file, differ from those of the command.
    """
    here = {**read_versions(), "omegaconf": _read_version("omegaconf")}
    for name in ("mag", "python", "omegaconf"):
        there = setup["versions"].get(name)
        if there is not None and there.split(".")[:2] != here[name].split(".")[:2]:
            raise LaunchError(
                f"{os.uname().nodename} has {name} {here[name]}, and the sweep was started with {there}: use one "
                f"environment on all machines."
            )
    if code.app is not None and setup["digest"] not in {None, digest_app(code.app)}:
        raise LaunchError(
            f"{code.app.file} is no longer as it was when the sweep was started: start it again, which runs what is "
            f"left, or use --snapshot, which keeps a copy for the sweep."
        )


def _select_tasks(batches: Batches, number: int) -> list[Task]:
    """Return the tasks that are left: where the engine starts a batch again, some have ended."""
    tasks = batches.read_tasks(number)
    told = {event.identity: event.outcome for event in batches.listen(number)[0]}
    if not told:
        return tasks
    ended = {identity for identity, outcome in told.items() if outcome is not None and outcome.status not in _FINAL}
    left = [task for task in tasks if task.identity not in ended]
    return [task._replace(attempt=None, force=False, clean=False) if task.identity in told else task for task in left]


def _describe_here(conditions: Conditions, code: Codebase, threads: int | None) -> Conditions:
    """Return the conditions with what belongs to this machine."""
    variables = {**os.environ, **code.variables}
    limit_threads(variables, threads)
    environment = gather_environment(conditions.settings.root, variables, mask(code.env, conditions.settings.secrets))
    store = StorePaths(conditions.store)
    prepare_store(store)
    store_environment(store, environment)
    provenance = conditions.provenance
    provenance = dataclasses.replace(provenance, versions=read_versions(), environment=environment.describe())
    return dataclasses.replace(conditions, provenance=provenance)


class _BatchTeller:
    """Tells those who follow what starts and ends."""

    def __init__(self, batches: Batches, number: int, tasks: Sequence[Task]) -> None:
        self._batches, self._number = batches, number
        self._tasks = {task.index: task for task in tasks}
        self._names = {task.name: task for task in tasks}

    def start(self, name: str) -> None:
        """An experiment has started, in a directory of that name."""
        if (task := self._names.get(name)) is not None:
            self._batches.tell(self._number, Event(task.identity, name, None))

    def end(self, outcome: Outcome) -> None:
        """An experiment has ended."""
        self._batches.tell(self._number, Event(self._tasks[outcome.index].identity, outcome.name, outcome))


def main() -> int:
    """Run the batch that the command line names."""
    folder, number = sys.argv[1:]
    began = time.monotonic()
    try:
        status = run_batch(Path(folder), int(number))
    except MagError as error:
        sys.stderr.write(f"mag: {error}\n")
        return error.exit_code
    sys.stderr.write(f"mag: batch {number} ended after {time.monotonic() - began:.1f} s\n")
    return status


if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the terminal from which it was submitted may close
    sys.exit(main())
