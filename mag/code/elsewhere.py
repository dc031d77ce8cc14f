"""Code from elsewhere: modules that ran and are in no snapshot, by path and digest, and by commit where they have one.

A second repository, a directory on `PYTHONPATH`, an editable install; without a repository, all of the user's code.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mag.code.checkouts import read_code
from mag.code.drift import is_copied
from mag.code.exposure import holds_key, match_name
from mag.code.repository import Repository
from mag.code.snapshots import keep_files
from mag.errors import RepositoryError
from mag.settings import SECRET_FILES

MOST_FILES = 50
"""So many files of one place are named in the record, those of others are only part of its digest."""
_LARGEST = 1 << 20


def complete_commit(
    commit: Mapping[str, Any], files: Iterable[str], read_again: Callable[[tuple[str, ...]], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a record's `commit` with all code that ran: ignored modules in a new snapshot, those from elsewhere named.

    Args:
        commit: As `read_commit` told it.
        files: The files of modules that ran.
        read_again: Asks again, these files being taken in although git ignores them.
    """
    real = {file: os.path.realpath(file) for file in files}
    ignored = _list_uncaptured(commit, real)
    if ignored:
        commit = read_again(tuple(ignored))
    top = commit.get("top")
    here = os.path.realpath(top) + os.sep if isinstance(top, str) else None
    left = {*_list_uncaptured(commit, real)} if ignored else set[str]()
    outside = [file for file, path in real.items() if file in left or here is None or not path.startswith(here)]
    return {**commit, **describe_elsewhere(outside, commit)}


def complete_copied(commit: Mapping[str, Any], files: Iterable[str], copies: Iterable[Path]) -> dict[str, Any]:
    """Return the `commit` of code that is run from a copy, with what was imported from anywhere else.

    Args:
        commit: The code, as it was recorded.
        files: The files of modules that ran.
        copies: The directories that hold the copy; none where it is run where it is.
    """
    top = commit.get("top")
    copies = [*copies] or ([Path(top)] if isinstance(top, str) else [])
    places = tuple(os.path.realpath(place) + os.sep for place in copies)
    outside = [file for file in files if not os.path.realpath(file).startswith(places)]
    known = {key: value for key, value in commit.items() if key not in {"elsewhere", "elsewhere_files"}}
    return {**known, **describe_elsewhere(outside, commit)}


def _list_uncaptured(commit: Mapping[str, Any], real: Mapping[str, str]) -> list[str]:
    """Return the files in a work tree that its snapshot does not have."""
    top, code = commit.get("top"), read_code(commit)
    here = os.path.realpath(top) + os.sep if isinstance(top, str) else None
    inside = {file: path.removeprefix(here) for file, path in real.items() if here and path.startswith(here)}
    if not inside or code is None or here is None:
        return []
    with Repository(here) as repository:
        kept = {*repository.run("ls-tree", "-r", "-z", "--name-only", code).split("\0")}
    return [file for file, path in inside.items() if not _is_in(path, kept)]


def _is_in(path: str, kept: set[str]) -> bool:
    """Tell whether a commit has a file, or a submodule that it is in."""
    parts = path.split("/")
    return any("/".join(parts[:end]) in kept for end in range(len(parts), 0, -1))


def describe_elsewhere(files: Iterable[str], commit: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record's `commit` says of code from elsewhere; small files that no commit has are kept.

    Args:
        files: The files of modules that ran.
        commit: As `read_commit` told it: its repository keeps them.
    """
    places: dict[str, list[str]] = {}
    for file in (file for file in files if os.path.isfile(file) and not is_copied(os.path.realpath(file))):
        places.setdefault(_find_place(file), []).append(file)
    told = [_describe(place, sorted(paths)) for place, paths in sorted(places.items())]
    loose = [file for one in told for file in _list_loose(one, places[one["path"]])]
    kept = _keep(loose, commit.get("top"))
    return {"elsewhere": told} | ({"elsewhere_files": kept} if kept else {})


def _find_place(file: str) -> str:
    """Return the top of the work tree that a file is in; where there is none, the directory it is imported from."""
    folder = Path(file).parent
    for place in (folder, *folder.parents):
        if os.path.lexists(place / ".git"):
            return str(place)
    while (folder / "__init__.py").exists() and folder != folder.parent:
        folder = folder.parent
    return str(folder)


def _describe(place: str, files: list[str]) -> dict[str, Any]:
    digests = {os.path.relpath(file, place): digest_file(file) for file in files}
    whole = hashlib.sha256(
        "".join(f"{name}\0{digest}\n" for name, digest in digests.items()).encode("utf-8", "replace")
    )
    told = {"path": place, "digest": whole.hexdigest(), "files": dict(list(digests.items())[:MOST_FILES])}
    if not os.path.lexists(os.path.join(place, ".git")):
        return told
    try:
        with Repository(place) as repository:
            words = ("status", "--porcelain", "-z", "--ignored", "--untracked-files=all", "--")
            changed = repository.run(*words, *(f":(top,literal){name}" for name in digests))
            return told | {"hash": repository.read_ref("HEAD"), "dirty": bool(changed)}
    except RepositoryError:
        return told


def digest_file(file: str) -> str | None:
    """Return the digest of a file; None where it cannot be read."""
    try:
        with open(file, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def _list_loose(told: Mapping[str, Any], files: Iterable[str]) -> list[str]:
    """Return those files of a place that no commit is known to have."""
    return [] if told.get("hash") and told.get("dirty") is False else list(files)


def _keep(files: Iterable[str], top: object) -> str | None:
    """Keep small files in the repository of the code, each under its path; return the commit that has them."""
    kept = [file for file in files if _may_be_kept(file)]
    if not kept or not isinstance(top, str):
        return None
    try:
        with Repository(top) as repository:
            return keep_files(repository, kept)
    except RepositoryError:
        return None


def _may_be_kept(file: str) -> bool:
    try:
        if os.path.getsize(file) > _LARGEST or match_name(file, SECRET_FILES):
            return False
        return not holds_key(Path(file).read_bytes())
    except OSError:
        return False
