"""Drift: files of code that were changed after the snapshot was taken, while experiments still ran from them."""

import functools
import os
import sys
from collections.abc import Iterable, Mapping
from itertools import takewhile
from types import ModuleType
from typing import Any

_MOST = 20


def tell_drift(commit: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `commit` of a record, with the modules of this process that are no longer as the snapshot holds them.

    Args:
        commit: As `read_commit` told it, with `top` and `taken`.

    Returns:
        The same; with `changed`, paths relative to `top`, if there are any.
    """
    known = {key: value for key, value in commit.items() if key != "changed"}
    top, taken = commit.get("top"), commit.get("taken")
    if not isinstance(top, str) or not isinstance(taken, float):
        return known
    changed = sorted(os.path.relpath(path, top) for path in _list_files(top) if _is_newer(path, taken))
    return {**known, "changed": changed[:_MOST]} if changed else known


def survey_modules(commit: Mapping[str, Any]) -> None:
    """Look once at the modules that there are, so that no fork of this process has to, and to copy them for it.

    Args:
        commit: As `read_commit` told it.
    """
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


def _select_files(top: str, modules: Iterable[ModuleType]) -> frozenset[str]:
    prefix = top.rstrip(os.sep) + os.sep
    files = (getattr(module, "__file__", None) for module in modules)
    return frozenset(
        path for path in files if isinstance(path, str) and path.startswith(prefix) and "site-packages" not in path
    )


def _is_newer(path: str, moment: float) -> bool:
    try:
        return os.stat(path).st_mtime > moment
    except OSError:  # it is gone, which is a change, too
        return True
