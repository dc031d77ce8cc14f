"""What differs between a work tree and its last commit, as `git status` tells it."""

import dataclasses
import os
from pathlib import Path

from mag.code.repository import Repository

_FIELDS = {"1": 9, "2": 10, "u": 11}
_GITLINK = "160000"
_CACHE = "/__pycache__/"


@dataclasses.dataclass(frozen=True, slots=True)
class Changes:
    """What differs between a work tree and its last commit.

    Attributes:
        commit: The last commit; None where there is none yet.
        branch: The branch; None where HEAD is detached.
        changed: Tracked files that were changed or added, or are in conflict, and files that git neither tracks nor
            ignores, but for those that Python keeps in `__pycache__`; relative to the top.
        deleted: Tracked files that are gone.
        nested: Directories with a repository of their own that is no submodule.
        moved: Submodules at another commit than the one that is tracked.
    """

    commit: str | None
    branch: str | None
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.changed or self.deleted or self.nested or self.moved)


def read_changes(repository: Repository, ignore: Path | None = None) -> Changes:
    """Return what differs between a work tree and its last commit; nothing in the repository is touched.

    What lies inside submodules is not looked at: it is asked of their own repositories.

    Raises:
        RepositoryError: Git did not answer.
    """
    told = repository.run(
        *("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames"),
        *("--ignore-submodules=dirty", "--", *_limit(repository, ignore)),
    )
    return _read_entries([entry for entry in told.split("\0") if entry])


def _limit(repository: Repository, ignore: Path | None) -> list[str]:
    if ignore is None:
        return [":/"]
    top, inside = repository.top.resolve(), ignore.resolve()
    if inside == top or not inside.is_relative_to(top):
        return [":/"]
    return [":/", f":(top,exclude,literal){inside.relative_to(top)}"]


def _read_entries(entries: list[str]) -> Changes:
    about: dict[str, str] = {}
    found: dict[str, list[str]] = {"changed": [], "deleted": [], "nested": [], "moved": []}
    for entry in entries:
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            about[name] = value
        elif kind in {"?", *_FIELDS}:
            where, path = _classify(kind, entry)
            if kind != "?" or _CACHE not in f"/{path}":  # else any import would make the same code another
                found[where].append(path)
    commit, branch = about.get("branch.oid", "(initial)"), about.get("branch.head", "(detached)")
    return Changes(
        None if commit == "(initial)" else commit,
        None if branch == "(detached)" else branch,
        **{name: tuple(paths) for name, paths in found.items()},
    )


def _classify(kind: str, entry: str) -> tuple[str, str]:
    """Return which list of `Changes` an entry belongs to, and its path."""
    if kind == "?":
        path = entry[2:]
        return ("nested", path.rstrip("/")) if path.endswith("/") else ("changed", path)
    words = entry.split(" ", _FIELDS[kind] - 1)
    state, submodule, path = words[1], words[2], words[-1]
    if submodule.startswith("S") and state[1] != "D" and _GITLINK in words[3:7]:
        return "moved", path
    # a file that was removed from the index alone is told as untracked, too
    return ("deleted", path) if kind != "u" and (state[1] == "D" or state == "D.") else ("changed", path)


def list_submodules(repository: Repository) -> dict[str, str]:
    """Return the submodules that are there: their paths, and the commits that are tracked of them.

    Raises:
        RepositoryError: Git did not answer.
    """
    entries = repository.run("ls-files", "--stage", "-z").split("\0")
    links = [entry.partition("\t") for entry in entries if entry.startswith(_GITLINK)]
    return {path: words.split(" ")[1] for words, _, path in links if os.path.lexists(repository.top / path / ".git")}
