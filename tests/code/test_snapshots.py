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
    return read_commit(folder, store=folder / "experiments", rules=Rules(**rules))


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
    """The same tree on the same commit is one snapshot, whoever makes it, under a ref that bears its name."""
    change_everything(code, git)
    first, second = take(code), take(code)

    assert first["snapshot"] == second["snapshot"]
    assert git("for-each-ref", "--format=%(refname)", SNAPSHOTS) == SNAPSHOTS + first["snapshot"]


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


def test_nothing_inside_is_rewritten(code: Path, git: Git) -> None:
    """A file is in the snapshot as it ran, secret-looking keys included, or not at all."""
    for name in ("tracked.yaml", "composed.yaml", "stray.yaml", "stray.ini"):
        (code / name).write_text("user: me\npassword: hunter2\n")
    git("add", "tracked.yaml")
    commit = take(code, configs=(str(code / "composed.yaml"),))

    assert git("show", commit["snapshot"] + ":tracked.yaml") == "user: me\npassword: hunter2"
    assert git("show", commit["snapshot"] + ":composed.yaml") == "user: me\npassword: hunter2"
    assert set(omitted(commit)) == {"stray.yaml", "stray.ini"}


@pytest.mark.parametrize("name", ["credentials.yaml", "ignored/model.yaml"])
def test_a_config_that_composed_is_always_in_it(name: str, code: Path, git: Git) -> None:
    """Neither its name nor `.gitignore` keeps a config out that composed an experiment."""
    (code / ".gitignore").write_text("ignored/\n")
    (code / name).parent.mkdir(exist_ok=True)
    (code / name).write_text("api_key: hunter2\n")

    assert name not in list_files(git, take(code))
    assert name in list_files(git, take(code, configs=(str(code / name),)))


def test_a_module_that_git_ignores(code: Path, git: Git) -> None:
    """A file that ran is in the snapshot although git ignores it, unless it looks like a secret."""
    (code / ".gitignore").write_text("*\n")
    (code / "model.py").write_text("y = 1\n")
    (code / ".env").write_text("hunter2")
    commit = take(code, modules=(str(code / "model.py"), str(code / ".env"), "/elsewhere/x.py"))

    assert list_files(git, commit) == {"train.py", "old.py", "model.py"}
    assert (list(omitted(commit)), commit["dirty"]) == ([".env"], True)


def test_a_private_key_stays_out(code: Path, git: Git) -> None:
    """A small file with the header of a private key is named, whatever it is called; a tracked one is no secret."""
    for name in ("deploy", "tracked"):
        (code / name).write_text("-----BEGIN OPENSSH PRIVATE " + "KEY-----\nabc\n")
    git("add", "tracked")
    commit = take(code)

    assert list(omitted(commit)) == ["deploy"]
    assert list_files(git, commit) == {"train.py", "old.py", "tracked"}


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("name", ["train.py", "link"])
def test_what_git_was_told_not_to_look_at(flag: str, name: str, code: Path, git: Git) -> None:
    """It is looked at: an edit of it is in the snapshot."""
    (code / "link").symlink_to("old.py")
    git("add", ".")
    git("commit", "-q", "-m", "link")
    git("update-index", flag, name)
    assert (take(code)["dirty"], take(code)["snapshot"]) == (False, None)
    (code / name).unlink()
    (code / name).symlink_to("elsewhere")
    index = (code / ".git" / "index").read_bytes()
    commit = take(code)

    assert commit["dirty"] is True
    assert git("show", f"{commit['snapshot']}:{name}") == "elsewhere"
    assert (code / ".git" / "index").read_bytes() == index


@pytest.mark.parametrize("kind", ["autocrlf", "eol", "ident", "filter", "encoding", "staged"])
def test_bytes_are_those_on_disk(kind: str, code: Path, git: Git) -> None:
    """Whatever git converts, the snapshot has the bytes that the experiment read."""
    attributes = {"eol": "text eol=crlf", "ident": "ident", "filter": "filter=upper", "encoding": "text"}
    if kind in attributes:
        attribute = "working-tree-encoding=utf-16" if kind == "encoding" else attributes[kind]
        (code / ".gitattributes").write_text(f"*.txt {attribute}\n")
    git("config", "core.autocrlf", "input" if kind in {"autocrlf", "staged"} else "false")
    git("config", "filter.upper.clean", "tr a-z A-Z")
    content = "a $Id: b $\n".encode("utf-16") if kind == "encoding" else b"a $Id: b $\r\n"
    (code / "data.txt").write_bytes(content)
    git("add", ".")
    if kind != "staged":
        git("commit", "-q", "-m", "data")
    (code / "data.txt").write_bytes(content)
    commit = take(code)

    assert commit["dirty"] is (kind == "staged")
    assert (
        git("cat-file", "blob", f"{commit['snapshot']}:data.txt").encode("utf-8", "surrogateescape") == content.strip()
    )


def test_a_mode_that_git_does_not_look_at(code: Path, git: Git) -> None:
    """With `core.fileMode` off, a file that may be run is stored as one."""
    git("config", "core.fileMode", "false")
    (code / "train.py").chmod(0o755)

    assert git("ls-tree", take(code)["snapshot"], "train.py").startswith("100755")


@pytest.mark.parametrize("mark", ["venv/pyvenv.cfg", "tool/venv/pyvenv.cfg", "conda/conda-meta/history"])
def test_environments_and_caches_are_no_code(mark: str, code: Path, git: Git) -> None:
    """A virtual environment that nobody ignores is named and not looked into; caches are not even named."""
    for name in (mark, "venv/lib/x.py", "tool/lib.py", "tool/__pycache__/x.pyc", "kept/CACHEDIR.TAG", "kept/x"):
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).touch()
    commit = take(code)
    environment = str(Path(mark).parent).removesuffix("/conda-meta")

    assert omitted(commit) == {environment: "a virtual environment"}
    assert "tool/lib.py" in list_files(git, commit)
    assert not {name for name in list_files(git, commit) if "__pycache__" in name or name.startswith("kept")}


def test_a_store_among_code_hides_only_experiments(code: Path, git: Git) -> None:
    """Where the experiments' directory is that of the code, only what mag wrote is left out."""
    for name in ("1/.mag/record.json", "1/log", ".mag/sweeps/1.json", "helper/a.py"):
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).touch()
    commit = read_commit(code, store=code, rules=Rules())

    assert list_files(git, commit) == {"train.py", "old.py", "helper/a.py"}


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY"])
def test_variables_of_a_hook_are_left_aside(
    name: str, code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What git tells its hooks of another repository, or another index, changes nothing."""
    (code / "train.py").write_text("x = 2\n")
    wanted = take(code)["snapshot"]
    index = tmp_path / "index"
    shutil.copy(code / ".git" / "index", index)
    before = index.read_bytes()
    monkeypatch.setenv(name, str(index if name == "GIT_INDEX_FILE" else tmp_path))
    commit = take(code)

    assert (commit["snapshot"], commit["top"]) == (wanted, str(code))
    assert index.read_bytes() == before


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


def test_a_large_file_of_a_filter(code: Path, git: Git) -> None:
    """What git keeps in its place, as git-lfs does, is not taken for the file: that is named as left out."""
    git("config", "filter.pointer.clean", "sed s/.*/pointer/")
    (code / ".gitattributes").write_text("*.bin filter=pointer\n")
    (code / "data.bin").write_text("x" * 2000)
    git("add", ".")
    git("commit", "-q", "-m", "data")
    commit = take(code, largest=1000)

    assert (commit["dirty"], list(omitted(commit))) == (False, ["data.bin"])
    assert "data.bin" not in list_files(git, commit)


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
