"""Drift: files of code that do not stand in the snapshot as they ran.

They were changed after it was taken, while experiments still ran from them; or before, when a process that makes
experiments by itself, a script or a notebook, had imported them already.
"""

import functools
import os
import sys
import time
from collections.abc import Iterable, Mapping
from itertools import takewhile
from types import ModuleType
from typing import Any

_MOST = 20


def tell_drift(commit: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's `commit`, with the modules of this process that differ from the snapshot by now."""
    top, taken = commit.get("top"), commit.get("taken")
    if not isinstance(top, str) or not isinstance(taken, float):
        return dict(commit)
    changed = {*commit.get("changed", ()), *_list_newer_files(top, _list_files(top), taken)}
    return {**commit, "changed": sorted(changed)[:_MOST]} if changed else dict(commit)


def list_stale(top: str) -> list[str]:
    """Return the modules' files that changed since this process started: it may run what they were before."""
    began = _read_start()
    files = _select_files(top, list(sys.modules.values())) if began is not None else ()
    return _list_newer_files(top, files, began or 0.0)[:_MOST]


def _read_start() -> float | None:
    """Return when this process started, in seconds since 1970, at most 10 ms late; None where that is not told."""
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - (ticks + 1) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    return time.time() - age


def survey_modules(commit: Mapping[str, Any]) -> None:
    """Look once at the modules that there are, so that no fork of this process has to, and to copy them for it."""
    if isinstance(top := commit.get("top"), str):
        _survey(top)


@functools.lru_cache(maxsize=4)
def _survey(top: str) -> tuple[str, frozenset[str]]:
    """Return the name of the last module that was imported, and the files of those in a work tree."""
    modules = list(sys.modules.items())
    return modules[-1][0], _select_files(top, (module for _, module in modules))


def _list_files(top: str) -> frozenset[str]:
    last, files = _survey(top)
    return files | _select_files(top, _list_newer(last))


def _list_newer(last: str) -> list[ModuleType]:
    """Return the modules that were imported after the one of that name; all if it is gone."""
    try:
        return [module for _, module in takewhile(lambda item: item[0] != last, reversed(sys.modules.items()))]
    except RuntimeError:  # another thread imports something meanwhile
        return list(sys.modules.values())


def look_into(module: object) -> dict[str, Any]:
    """Return the names in a module without calling what it may do when it is asked for one; of anything else none."""
    if not issubclass(type(module), ModuleType) or type(module).__module__ == "importlib.util":  # a lazy one
        return {}
    names: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return names


def _select_files(top: str, modules: Iterable[ModuleType]) -> frozenset[str]:
    prefix = top.rstrip(os.sep) + os.sep
    files = (look_into(module).get("__file__") for module in modules)
    return frozenset(
        path for path in files if isinstance(path, str) and path.startswith(prefix) and "site-packages" not in path
    )


def _list_newer_files(top: str, files: Iterable[str], moment: float) -> list[str]:
    return sorted(os.path.relpath(path, top) for path in files if _is_newer(path, moment))


def _is_newer(path: str, moment: float) -> bool:
    try:
        return os.stat(path).st_mtime > moment
    except OSError:  # it is gone, which is a change, too
        return True
