"""Where the repository around a directory is: where that is plain, it is read from files, without asking git."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from mag.patterns import compile_lazily

_UNUSUAL = compile_lazily(rb"worktree|extensions|bare(?!\s*=\s*false)", re.IGNORECASE)
_LIMITS = ("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_TEST_ASSUME_DIFFERENT_OWNER")


class Location(NamedTuple):
    """Where a repository is.

    Attributes:
        git_dir: What is its own: index and HEAD.
        common_dir: What linked work trees share: objects and refs.
        top: The top of its work tree.
    """

    git_dir: Path
    common_dir: Path
    top: Path


def find_plain(directory: Path) -> Location | None:
    """Return the repository of a work tree's directory; None where git has to be asked.

    That is for linked work trees, submodules, a work tree that settings name, another device, and another user's.
    """
    place = Path(os.path.realpath(directory))
    if any(name in os.environ for name in _LIMITS):
        return None
    try:
        device = os.stat(place).st_dev
        for folder in (place, *place.parents):
            if os.stat(folder).st_dev != device or (folder / "HEAD").exists():
                return None
            if os.path.lexists(folder / ".git"):
                return _read_plain(folder)
    except OSError:
        return None
    return None


def _read_plain(top: Path) -> Location | None:
    git_dir = top / ".git"
    if {os.stat(place).st_uid for place in (top, git_dir)} != {os.geteuid()}:
        return None
    if git_dir.is_symlink() or not all((git_dir / name).is_dir() for name in ("objects", "refs")):
        return None
    if not (git_dir / "HEAD").is_file() or (git_dir / "commondir").exists():
        return None
    if _UNUSUAL.search((git_dir / "config").read_bytes()):
        return None
    return Location(git_dir, git_dir, top)
