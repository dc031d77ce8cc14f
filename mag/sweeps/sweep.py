"""Sweeps from programs: `mag.sweep(function, overrides)` in a script, a notebook or a test."""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, Unpack

from mag.app import Main
from mag.app.definition import describe_function
from mag.app.functions import digest_function
from mag.errors import UsageError
from mag.record.paths import StorePaths
from mag.record.provenance import locate_code
from mag.record.repetition import Repetition
from mag.run.shutdown import flush_files
from mag.run.tasks import Function
from mag.settings import check_start_method, find_app_settings, find_settings
from mag.sweeps.execution import execute
from mag.sweeps.observer import Observer
from mag.sweeps.report import Report
from mag.sweeps.request import SweepRequest

if TYPE_CHECKING:
    from mag.plans.shapes import SpaceOptions


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
    pruner: str | None = None,
    start_method: str | None = None,
    **shaping: "Unpack[SpaceOptions]",
) -> Report:
    """Run a function for every combination of overrides, each in a process and a directory of its own.

    For debugging, `n_jobs=1` runs them in this very process, one after the other: `breakpoint()`, debuggers and what a
    test has replaced work in the function, `pdb.pm()` and `%debug` look at the last that failed. Records and
    directories are the same; but what crashes the interpreter takes this process along.

    Ctrl-C, SIGTERM and SIGHUP stop what runs, as they do in `mag sweep`, and when all of it is recorded they do what
    they would have done without a sweep: the first raises, the others end the program or call its handlers.

    Where this program has threads, which its forks would not have, the function goes to a fresh interpreter: by its
    import name, or as a whole where it has none, with what it refers to. One that cannot be sent is
    refused, unless `start_method="fork"` asks for forks all the same.

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
        pruner: Who says which experiments are stopped early, "median" or "halving", by the `metric=` that they log and
            the `direction=` that is better; see `Experiment.should_stop`.
        start_method: "fork" or "spawn"; None for what the decorator or the settings say, else for what is safe.
        shaping: `zip=`, `where=`, `exclude=`, `sample=`, `seed=`, `space=`, as the options of `mag sweep`.

    Raises:
        MagError: An override, a config or the space cannot be used, or another function ran these experiments; nothing
            was started.
        KeyboardInterrupt: Ctrl-C stopped the sweep; the same call does what is left.
    """
    if start_method is not None:
        check_start_method(start_method, f"start_method={start_method!r}")
    env = _take_pruner(pruner, shaping)
    app = describe_function(function)
    is_own = isinstance(function, Main) and app.file.is_file()
    settings = find_app_settings(app.file, Path.cwd()) if is_own else find_settings(Path.cwd())
    root, repetition = str(experiments_dir or settings.store_root(Path.cwd())), Repetition.find()
    path = Path(config_path) if config_path is not None else app.config_path
    app = app._replace(config_path=path, config_name=app.config_name if config_name is ... else config_name)
    request = SweepRequest(
        app=app,
        settings=settings,
        store=StorePaths(root if repetition is None else repetition.divert(os.path.abspath(root))),
        source=app.file.parent if is_own else locate_code(),
        overrides=overrides,
        shaping=shaping,
        env=env,
        jobs=_choose_jobs(jobs, n_jobs),
        force=force,
        start_method=start_method,
        examine=_choose_examine(n_jobs),
        manifest=repetition is None,
        repetition=repetition,
        function=digest_function(app.loaded),
    )
    return _run(request)


def _take_pruner(pruner: str | None, shaping: "SpaceOptions") -> dict[str, str]:
    """Return what tells the experiments of the pruner; without a search, metric and direction are for it alone."""
    if pruner is None:
        return {}
    from mag.plans.goals import name_pruner  # noqa: PLC0415 - experiments would carry it along

    told = name_pruner(pruner, shaping.get("metric"), shaping.get("direction"))
    if shaping.get("trials") is None:
        shaping["direction"] = None
    return told


def _run(request: SweepRequest) -> Report:
    """Run the request; a stop, or the end of a repetition, ends this program too."""
    flush_files()
    try:
        report = execute(request, _Teller())
    except UsageError as error:
        raise UsageError(_say_in_python(str(error))) from error
    if report.signal and threading.current_thread() is threading.main_thread():
        signal.raise_signal(report.signal)  # it does now what it does without a sweep, such as to end the program
    if request.repetition is not None and request.repetition.is_wanted(
        report.plan.store.experiment(report.plan[0].identifier)
    ):
        sys.exit()  # this is what the script was run again for
    return report


class _Teller(Observer):
    """Notes on standard error which experiments are done already."""

    def remark(self, line: str) -> None:
        """Say it."""
        sys.stderr.write(f"mag: {_say_in_python(line)}\n")


def _say_in_python(text: str) -> str:
    """Return a message with command-line options replaced by the parameters of `mag.sweep`.

    >>> _say_in_python("keep them apart with --dir fit-experiments, or: --force runs them again")
    "keep them apart with experiments_dir='fit-experiments', or: force=True runs them again"
    """
    return re.sub(r"--dir ([\w.-]+)", r"experiments_dir='\1'", text).replace("--force", "force=True")


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
    from mag.run.in_process import keep_for_debuggers  # noqa: PLC0415  (pdb)

    return keep_for_debuggers
