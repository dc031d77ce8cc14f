"""Late values: what `${now:}`, `${hydra:...}` and `${mag:...}` in a config stand for, once the experiment runs."""

import datetime as dt
import inspect
import os
import sys
from pathlib import Path
from typing import Any

from mag.errors import ConfigError
from mag.experiment import Experiment
from mag.run.tasks import Function, Task
from mag.suggestion import list_names


def provide(experiment: Experiment, task: Task, attempt: int, function: Function | None = None) -> None:
    """Register the resolvers; those of Hydra's only for a function that no Hydra calls."""
    from omegaconf import OmegaConf  # noqa: PLC0415 - the app has it, or its config has no interpolations

    ours = {
        "directory": lambda: str(experiment.directory),
        "identifier": lambda: experiment.identifier,
        "identity": lambda: task.identity,
        "seed": lambda: experiment.seed,
        "attempt": lambda: attempt,
    }
    OmegaConf.register_new_resolver("mag", lambda key: _find(ours, key)(), replace=True)
    if function is None:
        return
    theirs = _gather(experiment, task, function)
    for name, resolver, is_cached in (
        ("now", lambda pattern: dt.datetime.now().strftime(pattern), True),  # noqa: DTZ005 - as Hydra's
        ("hydra", lambda key: _find(theirs, key), False),
        ("python_version", _tell_version, False),
    ):
        if not OmegaConf.has_resolver(name):  # the app may have its own
            OmegaConf.register_new_resolver(name, resolver, use_cache=is_cached)


def _gather(experiment: Experiment, task: Task, function: Function) -> dict[str, Any]:
    code = getattr(inspect.unwrap(function), "__code__", None)
    texts = list(task.overrides)
    return {
        "runtime.cwd": os.getcwd(),
        "runtime.output_dir": str(experiment.directory),
        "runtime.choices": dict(task.choices),
        **{f"runtime.choices.{group}": option for group, option in task.choices.items()},
        "job.name": Path(code.co_filename).stem if code else "",
        "job.num": task.index,
        "job.id": str(task.index),
        "job.override_dirname": ",".join(sorted(texts)),
        "overrides.task": texts,
        "run.dir": str(experiment.directory),
        "sweep.dir": str(experiment.directory.parent),
        "sweep.subdir": experiment.directory.name,
    }


def _find(values: dict[str, Any], key: str) -> Any:
    if key not in values:
        raise ConfigError(f"there is no value {key!r} here; there are {list_names(values)}")
    return values[key]


def _tell_version(level: str = "minor") -> str:
    parts = {"major": 1, "minor": 2, "micro": 3}
    return ".".join(map(str, sys.version_info[: parts.get(level, 2)]))
