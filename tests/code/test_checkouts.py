"""Laws of checkouts, on real repositories."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mag.code.checkouts import check_out, lend_checkout, open_holder, read_code, transfer
from mag.code.commit import read_commit
from mag.code.omissions import Rules
from mag.code.repository import Repository
from mag.errors import RepositoryError

Git = Callable[..., str]


def keep(folder: Path) -> str:
    """Return the commit that holds the code in a folder."""
    code = read_code(read_commit(folder, rules=Rules()))
    assert code is not None
    return code


def test_it_is_the_tree_that_was(code: Path, git: Git) -> None:
    """Content, modes, links and odd names come back, although the tree has changed since."""
    (code / "run.sh").touch(mode=0o755)
    (code / "link").symlink_to("train.py")
    (code / "\udcff\n.py").write_text("odd")
    (code / "old.py").unlink()
    name = keep(code)
    git("clean", "-q", "-fd")
    git("checkout", "-q", "--", ".")

    with Repository(code) as repository, lend_checkout(repository, name) as (folder, missing):
        assert set(os.listdir(folder)) == {".git", "train.py", "run.sh", "link", "\udcff\n.py"}
        assert stat.S_IMODE((folder / "run.sh").stat().st_mode) & 0o100
        assert os.readlink(folder / "link") == "train.py"
        assert missing == []
    assert not folder.exists()
    assert git("worktree", "list").count("\n") == 0


def test_filters_are_undone(code: Path, git: Git) -> None:
    """What a clean filter turned into something else is turned back, as git-lfs needs it."""
    git("config", "filter.rot.clean", "tr a-y b-z")
    git("config", "filter.rot.smudge", "tr b-z a-y")
    (code / ".gitattributes").write_text("*.txt filter=rot\n")
    (code / "data.txt").write_text("hello")
    name = keep(code)

    with Repository(code) as repository, lend_checkout(repository, name) as (folder, _):
        assert (folder / "data.txt").read_text() == "hello"


def test_hooks_do_not_run(code: Path, git: Git, tmp_path: Path) -> None:
    """A checkout runs no hook."""
    hook = code / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/canary\n")
    hook.chmod(0o755)

    with Repository(code) as repository, lend_checkout(repository, git("rev-parse", "HEAD")):
        assert not (tmp_path / "canary").exists()


def test_submodules(code: Path, git: Git, tmp_path: Path) -> None:
    """A clean submodule, and one inside it, are filled in from their own repositories; a missing one is named."""
    for name in ("inner", "library"):
        folder = tmp_path / name
        folder.mkdir()
        git("init", "-q", folder=folder)
        (folder / "lib.py").write_text(f"y = {name!r}\n")
        if name == "library":
            git("submodule", "--quiet", "add", str(tmp_path / "inner"), "inner", folder=folder)
        git("add", ".", folder=folder)
        git("commit", "-q", "-m", "lib", folder=folder)
    git("submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    git("submodule", "--quiet", "update", "--init", "--recursive")
    git("commit", "-q", "-m", "with lib")
    name = keep(code)

    with Repository(code) as repository, lend_checkout(repository, name) as (folder, missing):
        assert (folder / "lib" / "inner" / "lib.py").read_text() == "y = 'inner'\n"
        assert missing == []
    shutil.rmtree(code / "lib")
    with Repository(code) as repository, lend_checkout(repository, name) as (folder, missing):
        assert [one.path for one in missing] == ["lib"]


def test_linked_worktree_to_work_in(code: Path, git: Git, tmp_path: Path) -> None:
    """A checkout is a work tree of the repository, detached at the commit."""
    (code / "train.py").write_text("x = 2\n")
    name = keep(code)
    with Repository(code) as repository:
        check_out(repository, name, tmp_path / "there")

    assert git("rev-parse", "HEAD", folder=tmp_path / "there") == name
    assert git("status", "--porcelain", folder=tmp_path / "there") == ""


def test_a_commit_that_is_nowhere(code: Path) -> None:
    """Where no repository has the commit, the message says how to get it."""
    with pytest.raises(RepositoryError, match=r"git fetch REMOTE 'refs/mag/\*:refs/mag/\*'"):
        open_holder("0" * 40, [code, None, "/"])


@pytest.mark.parametrize("name", ["--upload-pack=x", "HEAD", "", None, 3])
def test_only_hashes_are_commits(name: object) -> None:
    """What is no hash, in a record from elsewhere, is no commit to check out."""
    assert read_code({"snapshot": name}) is None


def test_paths_outside_stay(tmp_path: Path) -> None:
    """A path in no work tree that moved is itself."""
    assert transfer(tmp_path, {Path("/nowhere"): Path("/x")}) == tmp_path
