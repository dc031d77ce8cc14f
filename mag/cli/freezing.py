"""Freezing: a whole sweep from one work tree that nobody edits, so that editing the code meanwhile changes nothing."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mag.cli.output import note
from mag.cli.project import Project
from mag.cli.recall import Place, link, read_tree
from mag.code.checkouts import lend_checkout, read_code, transfer
from mag.code.commit import read_commit
from mag.code.omissions import Rules
from mag.code.repository import Repository
from mag.errors import UsageError


@contextlib.contextmanager
def freeze(project: Project, links: Sequence[str] = ()) -> Iterator[Place]:
    """Lend the code as it is now, in a clean temporary work tree.

    Raises:
        UsageError: There is no repository, or it cannot be captured.
        RepositoryError: Git failed.
    """
    cwd = Path.cwd()
    root = project.app.file.parent
    commit = read_commit(root, store=Path(project.store.root), rules=Rules.of(project.settings))
    code = read_code(commit)
    omissions = {one["path"]: one["reason"] for one in commit.get("not_captured", ())}
    if code is None or "." in omissions:
        reason = omissions.get(".") or commit.get("reason")
        raise UsageError(
            f"--snapshot runs the sweep from a copy of the code that git keeps, and there is none: {reason}."
        )
    for path, reason in omissions.items():
        note(f"not in the snapshot: {path} ({reason})")
    with Repository(root) as repository, lend_checkout(repository, code) as (directory, missing):
        for one in missing:
            note(f"missing in the snapshot: {one.path} ({one.reason})")
        for name in links:
            link(repository.top, directory, name)
        moved = {repository.top: directory}
        folder = transfer(cwd, moved)
        tree, file = read_tree(repository, code), transfer(os.path.abspath(project.app.file), moved)
        commit = {key: value for key, value in commit.items() if key != "changed"}  # all is imported anew, from here
        yield Place(folder if folder.is_dir() else directory, moved, {**commit, "frozen": True}, tree, file)
