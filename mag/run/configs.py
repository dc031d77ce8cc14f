"""The config that a function gets: its view, changed from one experiment to the next, and its late values."""

import datetime as dt
import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mag.config.view import make_view
from mag.errors import ConfigError
from mag.experiment import Experiment
from mag.run.tasks import Function, Task
from mag.suggestion import list_names

if TYPE_CHECKING:
    from omegaconf import DictConfig


_SCALARS = {bool, int, float, str, type(None)}

Change = tuple[tuple[Any, ...], Any]
"""The keys that lead to a value, and the value."""


class ViewCache:
    """Returns views of configs, each good until the next one is asked for."""

    def __init__(self) -> None:
        self._plain: dict[str, Any] = {}
        self._view: DictConfig | None = None

    def view(self, plain: dict[str, Any]) -> "DictConfig":
        """Return a plain, resolved config as `make_view` would."""
        before, view = self._plain, self._view
        self._view = None  # no half-changed view is used again, whatever is raised
        self._view = make_view(plain) if view is None or not _change(view, before, plain) else view
        self._plain = plain
        return self._view


def _change(view: "DictConfig", before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Change the view from one plain config to another; return whether that can be done."""
    from omegaconf import flag_override  # noqa: PLC0415  (a runner never comes here)

    try:
        changes = list(list_changes(before, after))
    except ValueError:
        return False
    for keys, value in changes:
        node: Any = view
        for key in keys[:-1]:
            node = node[key]
        with flag_override(node, "readonly", False):
            node[keys[-1]] = value
    return True


def list_changes(before: Any, after: Any, keys: tuple[Any, ...] = ()) -> Iterator[Change]:
    """Yield the values that differ in `after`, a plain config of the same shape.

    Raises:
        ValueError: The shapes differ, or a text among the values means something to OmegaConf.

    >>> list(list_changes({"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 1.0, "c": [1, 3]}}))
    [(('a', 'b'), 1.0), (('a', 'c', 1), 3)]
    """
    if type(before) is dict and type(after) is dict and list(before) == list(after):
        for key, value in after.items():
            if type(key) is not str:  # 1 and true are equal, and not the same
                raise ValueError(keys)
            yield from list_changes(before[key], value, (*keys, key))
    elif type(before) is list and type(after) is list and len(before) == len(after):
        for index, value in enumerate(after):
            yield from list_changes(before[index], value, (*keys, index))
    elif type(before) not in _SCALARS or type(after) not in _SCALARS or _is_special(before) or _is_special(after):
        raise ValueError(keys)
    elif type(before) is not type(after) or before != after or (type(after) is float and repr(before) != repr(after)):
        yield keys, after


def _is_special(value: Any) -> bool:
    return type(value) is str and ("${" in value or "???" in value)


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
