"""Snapshots: the exact code of a work tree, changes and untracked files included, kept as a commit of its own.

A snapshot is a commit under `refs/mag/snapshots/<tree>`, made through a copy of the user's index: index, HEAD,
branches, stash and hooks stay as they are, and the copy keeps the index's knowledge of which files are unchanged, so
that only changed ones are read. The same tree is stored once. Submodules that were changed are stored as part of the
tree, so that one ref of one repository says all. A clean tree needs no snapshot: its commit is only kept from being
collected, by a ref under `refs/mag/commits/`.
"""

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mag.code.changes import Changes, list_submodules, read_changes
from mag.code.omissions import Omission, Rules, mask_file, sort_out
from mag.code.repository import Repository
from mag.errors import RepositoryError

SNAPSHOTS = "refs/mag/snapshots/"
COMMITS = "refs/mag/commits/"

_GIT_SECONDS = 120.0  # no snapshot is worth a longer wait
_NOBODY = "0" * 40
_AUTHOR = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "mag"), ("EMAIL", "mag@localhost"))
}


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """The code in a work tree.

    Attributes:
        changes: What differs from the last commit.
        dirty: Whether anything does, in submodules too.
        tree: The tree that holds it all; None where that is the last commit's.
        omissions: What the tree does not hold as it was.
    """

    changes: Changes
    dirty: bool
    tree: str | None
    omissions: tuple[Omission, ...]


def read_state(repository: Repository, rules: Rules, ignore: Path | None = None) -> State:
    """Store the code of a work tree as a tree, and return what is known of it; no ref is made.

    Raises:
        RepositoryError: Git failed.
    """
    changes = read_changes(repository, ignore)
    modules, dirty, omissions = _read_submodules(repository, changes, rules)
    if not changes.any and not modules:
        return State(changes, dirty, None, tuple(omissions))
    with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
        index = _Index(repository, Path(scratch))
        omissions += index.take_in(changes, rules)
        for path, tree in modules.items():
            index.graft(path, tree)
        tree = index.write()
    same = changes.commit is not None and tree == repository.run("rev-parse", f"{changes.commit}^{{tree}}").strip()
    return State(changes, dirty or changes.any, None if same else tree, tuple(omissions))


def _read_submodules(
    repository: Repository, changes: Changes, rules: Rules
) -> tuple[dict[str, str], bool, list[Omission]]:
    """Store the changed submodules' trees in this repository; return them by path, and what they leave out."""
    trees: dict[str, str] = {}
    omissions: list[Omission] = []
    dirty = False
    for path, tracked in list_submodules(repository).items():
        try:
            with Repository(repository.top / path) as inner:
                if inner.top.resolve() != (repository.top / path).resolve():
                    continue  # what is there is no repository after all
                state = read_state(inner, rules)
                omissions += [Omission(f"{path}/{one.path}", one.reason) for one in state.omissions]
                dirty = dirty or state.dirty
                if state.tree is None and path not in changes.moved:
                    keep_commit(inner, tracked)
                    continue
                name = state.tree or inner.run("rev-parse", f"{state.changes.commit}^{{tree}}").strip()
                _copy_tree(inner, repository, name, rules.total)
                trees[path] = name
        except RepositoryError as error:
            omissions.append(Omission(path, f"submodule: {error}"))
    return trees, dirty, omissions


def _copy_tree(source: Repository, target: Repository, tree: str, largest: int) -> None:
    """Copy a tree and all that is in it from one repository into another."""
    try:
        target.run("cat-file", "-e", tree)
    except RepositoryError:
        pack = source.run_on(f"{tree}\n".encode(), "pack-objects", "--revs", "--stdout", "-q", seconds=_GIT_SECONDS)
        if len(pack) > largest:
            raise RepositoryError(f"its changed state is larger than {largest >> 20} MB") from None
        target.run_on(pack, "unpack-objects", "-q", seconds=_GIT_SECONDS)


class _Index:
    """A copy of the user's index, to be changed freely."""

    def __init__(self, repository: Repository, scratch: Path) -> None:
        self._repository = repository
        self._env = {"GIT_INDEX_FILE": str(scratch / "index")}
        try:
            shutil.copy2(repository.git_dir / "index", scratch / "index")
        except FileNotFoundError:  # nothing was ever added
            return

    def take_in(self, changes: Changes, rules: Rules) -> list[Omission]:
        """Bring the changes into the index, and return those that were left out."""
        stored, gone, omissions = sort_out(self._repository.top, changes, rules)
        masked = {path: text for path in stored if (text := mask_file(self._repository.top / path, rules))}
        self._update([*changes.deleted, *gone], "--force-remove")
        self._update([path for path in stored if path not in masked], "--add", "--replace", "--remove")
        for path, content in masked.items():
            self._store(path, content)
            omissions.append(Omission(path, "the values of keys that look secret are masked"))
        return omissions

    def _update(self, paths: Sequence[str], *options: str) -> None:
        if paths:
            words = ("update-index", "-z", *options, "--stdin")
            self._repository.run(*words, env=self._env, lines=paths, seconds=_GIT_SECONDS)

    def _store(self, path: str, content: bytes) -> None:
        blob = self._repository.run_on(content, "hash-object", "-w", "--stdin", f"--path={path}").decode().strip()
        mode = "100755" if os.access(self._repository.top / path, os.X_OK) else "100644"
        words = ("update-index", "--add", "--replace", "-z", "--index-info")
        self._repository.run(*words, env=self._env, lines=[f"{mode} {blob}\t{path}"])

    def graft(self, path: str, tree: str) -> None:
        """Put a tree where a submodule is."""
        self._update([path], "--force-remove")
        self._repository.run("read-tree", f"--prefix={path}/", tree, env=self._env)

    def write(self) -> str:
        """Store the index as a tree and return its name."""
        return self._repository.run("write-tree", env=self._env).strip()


def keep_snapshot(repository: Repository, state: State) -> str | None:
    """Make the ref of a state, or find that of an equal one, and return the snapshot.

    Raises:
        RepositoryError: Git failed.
    """
    last = state.changes.commit
    if state.tree is None:
        if last is not None:
            keep_commit(repository, last)
        return None
    ref = SNAPSHOTS + state.tree
    if known := repository.read_ref(ref):
        return known
    parents = ["-p", last] if last else []
    message = f"mag: the work tree of {state.changes.branch or last or 'a new repository'}"
    words = ["commit-tree", state.tree, *parents, "-m", message]
    commit = repository.run(*words, env=_AUTHOR).strip()
    try:
        repository.run("update-ref", "-m", "mag snapshot", ref, commit, _NOBODY[: len(commit)])
    except RepositoryError:  # another sweep was quicker
        if known := repository.read_ref(ref):
            return known
        raise
    return commit


def keep_commit(repository: Repository, commit: str) -> None:
    """Keep a commit from being collected, whatever becomes of the branches that lead to it."""
    ref = COMMITS + commit
    if not (repository.common_dir / ref).exists():
        repository.run("update-ref", "-m", "mag", ref, commit)
