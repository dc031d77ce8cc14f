"""Sweeps from programs: `mag.sweep(function, overrides)` in a script, a notebook or a test."""

import dataclasses
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import EllipsisType
from typing import Unpack

from mag.config.composition.composer import Composer
from mag.errors import UsageError
from mag.plans.override_files import read_overrides
from mag.plans.plan import Plan, make_plan
from mag.plans.shapes import Shaping, read_shape
from mag.record.paths import StorePaths
from mag.record.provenance import locate_code
from mag.record.repetition import Repetition
from mag.run.servers import AppServer, open_server
from mag.run.shutdown import flush_files
from mag.run.tasks import Function
from mag.sweeps.execution import Observer, Order, Report, execute
from mag.sweeps.targets import read_target


def sweep(
    function: Function,
    overrides: Sequence[str] = (),
    *,
    config_path: str | Path | None = None,
    config_name: str | EllipsisType | None = ...,
    experiments_dir: str | Path | None = None,
    jobs: int | None = None,
    n_jobs: int | None = None,
    force: bool = False,
    **shaping: Unpack[Shaping],
) -> Report:
    """Run a function for every combination of overrides, each in a process and a directory of its own.

    For debugging, `n_jobs=1` runs them in this very process, one after the other: `breakpoint()`, debuggers and what a
    test has replaced work in the function, `pdb.pm()` and `%debug` look at the last that failed. Records and
    directories are the same; but what crashes the interpreter takes this process along.

    Ctrl-C, SIGTERM and SIGHUP stop what runs, as they do in `mag sweep`, and when all of it is recorded they do what
    they would have done without a sweep: the first raises, the others end the program or call its handlers.

    Args:
        function: Takes the config and, if it has a second parameter, the experiment. One that is decorated with
            `@mag.main` brings its configs and its project's settings along.
        overrides: As typed on the command line, `["C=1,10", "gamma=0.1"]`.
        config_path: The directory of the configs, if not the function's own; without any, keys are added: `+C=1,10`.
        config_name: The primary config in it; if left out, what the decorator says, else `config`.
        experiments_dir: Where experiments live; the project's if None.
        jobs: How many run at a time; as many as there are CPUs if None.
        n_jobs: The same as joblib has it: 1 for this very process, -1 for as many as there are CPUs.
        force: Run completed experiments again.
        shaping: `zip=`, `where=`, `exclude=`, `sample=`, `seed=`, `space=`, as the options of `mag sweep`.

    Raises:
        MagError: An override, a config or the space cannot be used; nothing was started.
        KeyboardInterrupt: Ctrl-C stopped the sweep; the same call does what is left.
    """
    at_a_time, examine = _choose_jobs(jobs, n_jobs), _choose_examine(n_jobs)
    target = read_target(function)
    folder = Path(config_path) if config_path is not None else target.config_path
    name, settings = target.config_name if config_name is ... else config_name, target.settings
    root, repetition = str(experiments_dir or settings.store_root(Path.cwd())), Repetition.find()
    store = StorePaths(root if repetition is None else repetition.divert(os.path.abspath(root)))
    shape = read_shape(shaping, folder)
    source = target.file.parent if target.file else locate_code()
    order = Order(
        app=target.name,
        settings=settings,
        source=source,
        overrides=tuple(overrides),
        jobs=at_a_time,
        force=force,
        in_process=examine is not None,
    )
    flush_files()
    with open_server(lambda: target.function, examine) as server:
        composer = Composer(folder, name, target.schemas)
        plan = make_plan(read_overrides(overrides), composer, store, settings, shape, prepare=server.prepare)
        if repetition is not None:
            return _repeat(plan, order, repetition, server)
        return _execute(plan, order, server)


def _execute(plan: Plan, order: Order, server: AppServer) -> Report:
    """Run a plan; a signal that stopped it does then what it does without a sweep, such as to end the program."""
    report = execute(plan, order, server, Observer())
    if report.signal and threading.current_thread() is threading.main_thread():
        signal.raise_signal(report.signal)
    return report


def _repeat(plan: Plan, order: Order, repetition: Repetition, server: AppServer) -> Report:
    """Run a plan in a script that is run again: only the experiment that is wanted, if it is one of these."""
    order = dataclasses.replace(order, commit=repetition.provenance["commit"], manifest=False)
    wanted = [each for each in plan if each.identity == repetition.identity]
    if not wanted:
        return _execute(plan, order, server)
    folder, name = os.path.split(repetition.directory)
    only = wanted[0]._replace(index=0, identifier=name, status="new", app=None)
    _execute(Plan((only,), StorePaths(folder)), order, server)
    sys.exit()  # this is what the script was run again for


def _choose_jobs(jobs: int | None, n_jobs: int | None) -> int | None:
    """Return how many run at a time; None for as many as there are CPUs."""
    if jobs is not None and n_jobs is not None:
        raise UsageError(f"jobs={jobs} and n_jobs={n_jobs} say the same twice: leave one of them out.")
    if n_jobs == -1:
        return None
    for name, number in (("jobs", jobs), ("n_jobs", n_jobs)):
        if number is not None and number < 1:
            raise UsageError(f"{name}={number} would run nothing: it is 1 or more, or left out for all CPUs.")
    return jobs or n_jobs


def _choose_examine(n_jobs: int | None) -> Callable[[BaseException], bool] | None:
    """Return what looks at the failures of experiments in this process; None for processes of their own."""
    if n_jobs != 1:
        return None
    from mag.run.debugger import keep_for_debuggers  # noqa: PLC0415  (pdb)

    return keep_for_debuggers
