"""Commits made of files as they are on disk, with one run of `git fast-import`.

It neither reads nor writes an index or a work tree, converts no byte, and runs no hook. No ref is left behind.
"""

import dataclasses
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mag.code.repository import Repository
from mag.code.unseen import quote_path

_SECONDS = 120.0  # no snapshot is worth a longer wait
_WHO = "mag <mag@localhost>"
_UNUSED = "refs/mag/unused"
"""Git wants a ref for each commit, and makes none where it is reset before the end."""
_WORDS = ("-c", "core.ignoreCase=false", "-c", "fastimport.unpackLimit=100")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a commit has that its parent has not.

    Attributes:
        message: Its message.
        parent: Its parent, if it has one.
        moment: Its date, in seconds since 1970.
        gone: The paths that are taken out.
        files: The files that are put in, and where they are on disk.
        links: Whether a symbolic link is stored as one; what it leads to is stored otherwise.
        objects: Trees and commits of submodules that are put in, each with its mode.
    """

    message: str
    parent: str | None = None
    moment: str = "0"
    gone: Sequence[str] = ()
    files: Mapping[str, Path]
    links: bool = True
    objects: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)


def write_commit(repository: Repository, draft: Draft) -> tuple[str, str]:
    """Make a commit, or find an equal one, and return its name and that of its tree.

    Raises:
        RepositoryError: Git failed.
        OSError: A file cannot be read.
    """
    stream = (piece for pieces in _write(draft) for piece in pieces)
    words = (*_WORDS, "fast-import", "--quiet", "--done", "--date-format=raw")
    first, commit = repository.run_on(stream, *words, seconds=_SECONDS).decode().splitlines()
    if first.startswith("missing"):  # there is nothing in it
        return commit, repository.run("rev-parse", f"{commit}^{{tree}}").strip()
    return commit, first.partition("\t")[0].split(" ")[2]


def _write(draft: Draft) -> Iterator[Iterable[bytes]]:
    """Yield the lines that git reads."""
    when = f"{_WHO} {draft.moment} +0000"
    parent = [f"from {draft.parent}"] if draft.parent else []
    head = [f"commit {_UNUSED}", "mark :1", f"author {when}", f"committer {when}"]
    yield [_line(*head), *_data(f"{draft.message}\n".encode()), _line(*parent)]
    yield (_line(f"D {quote_path(path)}") for path in (*draft.gone, *draft.objects))
    yield (_line(f"M {mode} {name} {quote_path(path)}") for path, (mode, name) in draft.objects.items())
    for path, file in draft.files.items():
        found = _read(file, links=draft.links)
        if found is None:
            yield [_line(f"D {quote_path(path)}")]
        else:
            yield [_line(f"M {found[0]} inline {quote_path(path)}"), *_data(found[1])]
    yield [_line('ls ""', "", "get-mark :1", f"reset {_UNUSED}", "", "done")]


def _line(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def _data(content: bytes) -> list[bytes]:
    return [b"data %d\n" % len(content), content, b"\n"]


def _read(file: Path, *, links: bool) -> tuple[str, bytes] | None:
    """Return the mode of a file as git knows it, and its content, of a link where it leads; None if it is gone."""
    try:
        if links and file.is_symlink():
            return "120000", os.fsencode(os.readlink(file))
        mode = file.stat().st_mode
        return ("100755" if mode & stat.S_IXUSR else "100644", file.read_bytes()) if stat.S_ISREG(mode) else None
    except FileNotFoundError:
        return None
