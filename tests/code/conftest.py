"""What tests of the code record share: git in a repository with one commit."""

from collections.abc import Callable
from pathlib import Path

import pytest

Git = Callable[..., str]


@pytest.fixture
def git(git: Git, tmp_path: Path) -> Git:
    """Return a function that runs git in the repository, or in another folder."""

    def run_git(*arguments: str, folder: Path = tmp_path / "code", check: bool = True) -> str:
        return git(*arguments, folder=folder, check=check)

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
