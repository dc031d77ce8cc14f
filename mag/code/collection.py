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


def list_named(store: str) -> set[str] | None:
    """Return all hashes that records and manifests in a store name; None where the store cannot be seen now.

    That of a disk that is not mounted is such a one: what it named may still be wanted. Records are not decoded: what a
    damaged or newer one names is named. Those of attempts, reruns and what was thrown away count.
    """
    if not os.path.isdir(os.path.join(store, ".mag")):
        return None
    found: set[str] = set()
    try:
        for path in _list_files(Path(store)):
            found.update(match.decode() for match in _HASH.findall(path.read_bytes()))
    except OSError:  # what cannot be read may name anything
        return None
    return found


def _list_files(store: Path) -> Iterator[Path]:
    with os.scandir(store) as entries:
        folders = [entry.name for entry in entries if entry.name != ".mag" and (entry.is_dir() or entry.is_symlink())]
    for name in folders:
        os.stat(store / name)  # a link to a disk that is not mounted
        yield from _list_records(store / name / ".mag")
    for folder, inner, names in os.walk(store / ".mag"):
        inner[:] = [name for name in inner if name != "code"]
        yield from (Path(folder, name) for name in names if name.endswith(".json"))


def _list_records(private: Path) -> Iterator[Path]:
    if (private / "record.json").exists():
        yield private / "record.json"
    yield from private.glob("attempts/*/record.json")
    for rerun in private.glob("reruns/*/.mag"):
        yield from _list_records(rerun)


def forget_stores(repository: Repository, gone: Iterable[str]) -> None:
    """Take stores off the list: they were removed, and nothing that their records named is wanted any more."""
    left = [store for store in list_stores(repository) if store not in {*gone}]
    (repository.common_dir / "mag-stores").write_text("".join(f"{store}\n" for store in left), encoding="utf-8")


def drop(repository: Repository, kept: Iterable[Kept]) -> None:
    """Drop the refs of commits; git collects what nothing else leads to when it is its time.

    Raises:
        RepositoryError: Git refused; none was dropped.
    """
    lines = [text for one in kept for text in (f"delete {one.ref}", one.commit)]
    if lines:
        repository.run("update-ref", "-z", "--stdin", lines=lines)
