"""What tests of the code record share: git, and a repository with one commit."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

_WHO = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": os.devnull}
_WHO |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_SYSTEM": os.devnull}

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Return a function that runs git in the repository, or in another folder, without the user's own settings."""

    def run_git(*arguments: str, folder: Path = tmp_path / "code", check: bool = True) -> str:
        command = ["git", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True, env=os.environ | _WHO)
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    return run_git


@pytest.fixture
def code(tmp_path: Path, git: Git) -> Path:
    """Return a repository with one commit and a clean tree."""
    folder = tmp_path / "code"
    folder.mkdir()
    git("init", "-q", "-b", "main")
    (folder / "train.py").write_text("x = 1\n")
    (folder / "old.py").write_text("old = 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return folder
