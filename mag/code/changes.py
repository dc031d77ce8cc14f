"""What differs between a work tree and its last commit, also where git was told not to look."""

import dataclasses
import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path

from mag.code.repository import Repository

LISTING = ("ls-files", "--stage", "-v", "-z")
"""The git command that lists the tracked files."""
_GITLINK = "160000"
_PLAIN = ("H 100", "H 120")
"""What the entry of a file or link begins with that git looks at."""


class Tracked:
    """The tracked files of a repository.

    Attributes:
        submodules: The submodules, and the commits that are tracked of them.
        hidden: The files that git was told not to look at, with its letter for that: `h` (assume-unchanged), `S`
            (skip-worktree, as those outside of a sparse checkout are), or `s` (both).
    """

    def __init__(self, listed: str) -> None:
        self._listed = listed
        self.submodules: dict[str, str] = {}
        self.hidden: dict[str, str] = {}
        for entry in listed.split("\0"):
            if entry.startswith(_PLAIN) or not entry:
                continue
            words, _, path = entry.partition("\t")
            tag, mode, name, _ = words.split(" ")
            if mode == _GITLINK:
                self.submodules[path] = name
            elif tag.islower() or tag == "S":
                self.hidden[path] = tag

    def __contains__(self, path: str) -> bool:
        return f"\t{path}\0" in self._listed

    @property
    def has_attributes(self) -> bool:
        """Whether there is a file that says what git is to convert."""
        return ".gitattributes\0" in self._listed

    @cached_property
    def blobs(self) -> dict[str, tuple[str, str]]:
        """Mode and name of the content of each file that is not in conflict."""
        pieces = (entry.partition("\t") for entry in self._listed.split("\0") if entry)
        words = {path: words.split(" ") for words, _, path in pieces}
        kept = {path: (mode, name) for path, (_, mode, name, stage) in words.items() if stage == "0"}
        return {path: known for path, known in kept.items() if known[0] != _GITLINK}


@dataclasses.dataclass(frozen=True, slots=True)
class Unseen:
    """What git does not report about tracked files.

    Attributes:
        edited: Files that were changed.
        deleted: Files that are gone.
        converted: Files that git calls unchanged, but keeps with other bytes.
    """

    edited: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()


def find_unseen(repository: Repository, tracked: Tracked, seen: Collection[str], largest: int) -> Unseen:
    """Return what git does not report about tracked files.

    Raises:
        RepositoryError: Git did not answer.
    """
    filtered = list(_list_filtered(repository, tracked, seen)) if _may_convert(repository, tracked) else []
    hidden = [path for path in tracked.hidden if path not in seen and path in tracked.blobs]
    there = [path for path in hidden if os.path.lexists(repository.top / path)]
    other = _compare(repository, tracked, dict.fromkeys([*there, *filtered]), largest)
    edited = [path for path in other if path in tracked.hidden]
    if repository.config.get("core.filemode") == "false":
        others = (path for path in tracked.blobs if path not in seen and path not in other)
        edited += [path for path in others if _has_other_mode(repository.top / path, tracked.blobs[path][0])]
    gone = (path for path in hidden if tracked.hidden[path] == "h" and path not in there)
    converted = (path for path in other if path not in tracked.hidden)
    return Unseen(tuple(edited), tuple(gone), tuple(converted))


def _compare(repository: Repository, tracked: Tracked, paths: dict[str, None], largest: int) -> list[str]:
    """Return the files whose bytes differ from those that git keeps."""
    small = [path for path in paths if _is_small(repository.top / path, largest)]
    quoted = "".join(f"{quote_path(path)}\n" for path in small).encode("utf-8", "surrogateescape")
    words = ("hash-object", "--no-filters", "--stdin-paths")
    names = repository.run_on([quoted], *words).decode().split() if small else []
    known = dict(zip(small, names, strict=True))
    known |= {path: _hash_link(repository, path) for path in paths if (repository.top / path).is_symlink()}
    return [path for path in paths if known.get(path) != tracked.blobs[path][1]]


def _hash_link(repository: Repository, path: str) -> str:
    """Return what git would call the content of a link: where it leads."""
    target = os.fsencode(os.readlink(repository.top / path))
    kind = repository.config.get("extensions.objectformat", "sha1")
    return hashlib.new(kind, b"blob %d\0%b" % (len(target), target)).hexdigest()


def quote_path(path: str) -> str:
    """Return a path as git quotes it, for a list by lines."""
    if "\n" not in path and not path.startswith('"'):
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _is_small(path: Path, largest: int) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size <= largest and os.access(path, os.R_OK)


def _has_other_mode(path: Path, mode: str) -> bool:
    """Tell whether a file may be run where git knows it as one that may not, or the other way round."""
    try:
        found = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISREG(found) and mode.startswith("100") and bool(found & stat.S_IXUSR) != (mode == "100755")


def _may_convert(repository: Repository, tracked: Tracked) -> bool:
    """Tell whether git could convert any file: quickly, since in most repositories it cannot."""
    config, home = repository.config, os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    files = [
        repository.common_dir / "info" / "attributes",
        repository.top / ".gitattributes",
        Path("/etc/gitattributes"),
    ]
    files.append(Path(os.path.expanduser(config.get("core.attributesfile", f"{home}/git/attributes"))))
    told = config.get("core.autocrlf", "false") != "false"
    return told or tracked.has_attributes or any(file.exists() for file in files)


def _list_filtered(repository: Repository, tracked: Tracked, seen: Collection[str]) -> Iterator[str]:
    """Yield the tracked files that git may convert, as its attributes and settings say."""
    paths = [path for path, (mode, _) in tracked.blobs.items() if mode.startswith("100") and path not in seen]
    words = ("check-attr", "-z", "--stdin", "text", "eol", "crlf", "ident", "filter", "working-tree-encoding")
    told = repository.run(*words, lines=paths).split("\0")
    always = repository.config.get("core.autocrlf", "false") != "false"
    found: dict[str, dict[str, str]] = {}
    for path, name, value in zip(told[0::3], told[1::3], told[2::3], strict=False):
        found.setdefault(path, {})[name] = value
    for path, given in found.items():
        said = {name for name, value in given.items() if value not in {"unspecified", "unset"}}
        if said or (always and given.get("text") == "unspecified"):
            yield path


_FIELDS = {"1": 9, "2": 10, "u": 11}


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
        folders: Directories with such files and no tracked ones.
        converted: Tracked files that git calls unchanged, but keeps with other bytes.
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
