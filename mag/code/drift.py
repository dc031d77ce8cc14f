"""Drift: files of code that are no longer as they ran, and which of the files that changed are code at all."""

import contextlib
import functools
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from mag.code.repository import Repository
from mag.errors import RepositoryError

_MOST = 20
_OWN = (os.path.dirname(os.__file__) + os.sep, str(Path(__file__).parents[1]) + os.sep)
"""Where Python's own modules are, and mag's."""

LEASE = ".mag-lease"
"""Beside a work tree that is lent: a lock, held as long as a process uses it."""


def tell_drift(commit: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's `commit`, with code that this process ran in another version, or imported late."""
    top, taken = commit.get("top"), commit.get("taken")
    told = dict(commit)
    if isinstance(top, str) and isinstance(taken, float):
        changed = {*commit.get("changed", ()), *_list_newer_files(top, _list_files(top), taken)}
        told |= {"changed": sorted(changed)[:_MOST]} if changed else {}
    late = list_code_files(_list_newer(_survey()[0]))
    return told | _describe_late(late, top if isinstance(top, str) else None, commit) if late else told


def _describe_late(files: Sequence[str], top: str | None, commit: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says of modules that an experiment imported while it ran, and that no snapshot has."""
    import hashlib  # noqa: PLC0415  (few experiments import code of the user's while they run)

    real = [path for file in files if not is_copied(path := os.path.realpath(file))]
    inside = [path for path in real if top is not None and path.startswith(os.path.realpath(top) + os.sep)]
    strange = {*real} - {*inside} | {*_list_ignored(top, inside)}
    told = tuple(f"{one.get('path')}{os.sep}" for one in commit.get("elsewhere", ()))
    entries = []
    for path in sorted(strange)[:_MOST]:
        with contextlib.suppress(OSError), open(path, "rb") as stream:
            if not path.startswith(told):
                entries.append({"path": path, "digest": hashlib.file_digest(stream, "sha256").hexdigest()})
    return {"elsewhere": [*commit.get("elsewhere", ()), *entries]} if entries else {}


def is_copied(path: str) -> bool:
    """Tell whether a file is in a work tree that was lent: all of it is recorded code."""
    return any((folder / LEASE).exists() for folder in Path(path).parents)


def _list_ignored(top: str | None, files: Sequence[str]) -> list[str]:
    """Return those of some files that git ignores."""
    if top is None or not files:
        return []
    import subprocess  # noqa: PLC0415  (see above)

    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    words = ["git", "-C", top, "check-ignore", "-z", "--stdin"]
    with contextlib.suppress(OSError):
        data = "".join(f"{file}\0" for file in files).encode("utf-8", "surrogateescape")
        done = subprocess.run(words, input=data, capture_output=True, check=False, env=env)
        return [path for path in done.stdout.decode("utf-8", "surrogateescape").split("\0") if path]
    return []


def list_code_files(modules: Iterable[object] | None = None) -> list[str]:
    """Return the files of modules that are neither Python's, nor mag's, nor installed as a distribution.

    Args:
        modules: The modules; all of this process if None.
    """
    found = list(sys.modules.values()) if modules is None else modules
    files = {file for module in found if isinstance(file := look_into(module).get("__file__"), str)}
    return sorted(os.path.abspath(file) for file in files if not _is_installed(file))


def _is_installed(file: str) -> bool:
    if file.startswith((*_OWN, f"{sys.prefix}{os.sep}bin{os.sep}", "<")):
        return True
    return f"{os.sep}site-packages{os.sep}" in file or f"{os.sep}dist-packages{os.sep}" in file


def list_stale(top: str) -> list[str]:
    """Return the modules' files that changed since this process started: it may run what they were before."""
    began = _read_start()
    prefix = top.rstrip(os.sep) + os.sep
    files = [path for path in list_code_files() if path.startswith(prefix)] if began is not None else []
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


def survey_modules() -> None:
    """Look once at the modules that there are, so that no fork of this process has to, and to copy them for it."""
    _survey()


@functools.cache
def _survey() -> tuple[str, frozenset[str]]:
    """Return the name of the last module that was imported, and the files of the user's modules."""
    modules = list(sys.modules.items())
    return modules[-1][0], frozenset(list_code_files(module for _, module in modules))


def _list_files(top: str) -> frozenset[str]:
    last, files = _survey()
    prefix = top.rstrip(os.sep) + os.sep
    return frozenset(path for path in (*files, *list_code_files(_list_newer(last))) if path.startswith(prefix))


def _list_newer(last: str) -> list[ModuleType]:
    """Return the modules that were imported after the one of that name; all if it is gone."""
    try:
        return [module for _, module in takewhile(lambda item: item[0] != last, reversed(sys.modules.items()))]
    except RuntimeError:  # another thread imports something meanwhile
        return list(sys.modules.values())


def look_into(module: object) -> dict[str, Any]:
    """Return the names in a module without running its `__getattr__`; none for anything else."""
    if not issubclass(type(module), ModuleType) or type(module).__module__ == "importlib.util":  # a lazy one
        return {}
    names: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return names


def _list_newer_files(top: str, files: Iterable[str], moment: float) -> list[str]:
    return sorted(os.path.relpath(path, top) for path in files if _is_newer(path, moment))


def _is_newer(path: str, moment: float) -> bool:
    try:
        return os.stat(path).st_mtime > moment
    except OSError:  # it is gone, which is a change, too
        return True


_MODULES = (".py", ".pyx", ".so", ".pyd")


def list_changed_code(repository: Repository, before: str, now: str, configs: Iterable[str]) -> list[str]:
    """Return the files of code that differ between two states: tracked ones, imported modules and configs.

    Args:
        repository: The repository.
        before: The commit of what ran.
        now: The commit, or the tree, of what is there.
        configs: The files that configs are composed from, as absolute paths.

    Raises:
        RepositoryError: Git cannot tell.
    """
    words = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "-z", before, now)
    names = [name for name in repository.run(*words).split("\0") if name]
    if not names:
        return []
    top = os.path.realpath(repository.top)
    known = {os.path.relpath(os.path.realpath(file), top) for file in configs} | _list_tracked(
        repository, before, names
    )
    return [name for name in names if name in known or _is_imported(repository, name, (before, now))]


def _list_tracked(repository: Repository, before: str, names: Sequence[str]) -> set[str]:
    """Return those of some files that git tracks, or tracked when the code ran."""
    paths = [f":(top,literal){name}" for name in names]
    found = {*repository.run("ls-files", "-z", "--", *paths).split("\0")}
    last = repository.read_ref(f"{before}^") if repository.read_ref(f"refs/mag/snapshots/{before}") else before
    if last is not None:
        found |= {*repository.run("ls-tree", "-r", "-z", "--name-only", last, "--", *names).split("\0")}
    return found


def _is_imported(repository: Repository, name: str, states: Iterable[str]) -> bool:
    """Tell whether a file is a module that another one imports by name."""
    path = PurePosixPath(name)
    if path.suffix not in _MODULES:
        return False
    module = path.parent.name if path.stem == "__init__" else path.name.partition(".")[0]
    pattern = rf"^[[:space:]]*(import|from)[[:space:]].*\b{re.escape(module)}\b"
    for state in states:
        try:
            repository.run("grep", "-q", "-E", "-e", pattern, state, "--", "*.py")
        except RepositoryError:  # nobody does
            continue
        return True
    return False
