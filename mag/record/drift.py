"""Drift: files of code that were changed after the snapshot was taken, while experiments still ran from them."""

import os
import sys
from collections.abc import Mapping
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
    changed = sorted(
        os.path.relpath(path, top) for path in _list_files(top.rstrip(os.sep) + os.sep) if _is_newer(path, taken)
    )
    return {**known, "changed": changed[:_MOST]} if changed else known


def _list_files(prefix: str) -> set[str]:
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {path for path in files if isinstance(path, str) and path.startswith(prefix) and "site-packages" not in path}


def _is_newer(path: str, moment: float) -> bool:
    try:
        return os.stat(path).st_mtime > moment
    except OSError:  # it is gone, which is a change, too
        return True
