"""Laws of snapshots, on real repositories."""

import os
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mag.code.commit import read_commit
from mag.code.omissions import Rules
from mag.code.snapshots import COMMITS, SNAPSHOTS

Git = Callable[..., str]


def take(folder: Path, **rules: Any) -> dict[str, Any]:
    """Return what a sweep would record of the code in a folder."""
    return read_commit(folder, ignore=folder / "experiments", rules=Rules(**rules))


def omitted(commit: dict[str, Any]) -> dict[str, str]:
    """Return what a snapshot left out, by path."""
    return {one["path"]: one["reason"] for one in commit["not_captured"]}


def list_files(git: Git, commit: dict[str, Any]) -> set[str]:
    """Return the names of the files in a snapshot."""
    return set(git("ls-tree", "-r", "-z", "--name-only", commit["snapshot"]).strip("\0").split("\0"))


def change_everything(code: Path, git: Git) -> None:
    """Leave changes of every kind."""
    (code / "train.py").write_text("x = 2\n")
    (code / "old.py").unlink()
    (code / "staged.py").write_text("staged = 1\n")
    git("add", "staged.py")
    (code / "new").mkdir()
    (code / "new" / "model.py").write_text("new = 1\n")


def test_clean_tree_has_none(code: Path, git: Git) -> None:
    """The commit says all of a clean tree; it is only kept from being collected."""
    commit = take(code)

    assert (commit["snapshot"], commit["not_captured"], commit["top"]) == (None, [], str(code))
    assert git("for-each-ref", "--format=%(refname)", "refs/mag") == COMMITS + commit["hash"]


def test_it_holds_the_tree(code: Path, git: Git) -> None:
    """Modified, staged, deleted and untracked files are in the snapshot as they are in the tree."""
    change_everything(code, git)
    commit = take(code)

    assert list_files(git, commit) == {"train.py", "staged.py", "new/model.py"}
    assert git("show", f"{commit['snapshot']}:train.py") == "x = 2"
    assert git("rev-parse", f"{commit['snapshot']}^") == commit["hash"]


def test_nothing_of_the_users_is_touched(code: Path, git: Git) -> None:
    """Index (byte for byte), HEAD, branches, stash and work tree stay as they are."""
    change_everything(code, git)
    facts = (("rev-parse", "HEAD"), ("branch", "-av"), ("stash", "list"), ("status", "--porcelain"), ("reflog",))
    before = [(code / ".git" / "index").read_bytes(), *(git(*words) for words in facts)]
    take(code)

    assert [(code / ".git" / "index").read_bytes(), *(git(*words) for words in facts)] == before


def test_the_same_tree_is_stored_once(code: Path, git: Git) -> None:
    """Equal trees share one commit, which lies under the name of the tree."""
    change_everything(code, git)
    first, second = take(code), take(code)
    tree = git("rev-parse", first["snapshot"] + "^{tree}")

    assert first["snapshot"] == second["snapshot"]
    assert (
        git("for-each-ref", "--format=%(refname) %(objectname)", SNAPSHOTS) == f"{SNAPSHOTS}{tree} {first['snapshot']}"
    )


def test_it_survives_garbage_collection(code: Path, git: Git) -> None:
    """Neither a snapshot nor the commit of a clean tree that was amended away is collected."""
    clean = take(code)
    (code / "train.py").write_text("x = 3\n")
    changed = take(code)
    git("commit", "-q", "-a", "--amend", "-m", "amended")
    git("reflog", "expire", "--expire=now", "--all")
    git("gc", "-q", "--prune=now")

    assert git("show", clean["hash"] + ":train.py") == "x = 1"
    assert git("show", changed["snapshot"] + ":train.py") == "x = 3"


def test_ignored_files_and_experiments_stay_out(code: Path, git: Git) -> None:
    """What git ignores is no code, nor are experiments, in the usual or in another directory."""
    (code / ".gitignore").write_text("*.log\n")
    (code / "run.log").touch()
    for place in ("experiments/1/log", "experiments/1/.mag/record.json", "other/2/log", "other/2/.mag/record.json"):
        (code / place).parent.mkdir(parents=True, exist_ok=True)
        (code / place).touch()

    assert list_files(git, take(code)) == {"train.py", "old.py", ".gitignore"}


@pytest.mark.parametrize("folder", ["__pycache__", "package/__pycache__"])
def test_what_imports_leave_behind_is_no_change(folder: str, code: Path, git: Git) -> None:
    """Bytecode that nobody ignores does not make the same code another; where git tracks it, it counts."""
    (code / folder).mkdir(parents=True)
    (code / folder / "train.cpython-311.pyc").write_bytes(b"bytecode")
    untracked = take(code)
    git("add", ".")

    assert (untracked["dirty"], untracked["snapshot"]) == (False, None)
    assert f"{folder}/train.cpython-311.pyc" in list_files(git, take(code))


def test_large_files_are_listed(code: Path, git: Git) -> None:
    """A large file is named in the record and not stored; together changed files are limited, too."""
    (code / "data.bin").write_bytes(b"x" * 2000)
    (code / "half.bin").write_bytes(b"x" * 900)
    (code / "small.py").write_bytes(b"x" * 200)
    commit = take(code, largest=1000, total=1000)

    assert set(omitted(commit)) == {"data.bin", "half.bin"}
    assert list_files(git, commit) == {"train.py", "old.py", "small.py"}


@pytest.mark.parametrize("name", [".env", "conf/.env.local", "server.PEM", "id_rsa", "secrets/db.txt", "credentials"])
def test_secret_files_are_named(name: str, code: Path, git: Git) -> None:
    """A file whose name says that it holds secrets is left out and named; a project can say otherwise."""
    (code / name).parent.mkdir(exist_ok=True)
    (code / name).write_text("hunter2")

    commit = take(code)
    assert (commit["snapshot"], list(omitted(commit))) == (None, [name])
    assert name in list_files(git, take(code, exclude=()))


def test_secrets_in_configs_are_masked(code: Path, git: Git) -> None:
    """A config file keeps its place in the snapshot, without the values of secret-looking keys."""
    (code / "db.yaml").write_text("user: me\npassword: hunter2\n")
    commit = take(code)

    assert git("show", commit["snapshot"] + ":db.yaml") == 'user: me\npassword: "***"'
    assert "masked" in omitted(commit)["db.yaml"]


def test_odd_names(code: Path, git: Git) -> None:
    """Line ends, quotes, leading dashes, colons and bytes that are no UTF-8 are stored as they are."""
    names = ["a\nb.py", 'quote".py', "-dash", ":(top)x", "\udcff\udcfe.py", "space ", "tab\t"]
    for name in names:
        (code / name).write_text("odd")

    assert list_files(git, take(code)) == {"train.py", "old.py", *names}


def test_no_commit_yet(tmp_path: Path, git: Git) -> None:
    """A repository without a commit has snapshots, too."""
    (tmp_path / "code").mkdir()
    git("init", "-q")
    (tmp_path / "code" / "a.py").touch()
    commit = take(tmp_path / "code")

    assert (commit["hash"], commit["reason"]) == (None, "the repository has no commit yet")
    assert list_files(git, commit) == {"a.py"}


def test_merge_in_progress(code: Path, git: Git) -> None:
    """Files in conflict are stored as they are, and stay in conflict."""
    git("checkout", "-q", "-b", "other")
    (code / "train.py").write_text("x = 'theirs'\n")
    git("rm", "-q", "old.py")
    git("commit", "-q", "-a", "-m", "theirs")
    git("checkout", "-q", "main")
    (code / "train.py").write_text("x = 'ours'\n")
    (code / "old.py").write_text("old = 2\n")
    git("commit", "-q", "-a", "-m", "ours")
    git("merge", "-q", "other", check=False)
    status = git("status", "--porcelain")
    commit = take(code)

    assert (status, git("status", "--porcelain")) == ("UD old.py\nUU train.py", status)
    assert "<<<<<<<" in git("show", commit["snapshot"] + ":train.py")
    assert git("show", commit["snapshot"] + ":old.py") == "old = 2"


def test_directory_in_place_of_a_file(code: Path, git: Git) -> None:
    """A file that became a directory, and a directory that became a link, are what they became."""
    (code / "package").mkdir()
    (code / "package" / "a.py").touch()
    git("add", ".")
    git("commit", "-q", "-m", "package")
    shutil.move(code / "package", code / "moved")
    (code / "package").symlink_to("moved")
    (code / "old.py").unlink()
    (code / "old.py").mkdir()
    (code / "old.py" / "b.py").touch()

    assert list_files(git, take(code)) == {"train.py", "package", "moved/a.py", "old.py/b.py"}


@pytest.mark.usefixtures("code")
def test_linked_worktree(git: Git, tmp_path: Path) -> None:
    """In a linked worktree its own index counts, and the ref lands in the one repository."""
    git("worktree", "add", "-q", str(tmp_path / "linked"))
    (tmp_path / "linked" / "new.py").touch()
    commit = take(tmp_path / "linked")

    assert commit["branch"] == "linked"
    assert list_files(git, commit) == {"train.py", "old.py", "new.py"}


def test_sparse_checkout(code: Path, git: Git) -> None:
    """Files outside a sparse checkout are not taken for deleted ones."""
    for folder in ("a", "b"):
        (code / folder).mkdir()
        (code / folder / "file.py").touch()
    git("add", ".")
    git("commit", "-q", "-m", "folders")
    git("sparse-checkout", "set", "a")
    (code / "train.py").write_text("x = 2\n")

    assert not (code / "b").exists()
    assert list_files(git, take(code)) == {"train.py", "old.py", "a/file.py", "b/file.py"}


def test_clean_filters(code: Path, git: Git) -> None:
    """A clean filter stores what `git add` would store, as git-lfs needs it."""
    git("config", "filter.upper.clean", "tr a-z A-Z")
    (code / ".gitattributes").write_text("*.txt filter=upper\n")
    (code / "data.txt").write_text("hello\n")

    assert git("show", take(code)["snapshot"] + ":data.txt") == "HELLO"


def test_changed_submodule(code: Path, git: Git, tmp_path: Path) -> None:
    """What was changed in a submodule, and in one inside it, is in the snapshot; a clean one needs nothing."""
    for name in ("inner", "library"):
        (tmp_path / name).mkdir()
        git("init", "-q", "-b", "main", folder=tmp_path / name)
        (tmp_path / name / "lib.py").write_text("y = 1\n")
        git("add", ".", folder=tmp_path / name)
        if name == "library":
            git("submodule", "--quiet", "add", str(tmp_path / "inner"), "inner", folder=tmp_path / name)
        git("commit", "-q", "-m", "lib", folder=tmp_path / name)
    git("submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    git("submodule", "--quiet", "update", "--init", "--recursive")
    git("commit", "-q", "-m", "with lib")
    assert (take(code)["snapshot"], take(code)["dirty"]) == (None, False)

    (code / "lib" / "inner" / "lib.py").write_text("y = 2\n")
    (code / "lib" / "new.py").write_text("z = 1\n")
    index = (code / ".git" / "modules" / "lib" / "index").read_bytes()
    commit = take(code)

    assert commit["dirty"] is True
    assert git("show", commit["snapshot"] + ":lib/inner/lib.py") == "y = 2"
    assert git("show", commit["snapshot"] + ":lib/new.py") == "z = 1"
    assert (code / ".git" / "modules" / "lib" / "index").read_bytes() == index
    assert git("fsck", "--strict", "--connectivity-only") == ""


def test_nested_repository_is_named(code: Path, git: Git) -> None:
    """A repository of its own inside the tree is named, and keeps nothing else out, with a commit or without."""
    for name in ("empty", "nested"):
        (code / name).mkdir()
        git("init", "-q", folder=code / name)
        (code / name / "file").touch()
    git("add", ".", folder=code / "nested")
    git("commit", "-q", "-m", "x", folder=code / "nested")
    (code / "new.py").touch()
    commit = take(code)

    assert set(omitted(commit)) == {"empty", "nested"}
    assert list_files(git, commit) == {"train.py", "old.py", "new.py"}


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_unreadable_file_is_named(code: Path) -> None:
    """A file that may not be read is named."""
    (code / "private").touch(mode=0)

    assert list(omitted(take(code))) == ["private"]


def test_executables_sockets_and_locks(code: Path, git: Git) -> None:
    """Modes are kept, a socket is no file, and the user's own locked index does not matter."""
    (code / "run.sh").touch(mode=0o755)
    (code / ".git" / "index.lock").touch()
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(code, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/socket")
        commit = take(code)

    assert stat.S_ISSOCK((code / "socket").lstat().st_mode)
    assert git("ls-tree", commit["snapshot"], "run.sh").startswith("100755")
    assert list_files(git, commit) == {"train.py", "old.py", "run.sh"}


def test_a_failure_is_a_reason(code: Path, git: Git) -> None:
    """Where git cannot store the tree, the record says so, and nothing is raised."""
    (code / "train.py").write_text("x = 2\n")
    git("config", "filter.bad.clean", "false")
    git("config", "filter.bad.required", "true")
    (code / ".gitattributes").write_text("*.py filter=bad\n")
    commit = take(code)

    assert (commit["hash"], commit["branch"], commit["snapshot"]) == (git("rev-parse", "HEAD"), "main", None)
    assert "no snapshot could be made" in omitted(commit)["."]


@pytest.mark.parametrize("setting", ["core.fsmonitor", "diff.external", "diff.any.textconv", "hooks", "submodule"])
def test_hostile_settings_run_nothing(setting: str, code: Path, git: Git, tmp_path: Path) -> None:
    """No program that a repository names is run, nor a hook, not even a submodule's, except clean filters."""
    canary = tmp_path / "canary"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {canary}\n")
    script.chmod(0o755)
    (code / ".gitattributes").write_text("* diff=any\n")
    (code / "train.py").write_text("x = 2\n")
    if setting == "hooks":
        for hook in ("reference-transaction", "post-index-change", "pre-commit", "post-checkout"):
            shutil.copy(script, code / ".git" / "hooks" / hook)
    elif setting == "submodule":
        git("init", "-q", folder=tmp_path)
        git("commit", "-q", "--allow-empty", "-m", "x", folder=tmp_path)
        git("submodule", "--quiet", "add", str(tmp_path), "lib")
        git("config", "core.fsmonitor", str(script), folder=code / "lib")
        (code / "lib" / "new").touch()
    else:
        git("config", setting, str(script))

    assert take(code)["snapshot"]
    assert not canary.exists()


def test_many_experiments_elsewhere(code: Path, git: Git) -> None:
    """Thousands of files of experiments in another directory, and mag's own at the top, are left out in no time."""
    for number in range(2000):
        (code / "runs" / str(number) / ".mag").mkdir(parents=True)
        (code / "runs" / str(number) / ".mag" / "record.json").touch()
    (code / ".mag" / "sweeps").mkdir(parents=True)
    (code / ".mag" / "sweeps" / "1.json").touch()
    (code / "new.py").touch()

    assert list_files(git, take(code)) == {"train.py", "old.py", "new.py"}
