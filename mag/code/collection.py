"""Collection: which snapshots no record names any more, so that they can be dropped.

A repository keeps a list of the stores whose experiments ran from it, in `mag-stores` beside its objects: a snapshot
is dropped only if none of them names it.
"""

import contextlib
import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from mag.code.repository import Repository
from mag.patterns import compile_lazily

_HASH = compile_lazily(rb"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_REFS = "refs/mag/"


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A commit that mag keeps from being collected by git.

    Attributes:
        ref: Its ref.
        commit: The commit.
        made: When it was kept, in seconds since 1970; of refs that git has packed, when it did.
    """

    ref: str
    commit: str
    made: float


def note_store(repository: Repository, store: Path) -> None:
    """Note that experiments in a store name commits of a repository."""
    line = f"{os.path.abspath(store)}\n"
    path = repository.common_dir / "mag-stores"
    with contextlib.suppress(OSError, UnicodeError):  # only `mag gc` reads it
        if not path.exists() or line not in path.read_text(encoding="utf-8").splitlines(keepends=True):
            with path.open("a", encoding="utf-8") as file:
                file.write(line)


def list_stores(repository: Repository) -> list[str]:
    """Return the stores whose experiments ran from a repository, whether they are still there or not."""
    try:
        lines = (repository.common_dir / "mag-stores").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(line for line in lines if line))


def list_kept(repository: Repository) -> list[Kept]:
    """Return the commits that mag keeps.

    Raises:
        RepositoryError: Git did not answer.
    """
    told = repository.run("for-each-ref", "--format=%(refname) %(objectname)", _REFS)
    entries = (line.rsplit(" ", 1) for line in told.splitlines())
    return [Kept(ref, commit, _read_age(repository.common_dir, ref)) for ref, commit in entries]


def _read_age(folder: Path, ref: str) -> float:
    for file in (folder / ref, folder / "packed-refs"):
        with contextlib.suppress(OSError):
            return file.stat().st_mtime
    return 0.0


def list_named(store: str) -> set[str]:
    """Return all hashes that records and manifests in a store name, those of attempts and reruns included.

    They are not decoded: what a damaged or newer record names is named.
    """
    found: set[str] = set()
    for path in _list_files(store):
        with contextlib.suppress(OSError):
            found.update(match.decode() for match in _HASH.findall(path.read_bytes()))
    return found


def _list_files(store: str) -> Iterator[Path]:
    root = Path(store)
    yield from root.glob(".mag/sweeps/*.json")
    with contextlib.suppress(OSError), os.scandir(store) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                yield from _list_records(Path(entry.path, ".mag"))


def _list_records(private: Path) -> Iterator[Path]:
    yield private / "record.json"
    yield from private.glob("attempts/*/record.json")
    for rerun in private.glob("reruns/*/.mag"):
        yield from _list_records(rerun)


def drop(repository: Repository, kept: Iterable[Kept]) -> None:
    """Drop the refs of commits; git collects what nothing else leads to when it is its time.

    Raises:
        RepositoryError: Git refused; none was dropped.
    """
    lines = [text for one in kept for text in (f"delete {one.ref}", one.commit)]
    if lines:
        repository.run("update-ref", "-z", "--stdin", lines=lines)
