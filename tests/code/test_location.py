"""Laws of locations: what is read from a repository's files is what git tells."""

import subprocess
from pathlib import Path

import pytest

from mag.code.location import find_plain
from mag.code.repository import Repository


def git(folder: Path, *words: str) -> None:
    """Run a git command."""
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a repository with one commit, a directory and a linked work tree beside it."""
    folder = tmp_path / "repository"
    (folder / "deep" / "er").mkdir(parents=True)
    git(tmp_path, "init", "-q", str(folder))
    who = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    git(folder, *who, "commit", "-q", "--allow-empty", "-m", "one")
    git(folder, "worktree", "add", "-q", "../linked")
    return folder


@pytest.mark.parametrize("place", [".", "deep/er"])
def test_what_is_plain_is_what_git_tells(top: Path, place: str) -> None:
    """Both ways lead to the same place, from the top and from below."""
    found = find_plain(top / place)

    assert found is not None
    assert found == Repository(top / place).locate()


def test_a_linked_directory(top: Path) -> None:
    """A link into a work tree leads to where it is."""
    (top.parent / "link").symlink_to(top / "deep")

    assert find_plain(top.parent / "link") == Repository(top).locate()


@pytest.mark.parametrize(
    ("place", "settings"),
    [
        ("../linked", ()),
        (".git", ()),
        (".", ("core.worktree", "../deep")),
        (".", ("core.bare", "true")),
        (".", ("extensions.unheard", "1")),
    ],
)
def test_what_is_not_plain_is_asked_of_git(top: Path, place: str, settings: tuple[str, ...]) -> None:
    """Linked work trees, settings that move the work tree, extensions, and what is inside of `.git`."""
    if settings:
        git(top, "config", *settings)

    assert find_plain(top / place) is None


@pytest.mark.parametrize("name", ["GIT_CEILING_DIRECTORIES", "GIT_TEST_ASSUME_DIFFERENT_OWNER"])
def test_variables_that_limit_git(top: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may make git refuse a repository is left to git."""
    monkeypatch.setenv(name, "1")

    assert find_plain(top) is None
