"""What differs between a work tree and its last commit, as git tells it, and what git was told not to look at."""

import dataclasses
import os

from mag.code.repository import Repository
from mag.code.tracked import LISTING, Tracked
from mag.code.unseen import find_unseen

_FIELDS = {"1": 9, "2": 10, "u": 11}
_GITLINK = "160000"


@dataclasses.dataclass(frozen=True, slots=True)
class Changes:
    """What differs between a work tree and its last commit; all paths are relative to the top.

    Attributes:
        commit: The last commit; None where there is none yet.
        branch: The branch; None where HEAD is detached.
        changed: Tracked files that were changed or added, or are in conflict.
        deleted: Tracked files that are gone.
        moved: Submodules at another commit than the one that is tracked.
        untracked: Files that git neither tracks nor ignores.
        folders: Directories with such files, of which git tracks none.
        converted: Tracked files, unchanged to git, of which it keeps other bytes than there are.
        submodules: The submodules that are there, and the commits that are tracked of them.
        tracked: All tracked files.
    """

    commit: str | None
    branch: str | None
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()
    submodules: dict[str, str] = dataclasses.field(default_factory=dict)
    tracked: Tracked = dataclasses.field(default_factory=lambda: Tracked(""))

    @property
    def touched(self) -> bool:
        """Whether a snapshot may be needed; submodules that were changed are another matter."""
        return any((self.changed, self.deleted, self.moved, self.untracked, self.folders, self.converted))


def read_changes(repository: Repository, largest: int) -> Changes:
    """Return what differs between a work tree and its last commit; nothing in the repository is touched.

    What lies inside submodules is not looked at: it is asked of their own repositories.

    Raises:
        RepositoryError: Git did not answer.
    """
    settings, listed = repository.ask_config(), repository.start(*LISTING)
    told = repository.run(
        *("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--no-renames"),
        *("--ignore-submodules=dirty", "--", ":/"),
    )
    settings()
    tracked, entries = Tracked(listed()), [entry for entry in told.split("\0") if entry]
    commit, branch, found = _read_entries(entries)
    unseen = find_unseen(repository, tracked, {*found["changed"], *found["deleted"]}, largest)
    return Changes(
        commit,
        branch,
        changed=(*found["changed"], *unseen.edited),
        deleted=(*found["deleted"], *unseen.deleted),
        moved=tuple(found["moved"]),
        untracked=tuple(found["untracked"]),
        folders=(*found["folders"], *(path for path in found["deleted"] if (repository.top / path).is_dir())),
        converted=unseen.converted,
        submodules={path: name for path, name in tracked.submodules.items() if _is_there(repository, path)},
        tracked=tracked,
    )


def _is_there(repository: Repository, path: str) -> bool:
    return os.path.lexists(repository.top / path / ".git")


def _read_entries(entries: list[str]) -> tuple[str | None, str | None, dict[str, list[str]]]:
    """Return the last commit, the branch, and the paths by what happened to them."""
    about: dict[str, str] = {}
    found: dict[str, list[str]] = {"changed": [], "deleted": [], "moved": [], "untracked": [], "folders": []}
    for entry in entries:
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            about[name] = value
        elif kind == "?":
            found["folders" if rest.endswith("/") else "untracked"].append(rest.rstrip("/"))
        elif kind in _FIELDS:
            where, path = _classify(kind, entry)
            found[where].append(path)
    commit, branch = about.get("branch.oid", "(initial)"), about.get("branch.head", "(detached)")
    known = None if commit == "(initial)" else commit
    return known, None if branch == "(detached)" else branch, found


def _classify(kind: str, entry: str) -> tuple[str, str]:
    """Return which list of `Changes` an entry of a tracked file belongs to, and its path."""
    words = entry.split(" ", _FIELDS[kind] - 1)
    state, submodule, path = words[1], words[2], words[-1]
    if submodule.startswith("S") and state[1] != "D" and _GITLINK in words[3:7]:
        return "moved", path
    # a file that was removed from the index alone is told as untracked, too
    return ("deleted", path) if kind != "u" and (state[1] == "D" or state == "D.") else ("changed", path)
