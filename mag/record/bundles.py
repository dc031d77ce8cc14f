"""Bundles: an experiment and the code that it ran in one file, to be taken to another machine.

A bundle is a compressed tar file: `bundle.json` (its version), `experiment/` (the directory), `environment.json` and
`code.bundle` (a git bundle; `code.bundle.1` and so on for submodules). It is data: taking one in runs nothing of it.
"""

import contextlib
import gzip
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from mag.code.checkouts import read_code
from mag.code.collection import note_store
from mag.code.exposure import LONGEST, exposes_secret, is_config
from mag.code.repository import TRANSFER, Repository
from mag.code.snapshots import COMMITS, SNAPSHOTS, keep_commit
from mag.disk import files
from mag.disk.files import read_json
from mag.disk.values import dump_json
from mag.errors import ExistsError, RecordError, RepositoryError
from mag.patterns import compile_lazily
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record, read_record

_VERSION = 1
_CHUNK = 1 << 20
_LABEL, _CODE = "bundle.json", "code.bundle"
_LEFT = {"lock", "reruns"}
_UNWANTED = compile_lazily(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What mag puts into no name: control characters, and what is no text."""


def write_bundle(paths: ExperimentPaths, record: Record, repository: Repository | None, output: Path) -> None:
    """Write an experiment, its environment and its code into one file.

    Raises:
        RepositoryError: Git failed, or a part of the code is not here; no file was written.
        RecordError: The file cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
            label, packed, code = Path(scratch, _LABEL), Path(scratch, "bundle"), Path(scratch, _CODE)
            label.write_bytes(dump_json({"version": _VERSION, "identifier": record.identifier}))
            if repository is not None and (commit := read_code(record.commit)) is not None:
                pack_code(repository, commit, code)
            with tarfile.open(packed, "w:gz") as archive:
                archive.add(label, label.name)
                archive.add(paths.directory, "experiment", filter=_select)
                environment = paths.home.environment(str(record.environment.get("digest")))
                if os.path.exists(environment):
                    archive.add(environment, "environment.json")
                for file in sorted(Path(scratch).glob(f"{_CODE}*")):
                    archive.add(file, file.name)
            part = output.with_name(f"{output.name}.part")
            shutil.move(packed, part)
            part.replace(output)
    except OSError as error:
        raise RecordError(f"Cannot write {output}: {error.strerror or error}.") from error


def list_exposed_files(paths: ExperimentPaths, patterns: Sequence[str] = ()) -> list[str]:
    """Return the files of an experiment's own that hold values under secret-looking keys, relative to its directory."""
    exposed = []
    for folder, folders, names in os.walk(paths.directory):
        folders[:] = [name for name in folders if name != ".mag"]
        for file in (Path(folder, name) for name in names if is_config(name)):
            with contextlib.suppress(OSError):
                if file.is_file() and file.stat().st_size <= LONGEST:
                    exposed += [str(file)] if exposes_secret(file.name, file.read_bytes(), patterns) else []
    return sorted(os.path.relpath(path, paths.directory) for path in exposed)


def _select(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what belongs to this machine, repositories, links that lead elsewhere, pipes and the like."""
    parts = Path(member.name).parts
    if len(parts) > 2 and parts[1] == ".mag" and parts[2] in _LEFT:  # noqa: PLR2004
        return None
    if _is_repository(parts) or not (member.isreg() or member.isdir() or member.issym()):
        return None
    if member.issym() and not os.path.normpath(os.path.join(*parts[:-1], member.linkname)).startswith("experiment/"):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _is_repository(parts: Sequence[str]) -> bool:
    return any(part.lower().rstrip(". ") == ".git" for part in parts)


def read_bundle(source: Path, store: StorePaths, repository: Repository | None) -> ExperimentPaths:
    """Take an experiment from a bundle into a store, and its code into a repository.

    Raises:
        ExistsError: The store has something of that name.
        RecordError: The file is no bundle, or the store cannot be written.
        RepositoryError: Git refuses the code.
    """
    try:
        files.make_own_folder(os.path.join(store.root, ".mag"))
        with tempfile.TemporaryDirectory(prefix="import-", dir=Path(store.root, ".mag")) as scratch:
            with gzip.open(source) as stream, tarfile.open(fileobj=stream) as archive:
                archive.extractall(scratch, filter="data")
                while stream.read(_CHUNK):  # to its end, where the checksum is
                    pass
            return _take_in(Path(scratch), source, store, repository)
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        if isinstance(error, gzip.BadGzipFile):
            raise RecordError(f"{source} is no file that `mag export --bundle` wrote.") from error
        why = getattr(error, "strerror", None) or error
        hint = " (is it whole?)" if isinstance(error, EOFError | zlib.error | tarfile.ReadError) else ""
        raise RecordError(f"Cannot read {source}: {why}{hint}.") from error


def _take_in(scratch: Path, source: Path, store: StorePaths, repository: Repository | None) -> ExperimentPaths:
    found = ExperimentPaths(str(scratch / "experiment"))
    _check_content(scratch, source)
    try:
        record = read_record(found)
    except FileNotFoundError:
        raise RecordError(f"{source} is no bundle of mag: make one with `mag export --bundle EXPERIMENT`.") from None
    name = record.identifier
    if os.sep in name or name == "" or name.startswith(".") or _UNWANTED.search(name):
        raise RecordError(f"{source} names its experiment {name!r}, which cannot be a directory's name here.")
    target = store.experiment(name)
    if os.path.lexists(target.directory):
        raise ExistsError(f"{target.directory} is there already: move it away, or import into another --dir.")
    if (scratch / _CODE).exists():
        _take_code(scratch / _CODE, source, store, repository)
    digest = str(record.environment.get("digest"))
    if (scratch / "environment.json").is_file() and digest.isalnum():
        files.make_own_folder(os.path.dirname(store.environment(digest)))
        (scratch / "environment.json").replace(store.environment(digest))
    Path(found.directory).rename(target.directory)
    return target


def _check_content(scratch: Path, source: Path) -> None:
    """Refuse anything but data: a repository, whose settings git would obey, or a link that leads out."""
    experiment = os.path.realpath(scratch / "experiment")
    label = read_json(str(scratch / _LABEL)) if (scratch / _LABEL).is_file() else {}
    if isinstance(version := label.get("version", _VERSION), int) and version > _VERSION:
        raise RecordError(f"{source} is a bundle of version {version}, and this mag reads {_VERSION}: update mag.")
    for folder, folders, names in os.walk(scratch):
        for path in (os.path.join(folder, name) for name in (*folders, *names)):
            inside = os.path.relpath(path, scratch)
            if _is_repository(Path(inside).parts):
                raise RecordError(f"{source} has a git repository in it, {inside}, which no bundle of mag has.")
            if os.path.islink(path) and not _leads_inside(path, experiment):
                raise RecordError(f"{source} has a link in it, {inside}, which may lead anywhere.")


def _leads_inside(link: str, folder: str) -> bool:
    """Tell whether a link is one of an experiment's own files, and leads to another of them."""
    parts = Path(os.path.relpath(link, folder)).parts
    return parts[0] not in {"..", ".", ".mag"} and Path(os.path.realpath(link)).is_relative_to(folder)


def _take_code(file: Path, source: Path, store: StorePaths, repository: Repository | None) -> None:
    with contextlib.ExitStack() as stack:
        try:
            check_files(file)
            holder = repository or stack.enter_context(open_own(store, make=True))
            take_code(file, holder)
        except RepositoryError as error:
            raise RepositoryError(f"Nothing was taken from {source}: {error}.") from None
        note_store(holder, Path(store.root))


def open_own(store: StorePaths, *, make: bool = False) -> Repository:
    """Return the store's own repository, which has the code of experiments that were taken in outside of any.

    Raises:
        RepositoryError: It is not there.
    """
    folder = Path(store.code)
    files.refuse_link(store.code)
    if make and not folder.exists():
        return Repository.make(folder)
    if not (folder / ".git").exists():
        raise RepositoryError(f"there is no repository in {folder}")
    return Repository(folder)


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
