"""Untracked files: what a snapshot takes in of them, and what it leaves out: large files, secrets, environments."""

import dataclasses
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from mag.code.changes import Changes
from mag.code.exposure import LONGEST, exposes_secret, holds_key, is_config, match_name
from mag.code.repository import Repository
from mag.settings import SECRET_FILES, Settings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a snapshot takes in.

    Attributes:
        exclude: Patterns of the names of files and directories that it leaves out.
        largest: The size in bytes from which on a file is left out.
        total: How much all changed files may have together; the largest of them are left out first.
        secrets: More key patterns that look secret, as in config files that nobody has committed.
        configs: Files that composed a config: they are always taken in.
        modules: Files that ran: they are taken in although git ignores them.
    """

    exclude: tuple[str, ...] = SECRET_FILES
    largest: int = 10 << 20
    total: int = 256 << 20
    secrets: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings, configs: tuple[str, ...] = (), modules: tuple[str, ...] = ()) -> Self:
        """Return what the settings of a project say."""
        return cls(exclude=settings.snapshot_exclude, secrets=settings.secrets, configs=configs, modules=modules)


@dataclasses.dataclass(frozen=True, slots=True)
class Omission:
    """Something that a snapshot does not hold as it was.

    Attributes:
        path: The file or directory, relative to the top of the work tree.
        reason: Why.
    """

    path: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Intake:
    """What of a work tree goes into a snapshot.

    Attributes:
        stored: The files that are not, or not with these bytes, in the last commit.
        gone: Those of the last commit that are not there, or are left out.
        omissions: What is left out.
        dirty: Whether any of it is a change to the last commit, as git understands changes.
    """

    stored: tuple[str, ...]
    gone: tuple[str, ...]
    omissions: tuple[Omission, ...]
    dirty: bool


def take_in(repository: Repository, changes: Changes, rules: Rules) -> Intake:
    """Return what of a work tree goes into a snapshot.

    Raises:
        RepositoryError: Git did not answer.
    """
    untracked = list_untracked(repository, changes.untracked, changes.folders)
    configs = [path for path in _place(repository.top, rules.configs) if path not in changes.tracked]
    modules = [path for path in _place(repository.top, rules.modules) if path not in changes.tracked]
    wanted = dict.fromkeys([*changes.changed, *changes.converted, *untracked.files, *modules])
    sizes, gone, omissions = _sort_out(repository.top, changes, rules, [path for path in wanted if path not in configs])
    omissions += _cap(sizes, rules.total)
    stored = (*sizes, *configs)
    gone += [one.path for one in omissions if one.path in changes.tracked]
    unchanged = {*changes.converted}
    touched = [*stored, *gone, *(one.path for one in omissions)]
    dirty = bool(changes.moved or untracked.nested) or any(path not in unchanged for path in touched)
    omissions += [Omission(path, "a git repository of its own, and no submodule") for path in untracked.nested]
    omissions += [Omission(path, "a virtual environment") for path in untracked.environments]
    return Intake(stored, tuple(gone), tuple(omissions), dirty)


def _place(top: Path, files: Iterable[str]) -> list[str]:
    """Return those of some files that lie in a work tree, relative to its top, where it has them."""
    real = os.path.realpath(top)
    places = (os.path.join(os.path.realpath(os.path.dirname(file)), os.path.basename(file)) for file in files)
    inside = [os.path.relpath(place, real) for place in places if place.startswith(real + os.sep)]
    return [path for path in dict.fromkeys(inside) if os.path.isfile(top / path)]


def _sort_out(
    top: Path, changes: Changes, rules: Rules, paths: Iterable[str]
) -> tuple[dict[str, int], list[str], list[Omission]]:
    """Return the files that are stored with their sizes, those that are gone, and what is left out."""
    sizes: dict[str, int] = {}
    gone, omissions = list(changes.deleted), list[Omission]()
    for path in select_code(top, paths):
        size = _measure(top / path)
        if size is None:
            gone.append(path)
        elif reason := _refuse(top / path, path, size, rules, is_tracked=path in changes.tracked):
            omissions.append(Omission(path, reason))
        else:
            sizes[path] = size
    return sizes, select_code(top, gone), omissions


def _measure(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except OSError:
        return None


def _refuse(file: Path, path: str, size: int, rules: Rules, *, is_tracked: bool) -> str | None:
    """Return why a file is left out; None if it is not. What git tracks is no secret any more."""
    if not is_tracked and (pattern := match_name(path, rules.exclude)):
        return f"its name looks as if it held secrets ({pattern})"
    if size > rules.largest:
        return f"larger than {rules.largest >> 20} MB"
    if stat.S_ISLNK(file.lstat().st_mode):
        return None
    if not os.access(file, os.R_OK):
        return "it may not be read"
    return None if is_tracked else _find_secret(file, path, size, rules)


def _find_secret(file: Path, path: str, size: int, rules: Rules) -> str | None:
    """Return what is secret in a small file that nobody has committed; None where nothing seems to be."""
    if size > LONGEST:
        return None
    try:
        content = file.read_bytes()
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if holds_key(content):
        return "it holds a private key"
    exposed = is_config(path) and exposes_secret(path, content, rules.secrets)
    return "it holds values under keys that look secret, and composed no experiment" if exposed else None


def _cap(sizes: dict[str, int], total: int) -> list[Omission]:
    """Take the largest files out of `sizes` until the rest is no more than `total` together."""
    excess = sum(sizes.values()) - total
    omissions = []
    for path in sorted(sizes, key=lambda path: -sizes[path]) if excess > 0 else ():
        excess -= sizes.pop(path)
        omissions.append(Omission(path, f"changed files are larger than {total >> 20} MB together"))
        if excess <= 0:
            break
    return omissions


_CACHES = frozenset(
    ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".ipynb_checkpoints", ".tox", ".nox", "node_modules")
)
"""Directories that tools fill, and that nobody's code lies in."""
_CACHE_TAG = "CACHEDIR.TAG"
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")


@dataclasses.dataclass(frozen=True, slots=True)
class Untracked:
    """What git neither tracks nor ignores in a work tree; paths are relative to its top.

    Attributes:
        files: The files that may be code.
        nested: Directories with a repository of their own that is no submodule.
        environments: Virtual environments.
    """

    files: list[str] = dataclasses.field(default_factory=list)
    nested: list[str] = dataclasses.field(default_factory=list)
    environments: list[str] = dataclasses.field(default_factory=list)


def list_untracked(repository: Repository, files: Iterable[str], folders: Iterable[str]) -> Untracked:
    """Return the files that git neither tracks nor ignores.

    Raises:
        RepositoryError: Git did not answer.
    """
    found, seen = Untracked(), list[str]()
    level = [folder for folder in folders if not _is_experiment(f"{repository.top}/{folder}")]
    while level:
        inner = [path for folder in level for path in _read_folder(repository.top, folder, found, seen)]
        level = _drop_ignored(repository, inner)  # level by level: what is in an ignored directory may be very much
    found.files.extend(path for path in files if not any(map(_is_cache, path.split("/")[:-1])))
    found.files.extend(_drop_ignored(repository, sorted(seen)))
    return found


def _drop_ignored(repository: Repository, paths: list[str]) -> list[str]:
    if not paths:
        return []
    ignored = {*repository.run("check-ignore", "-z", "--stdin", lines=paths, expect=1).split("\0")}
    return [path for path in paths if path not in ignored]


def _read_folder(top: Path, folder: str, found: Untracked, seen: list[str]) -> list[str]:
    """Note what is in a directory, and return the directories in it that may hold code."""
    try:
        with os.scandir(top / folder) as entries:
            inside = {entry.name: entry for entry in entries}
    except OSError:
        return []
    if ".git" in inside:
        found.nested.append(folder)
    elif any(name in inside for name in _ENVIRONMENT_MARKS):
        found.environments.append(folder)
    elif _CACHE_TAG not in inside and not _is_cache(folder.rpartition("/")[2]):
        seen += [f"{folder}/{name}" for name, entry in inside.items() if _may_be_stored(entry)]
        names = [name for name, entry in inside.items() if name != ".mag" and entry.is_dir(follow_symlinks=False)]
        return [f"{folder}/{name}" for name in names if not _is_experiment(f"{top}/{folder}/{name}")]
    return []


def _may_be_stored(entry: "os.DirEntry[str]") -> bool:
    return entry.is_symlink() or entry.is_file(follow_symlinks=False)


def _is_cache(name: str) -> bool:
    return name in _CACHES or name.endswith(".egg-info")


def _is_experiment(directory: str) -> bool:
    """Tell whether a directory is an experiment's: what mag wrote is no code."""
    private = f"{directory}/.mag"
    return os.path.isdir(private) and any(os.path.exists(f"{private}/{name}") for name in ("record.json", "lock"))


def select_code(top: Path, paths: Iterable[str]) -> list[str]:
    """Return those of some files that belong neither to an experiment nor to what mag keeps beside them."""
    known: dict[str, bool] = {"": False}

    def belongs_to_mag(folder: str) -> bool:
        """Tell whether a folder is a store of mag's; each is looked at once."""
        if folder not in known:
            above, _, name = folder.rpartition("/")
            known[folder] = name == ".mag" or belongs_to_mag(above) or _is_experiment(f"{top}/{folder}")
        return known[folder]

    return [path for path in paths if not belongs_to_mag(path.rpartition("/")[0])]
