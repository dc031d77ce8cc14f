"""The code record: which commit ran, whether the tree differed from it, and where that code is kept.

Asked once a command. Only git itself is run, with its hooks and file-system monitor off and no optional lock taken:
nothing of the user's in the repository changes.
"""

import dataclasses
import time
from pathlib import Path
from typing import Any

from mag.code.collection import note_store
from mag.code.drift import list_stale
from mag.code.omissions import Omission, Rules
from mag.code.repository import Repository, remove_credentials
from mag.code.snapshots import keep_snapshot, read_state
from mag.errors import RepositoryError

__all__ = ["read_commit", "remove_credentials"]

_MOST_OMISSIONS = 50  # every record of a sweep names them


def read_commit(
    directory: Path, *, store: Path | None = None, rules: Rules | None = None, since: float | None = None
) -> dict[str, Any]:
    """Return the commit that the code in `directory` is at, and keep that code."""
    try:
        with Repository(directory) as repository:
            return _read(repository, store, rules or Rules(), since)
    except RepositoryError as error:
        return {"hash": None, "reason": str(error)}


def _read(repository: Repository, store: Path | None, rules: Rules, since: float | None) -> dict[str, Any]:
    snapshot, taken = None, since or time.time()
    omissions: list[Omission] = []
    try:
        state = read_state(repository, rules)
        known = _describe(repository, state.changes.commit, state.changes.branch, dirty=state.dirty)
        omissions += state.omissions
        snapshot = keep_snapshot(repository, state)
        if store is not None:
            note_store(repository, store)
    except (RepositoryError, OSError, UnicodeError) as error:
        repository.locate()  # git may have refused all of it
        omissions.append(Omission(".", f"no snapshot could be made: {error}"))
        known = _describe(repository, repository.read_ref("HEAD"), repository.read_branch(), dirty=None)
    told = {"top": str(repository.top), "taken": taken, "snapshot": snapshot, "not_captured": _list(omissions)}
    stale = list_stale(str(repository.top))
    return known | told | ({"changed": stale} if stale else {})


def _describe(repository: Repository, commit: str | None, branch: str | None, *, dirty: bool | None) -> dict[str, Any]:
    reason = {} if commit else {"reason": "the repository has no commit yet"}
    return {"hash": commit, **reason, "branch": branch, "dirty": dirty, "remote": repository.read_remote()}


def _list(omissions: list[Omission]) -> list[dict[str, str]]:
    listed = [
        {name: _spell(value) for name, value in dataclasses.asdict(one).items()} for one in omissions[:_MOST_OMISSIONS]
    ]
    if more := len(omissions) - len(listed):
        listed.append({"path": "...", "reason": f"and {more} more"})
    return listed


def _spell(text: str) -> str:
    """Return a file's name as text: bytes that are no UTF-8 are spelled out."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
