"""Snapshots: the exact code of a work tree, changes and untracked files included, kept as a commit of its own.

One run of `git fast-import` writes it from the files as they are on disk.
"""

import dataclasses
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mag.code.changes import Changes, quote_path, read_changes
from mag.code.omissions import Omission, Rules, take_in
from mag.code.repository import Repository
from mag.errors import RepositoryError

SNAPSHOTS = "refs/mag/snapshots/"
COMMITS = "refs/mag/commits/"

_GIT_SECONDS = 120.0  # no snapshot is worth a longer wait
_TREE, _GITLINK = "040000", "160000"


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """The code in a work tree.

    Attributes:
        changes: What differs from the last commit.
        dirty: Whether anything does, in submodules too.
        tree: The tree that holds it all; None where that is the last commit's.
        omissions: What the tree does not hold as it was.
        snapshot: The commit of that tree, which no ref leads to yet.
    """

    changes: Changes
    dirty: bool
    tree: str | None
    omissions: tuple[Omission, ...]
    snapshot: str | None = None


def read_state(repository: Repository, rules: Rules) -> State:
    """Store the code of a work tree as a tree, and return what is known of it; no ref is made.

    Raises:
        RepositoryError: Git failed.
    """
    changes = read_changes(repository, rules.largest)
    wait = _ask_commit(repository, changes) if changes.touched else None
    intake = take_in(repository, changes, rules)
    modules, dirty, omissions = _read_submodules(repository, changes, rules)
    omissions = [*intake.omissions, *omissions]
    dirty = dirty or intake.dirty
    named = changes.tracked.submodules
    links = {path: (_GITLINK, named[path]) for path in changes.moved if path in named and path not in modules}
    if not (intake.stored or intake.gone or modules or links):
        return State(changes, dirty, None, tuple(omissions))
    last, moment = (wait or _ask_commit(repository, changes))()
    draft = Draft(
        message="mag: the code of a work tree, as it ran",
        parent=changes.commit,
        moment=moment,
        gone=intake.gone,
        files={path: repository.top / path for path in intake.stored},
        objects={**links, **{path: (_TREE, tree) for path, tree in modules.items()}},
    )
    commit, tree = write_commit(repository, draft)
    same = tree == last
    return State(changes, dirty, None if same else tree, tuple(omissions), None if same else commit)


def _ask_commit(repository: Repository, changes: Changes) -> Callable[[], tuple[str | None, str]]:
    """Begin to read the last commit, and return what waits for its tree and its date."""
    if changes.commit is None:
        return lambda: (None, "0")
    wait = repository.start("cat-file", "commit", changes.commit)

    def read() -> tuple[str | None, str]:
        """Return the tree of the commit, and when it was made."""
        head = wait().partition("\n\n")[0].splitlines()
        committer = next(line for line in head if line.startswith("committer "))
        return head[0].removeprefix("tree "), committer.split(" ")[-2]

    return read


def _read_submodules(
    repository: Repository, changes: Changes, rules: Rules
) -> tuple[dict[str, str], bool, list[Omission]]:
    """Store the changed submodules' trees in this repository; return them by path, and what they leave out."""
    trees: dict[str, str] = {}
    omissions: list[Omission] = []
    dirty = False
    for path, tracked in changes.submodules.items():
        try:
            with Repository(repository.top / path) as inner:
                if inner.top.resolve() != (repository.top / path).resolve():
                    continue  # what is there is no repository after all
                state = read_state(inner, rules)
                omissions += [Omission(f"{path}/{one.path}", one.reason) for one in state.omissions]
                dirty = dirty or state.dirty
                if state.tree is None and path not in changes.moved:
                    keep_commit(inner, tracked)
                    continue
                name = state.tree or inner.run("rev-parse", f"{state.changes.commit}^{{tree}}").strip()
                _copy_tree(inner, repository, name, rules.total)
                trees[path] = name
        except RepositoryError as error:
            omissions.append(Omission(path, f"submodule: {error}"))
    return trees, dirty, omissions


def _copy_tree(source: Repository, target: Repository, tree: str, largest: int) -> None:
    """Copy a tree and everything in it from one repository into another."""
    try:
        target.run("cat-file", "-e", tree)
    except RepositoryError:
        pack = source.run_on([f"{tree}\n".encode()], "pack-objects", "--revs", "--stdout", "-q", seconds=_GIT_SECONDS)
        if len(pack) > largest:
            raise RepositoryError(f"its changed state is larger than {largest >> 20} MB") from None
        target.run_on([pack], "unpack-objects", "-q", seconds=_GIT_SECONDS)


def keep_snapshot(repository: Repository, state: State) -> str | None:
    """Make the ref of a state, or find that of an equal one, and return the snapshot.

    Raises:
        RepositoryError: Git failed.
    """
    if state.snapshot is not None:
        _keep(repository, SNAPSHOTS + state.snapshot, state.snapshot)
    elif state.changes.commit is not None:
        keep_commit(repository, state.changes.commit)
    return state.snapshot


def keep_files(repository: Repository, files: Sequence[str]) -> str:
    """Store files from anywhere in a commit of their own, each under its path, and return it."""
    places = {file.lstrip("/"): Path(file) for file in files}
    commit, _ = write_commit(repository, Draft(message="mag: code from elsewhere", files=places, links=False))
    _keep(repository, SNAPSHOTS + commit, commit)
    return commit


def keep_commit(repository: Repository, commit: str) -> None:
    """Keep a commit from being collected, whatever becomes of the branches that lead to it."""
    _keep(repository, COMMITS + commit, commit)


def _keep(repository: Repository, ref: str, commit: str) -> None:
    if not (repository.common_dir / ref).exists():
        repository.run("update-ref", "-m", "mag", ref, commit)


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
