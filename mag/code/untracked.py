"""Untracked files: what git neither tracks nor ignores, without environments, caches and experiments."""

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

from mag.code.repository import Repository

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
        if folder not in known:
            above, _, name = folder.rpartition("/")
            known[folder] = name == ".mag" or belongs_to_mag(above) or _is_experiment(f"{top}/{folder}")
        return known[folder]

    return [path for path in paths if not belongs_to_mag(path.rpartition("/")[0])]
