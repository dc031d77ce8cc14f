"""Snapshots: the exact code of a work tree, changes and untracked files included, kept as a commit of its own.

A snapshot is a commit under `refs/mag/snapshots/`, made through a copy of the user's index: index, HEAD, branches,
stash and hooks stay as they are, and the copy keeps the index's knowledge of which files are unchanged, so that only
changed ones are read. Its files are byte for byte those on disk, whatever git converts. The same tree on the same
commit is the same snapshot, whoever makes it, and its ref is called by its name: two people's never clash. Submodules
that were changed are stored as part of the tree, so that one ref of one repository says all. A clean tree needs no
snapshot: its commit is only kept from being collected, by a ref under `refs/mag/commits/`.
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mag.code.changes import Changes, read_changes
from mag.code.omissions import Intake, Omission, Rules, take_in
from mag.code.repository import Repository
from mag.code.unseen import quote_path
from mag.errors import RepositoryError

SNAPSHOTS = "refs/mag/snapshots/"
COMMITS = "refs/mag/commits/"

_GIT_SECONDS = 120.0  # no snapshot is worth a longer wait
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
        moment: When the last commit was made, in seconds since 1970.
    """

    changes: Changes
    dirty: bool
    tree: str | None
    omissions: tuple[Omission, ...]
    moment: str = "0"


def read_state(repository: Repository, rules: Rules) -> State:
    """Store the code of a work tree as a tree, and return what is known of it; no ref is made.

    Raises:
        RepositoryError: Git failed.
    """
    changes = read_changes(repository, rules.largest)
    intake = take_in(repository, changes, rules)
    modules, dirty, omissions = _read_submodules(repository, changes, rules)
    omissions = [*intake.omissions, *omissions]
    dirty = dirty or intake.dirty
    if not (intake.stored or intake.gone or modules):
        return State(changes, dirty, None, tuple(omissions))
    wait = repository.start("show", "--no-patch", "--format=%T %ct", changes.commit) if changes.commit else None
    with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
        index = _Index(repository, Path(scratch))
        index.take_in(changes, intake)
        for path, tree in modules.items():
            index.graft(path, tree)
        tree = index.write()
    last, _, moment = (wait() if wait else " 0").strip("\n").partition(" ")
    return State(changes, dirty, None if tree == last else tree, tuple(omissions), moment)


def _read_submodules(
    repository: Repository, changes: Changes, rules: Rules
) -> tuple[dict[str, str], bool, list[Omission]]:
    """Store the changed submodules' trees in this repository; return them by path, and what they leave out."""
    trees: dict[str, str] = {}
    omissions: list[Omission] = []
    dirty = False
    for path, tracked in changes.submodules.items():
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

    def take_in(self, changes: Changes, intake: Intake) -> None:
        """Bring what is stored into the index, byte for byte, and take out what is gone."""
        self._update([*changes.distrusted, *intake.gone], "--force-remove", env=self._env)
        with self._repository.convert_nothing(self._repository.top, Path(self._env["GIT_INDEX_FILE"])) as exact:
            self._update(intake.stored, "--add", "--replace", "--remove", env=exact)

    def _update(self, paths: Sequence[str], *options: str, env: Mapping[str, str]) -> None:
        if paths:
            words = ("update-index", "-z", *options, "--stdin")
            self._repository.run(*words, env=env, lines=paths, seconds=_GIT_SECONDS)

    def graft(self, path: str, tree: str) -> None:
        """Put a tree where a submodule is."""
        self._update([path], "--force-remove", env=self._env)
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
    parents = ["-p", last] if last else []
    dates = {f"GIT_{role}_DATE": f"@{state.moment} +0000" for role in ("AUTHOR", "COMMITTER")}
    words = ["commit-tree", state.tree, *parents, "-m", "mag: the code of a work tree, as it ran"]
    commit = repository.run(*words, env=_AUTHOR | dates).strip()
    _keep(repository, SNAPSHOTS + commit, commit)
    return commit


def keep_files(repository: Repository, files: Sequence[str]) -> str:
    """Store files from anywhere in a commit of their own, each under its path, and return it."""
    quoted = "".join(f"{quote_path(file)}\n" for file in files).encode("utf-8", "surrogateescape")
    names = repository.run_on(quoted, "hash-object", "-w", "--no-filters", "--stdin-paths").decode().split()
    entries = [f"100644 {name}\t{file.lstrip('/')}" for file, name in zip(files, names, strict=True)]
    with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
        env = {"GIT_INDEX_FILE": f"{scratch}/index"}
        repository.run("update-index", "--add", "-z", "--index-info", env=env, lines=entries)
        tree = repository.run("write-tree", env=env).strip()
    dates = {f"GIT_{role}_DATE": "@0 +0000" for role in ("AUTHOR", "COMMITTER")}
    commit = repository.run("commit-tree", tree, "-m", "mag: code from elsewhere", env=_AUTHOR | dates).strip()
    _keep(repository, SNAPSHOTS + commit, commit)
    return commit


def keep_commit(repository: Repository, commit: str) -> None:
    """Keep a commit from being collected, whatever becomes of the branches that lead to it."""
    _keep(repository, COMMITS + commit, commit)


def _keep(repository: Repository, ref: str, commit: str) -> None:
    if not (repository.common_dir / ref).exists():
        repository.run("update-ref", "-m", "mag", ref, commit)
