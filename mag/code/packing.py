"""Packing: the code of an experiment as files, git bundles, complete; taken in again, it replaces nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

from mag.code.repository import TRANSFER, Repository
from mag.code.snapshots import COMMITS, SNAPSHOTS, keep_commit
from mag.errors import RepositoryError
from mag.patterns import compile_lazily

_MAGIC = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_HEAD = compile_lazily(r"([0-9a-f]{40}(?:[0-9a-f]{24})?) (refs/mag/\S+)")
_GITLINK = compile_lazily(r"160000 commit ([0-9a-f]+)\t(.*)", re.DOTALL)


def pack_code(repository: Repository, code: str, file: Path) -> None:
    """Write a commit, the history that leads to it and what its submodules were at into files.

    Args:
        repository: The repository, which has the commit.
        code: The commit.
        file: The file; those of submodules are beside it, with a number after its name.

    Raises:
        RepositoryError: Git failed, or something of it is not here.
    """
    for number, (holder, commit) in enumerate(_list_commits(repository, code, "")):
        _pack(holder, commit, file.with_name(f"{file.name}.{number}") if number else file)


def _list_commits(repository: Repository, code: str, place: str) -> Iterator[tuple[Repository, str]]:
    """Yield a commit and those of the submodules in it, with the repositories that have them."""
    yield repository, code
    for entry in repository.run("ls-tree", "-r", "-z", code).split("\0"):
        if found := _GITLINK.fullmatch(entry):
            inner = Repository(repository.top / found[2])
            if inner.read_ref(found[1]) is None:
                raise RepositoryError(
                    f"the submodule {place}{found[2]} does not have commit {found[1][:12]} that the code names: "
                    f"`git submodule update --init` may fetch it"
                )
            yield from _list_commits(inner, found[1], f"{place}{found[2]}/")


def _pack(repository: Repository, code: str, file: Path) -> None:
    refs = repository.run("for-each-ref", "--format=%(refname)", f"--points-at={code}", SNAPSHOTS, COMMITS).split()
    if not refs:
        keep_commit(repository, code)
        refs = [COMMITS + code]
    shallow = repository.common_dir / "shallow"
    if shallow.exists():
        cut = {*shallow.read_text(encoding="ascii").split()} & {*repository.run("rev-list", code).split()}
        if cut:
            raise RepositoryError(
                f"{repository.top} is a shallow clone, without the history that leads to the code: "
                f"`git fetch --unshallow` brings it, and then this command goes through"
            )
    repository.run("bundle", "create", "--quiet", str(file), refs[0], env=TRANSFER)


def check_files(file: Path) -> None:
    """Refuse files that `pack_code` did not write: git would follow one that says where a repository is.

    Raises:
        RepositoryError: One is no git bundle.
    """
    for one in file.parent.glob(f"{file.name}*"):
        if one.is_symlink() or not one.is_file() or not _read_start(one).startswith(_MAGIC):
            raise RepositoryError(f"its code, {one.name}, is no git bundle")


def take_code(file: Path, repository: Repository) -> None:
    """Take the commits in the files that `pack_code` wrote into a repository; refs that are there stay as they are.

    Raises:
        RepositoryError: Git refuses it.
    """
    for one in sorted(file.parent.glob(f"{file.name}*")):
        told = repository.run("bundle", "list-heads", str(one)).splitlines()
        heads = [found for line in told if (found := _HEAD.fullmatch(line))]
        names = [(head[2], (SNAPSHOTS if head[2].startswith(SNAPSHOTS) else COMMITS) + head[1]) for head in heads]
        specs = [f"{ref}:{name}" for ref, name in names]
        words = ("-c", "transfer.fsckObjects=true", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
        repository.run(*words, str(one), *specs, env=TRANSFER)


def _read_start(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(len(_MAGIC[0]))
