"""Checkouts: the code that a record names, as a work tree of its own, with no hook run."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mag.code.drift import LEASE
from mag.code.omissions import Omission
from mag.code.repository import TRANSFER, Repository
from mag.disk import locks
from mag.errors import RepositoryError
from mag.patterns import compile_lazily

_HASH = compile_lazily(r"[0-9a-f]{40}([0-9a-f]{24})?")


def read_code(commit: Mapping[str, Any]) -> str | None:
    """Return the commit that holds the code of an experiment, as its record tells; None if none does."""
    name = commit.get("snapshot") or commit.get("hash")
    return name if isinstance(name, str) and _HASH.fullmatch(name) else None


def open_holder(code: str, places: Iterable[str | Path | None]) -> Repository:
    """Return the first repository that has a commit, open.

    Raises:
        RepositoryError: None has.
    """
    seen = []
    for place in places:
        try:
            repository = Repository(place) if place is not None else None
        except RepositoryError:
            continue
        if repository is None or repository.common_dir in seen:
            continue
        if repository.read_ref(code) is not None:
            return repository
        seen.append(repository.common_dir)
        repository.close()
    where = f"is not in {seen[0].parent}" if seen else "is in no repository here"
    raise RepositoryError(
        f"The code, commit {code[:12]}, {where}: go to a clone of the repository that it ran in, and "
        f"`git fetch REMOTE 'refs/mag/*:refs/mag/*'` from where it ran."
    )


def check_out(repository: Repository, code: str, directory: Path) -> list[Omission]:
    """Make `directory` a linked work tree at a commit, submodules included, and return what is missing in it.

    Its files are byte for byte those of the commit, whatever git is told to convert.

    Raises:
        RepositoryError: Git failed.
    """
    words = ("worktree", "add", "--quiet", "--force", "--detach", "--no-checkout", "--", str(directory), code)
    repository.run(*words)
    _fill(repository, code, directory, Repository(directory).git_dir / "index")
    return _fill_submodules(repository, code, directory)


def _fill(repository: Repository, code: str, directory: Path, index: Path) -> None:
    """Write the files of a commit, byte for byte as they were stored."""
    if "extensions.partialclone" in repository.config:  # fetches what is missing, all at once
        with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
            env = {"GIT_INDEX_FILE": f"{scratch}/index", "GIT_WORK_TREE": scratch, "GIT_DIR": str(repository.git_dir)}
            repository.run("read-tree", "--reset", "-u", code, env=TRANSFER | env)
    with repository.convert_nothing(directory, index) as exact:
        repository.run("read-tree", "--reset", "-u", code, env=exact)


def _fill_submodules(repository: Repository, code: str, directory: Path) -> list[Omission]:
    entries = repository.run("ls-tree", "-r", "-z", code).split("\0")
    missing = []
    for entry in entries:
        if not entry.startswith("160000 "):
            continue
        words, _, path = entry.partition("\t")
        name = words.split(" ")[2]
        try:
            with _open_submodule(repository, path, name) as inner:
                missing += _fill_submodule(inner, name, directory / path, path)
        except RepositoryError as error:
            missing.append(Omission(path, f"submodule: {error}"))
    return missing


def _open_submodule(repository: Repository, path: str, code: str) -> Repository:
    """Return the repository that has a submodule's commit: its own, or this one where it came in a bundle."""
    inner = None
    with contextlib.suppress(RepositoryError):
        inner = Repository(repository.top / path)
    for one in (inner, repository):
        if one is not None and one.read_ref(code) is not None:
            return one
    raise RepositoryError(f"commit {code[:12]} is not here; `git submodule update --init` may fetch it")


def _fill_submodule(inner: Repository, code: str, directory: Path, path: str) -> list[Omission]:
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
        _fill(inner, code, directory, Path(scratch, "index"))
    return [Omission(f"{path}/{one.path}", one.reason) for one in _fill_submodules(inner, code, directory)]


@contextlib.contextmanager
def lend_checkout(repository: Repository, code: str) -> Iterator[tuple[Path, list[Omission]]]:
    """Lend a clean work tree at a commit, and what is missing in it; it is gone when the block ends.

    Those that were lent by processes which are gone, killed before their blocks ended, are removed first.

    Raises:
        RepositoryError: Git failed.
    """
    for leftover in list_leftovers(repository):
        remove_checkout(repository, leftover)
    folder = Path(tempfile.mkdtemp(prefix="mag-"))
    directory = folder / repository.top.name
    lease = locks.acquire(str(folder / LEASE))  # forks have it, too: an experiment whose runner was killed goes on
    try:
        yield directory, check_out(repository, code, directory)
    finally:
        remove_checkout(repository, directory)
        if lease is not None:
            lease.release()


def keep_checkout(repository: Repository, code: str, directory: Path) -> list[Omission]:
    """Make a clean work tree at a commit, to stay; return what is missing in it. One that is there is used again.

    Raises:
        RepositoryError: Git failed.
    """
    whole = directory.parent / "whole"
    directory.parent.mkdir(parents=True, exist_ok=True)
    with locks.take_turn(str(directory.parent), patience=60):
        if whole.exists() and directory.is_dir():
            return []
        if directory.exists():  # whoever made it was killed
            remove_checkout(repository, directory)
            directory.parent.mkdir(parents=True, exist_ok=True)
        missing = check_out(repository, code, directory)
        whole.touch()
    return missing


def list_leftovers(repository: Repository) -> list[Path]:
    """Return the work trees of a repository that were lent, and that no process uses any more."""
    lines = repository.run("worktree", "list", "--porcelain").splitlines()
    trees = [Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")]
    return [tree for tree in trees if _is_leftover(tree.parent / LEASE)]


def _is_leftover(lease: Path) -> bool:
    return lease.is_file() and not lease.is_symlink() and not locks.is_held(str(lease))


def remove_checkout(repository: Repository, directory: Path) -> None:
    """Remove a work tree that was lent, with the folder made for it."""
    with contextlib.suppress(RepositoryError):
        repository.run("worktree", "remove", "--force", "--force", "--", str(directory))
    shutil.rmtree(directory.parent, ignore_errors=True)
    with contextlib.suppress(RepositoryError):
        repository.run("worktree", "prune")


def transfer(path: str | Path, moved: Mapping[Path, Path]) -> Path:
    """Return where a path lies in another work tree; the path itself where it lies in none that moved.

    >>> transfer("/home/me/src", {Path("/home/me"): Path("/tmp/x")}).as_posix()
    '/tmp/x/src'
    """
    for real in (Path(path), Path(os.path.realpath(path))):
        for top, place in moved.items():
            for known in (top, Path(os.path.realpath(top))):
                if real.is_relative_to(known) and not real.is_relative_to(place):
                    return place / real.relative_to(known)
    return Path(path)
