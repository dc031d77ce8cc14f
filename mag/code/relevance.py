"""Relevance: which files that differ between two states of the code are code, and no outputs that lie about."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from mag.code.repository import Repository
from mag.errors import RepositoryError

_MODULES = (".py", ".pyx", ".so", ".pyd")


def list_changed_code(repository: Repository, before: str, now: str, configs: Iterable[str]) -> list[str]:
    """Return the files of code in which two states differ: tracked ones, modules that are imported, and configs.

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
