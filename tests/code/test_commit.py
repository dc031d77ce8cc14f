"""Laws of the code record, on real repositories."""

import os
import subprocess
from pathlib import Path

import pytest

from mag.code.commit import read_commit, remove_credentials


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, without the user's own settings."""
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": os.devnull}
    who |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=os.environ | who)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with one commit."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "train.py").write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_clean_tree(repository: Path) -> None:
    """A clean tree is told by hash and branch."""
    expected = {"hash": git(repository, "rev-parse", "HEAD"), "branch": "main", "dirty": False, "remote": None}
    found = read_commit(repository)

    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("change", ["modified", "staged", "untracked", "deleted"])
def test_dirty_tree(repository: Path, change: str) -> None:
    """A change to a tracked file, or a file that is neither tracked nor ignored, makes the tree dirty."""
    if change == "untracked":
        (repository / "new.py").touch()
    elif change == "deleted":
        (repository / "train.py").unlink()
    else:
        (repository / "train.py").write_text("x = 2\n")
    if change == "staged":
        git(repository, "add", ".")

    assert read_commit(repository)["dirty"] is True


def test_experiments_do_not_make_it_dirty(repository: Path) -> None:
    """The experiments' own directory is no change of the code, nor is what git ignores."""
    (repository / "experiments" / "1" / ".mag").mkdir(parents=True)
    for name in ("log", ".mag/lock"):
        (repository / "experiments" / "1" / name).touch()
    git(repository, "config", "core.excludesFile", str(repository / "ignore"))
    (repository / "ignore").write_text("ignore\n")

    assert read_commit(repository, store=repository / "experiments")["dirty"] is False


def test_detached_head(repository: Path) -> None:
    """A detached HEAD has a hash and no branch."""
    git(repository, "checkout", "-q", "--detach")

    commit = read_commit(repository)

    assert commit["hash"] == git(repository, "rev-parse", "HEAD")
    assert commit["branch"] is None


def test_no_commit_yet(tmp_path: Path) -> None:
    """A repository without a commit is said to be one."""
    git(tmp_path, "init", "-q")

    assert read_commit(tmp_path)["reason"] == "the repository has no commit yet"


def test_no_repository(tmp_path: Path) -> None:
    """Outside a repository the reason says so."""
    assert read_commit(tmp_path) == {"hash": None, "reason": "not in a git repository"}


def test_hostile_settings_run_nothing(repository: Path) -> None:
    """Neither a hook nor a file-system monitor that a repository names is run."""
    canary = repository / "canary"
    git(repository, "config", "core.fsmonitor", f"touch {canary}; true")
    git(repository, "config", "core.hooksPath", str(repository))

    read_commit(repository)

    assert not canary.exists()


def test_nothing_is_changed(repository: Path) -> None:
    """Asking leaves the index as it is, byte for byte."""
    os.utime(repository / "train.py", (1, 1))  # git would like to refresh its index
    before = (repository / ".git" / "index").read_bytes()

    read_commit(repository)

    assert (repository / ".git" / "index").read_bytes() == before


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://token@example.org/a.git", "https://example.org/a.git"),
        ("https://me:pass@example.org/a.git", "https://example.org/a.git"),
        ("ssh://git@example.org/a.git", "ssh://example.org/a.git"),
        ("git@example.org:a.git", "git@example.org:a.git"),
        ("/srv/git/a@b.git", "/srv/git/a@b.git"),
    ],
)
def test_remote_without_credentials(url: str, shown: str, repository: Path) -> None:
    """A remote's address is kept without what would let others in."""
    git(repository, "remote", "add", "origin", url)

    assert remove_credentials(url) == shown
    assert read_commit(repository)["remote"] == shown


def test_settings_that_git_cannot_read(repository: Path) -> None:
    """Where git refuses all of a repository, its own words are the reason."""
    (repository / ".git" / "config").write_text("[core\n")

    told = read_commit(repository)

    assert told["hash"] is None
    assert "bad config line 1" in told["reason"]
