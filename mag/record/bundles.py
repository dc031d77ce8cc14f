"""Bundles: an experiment and the code that it ran in one file, to be taken to another machine.

A bundle is a compressed tar file: `experiment/` (the directory), `environment.json` and `code.bundle` (a git bundle).
Taking one in runs nothing of what is in it.
"""

import contextlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from mag.code.checkouts import read_code
from mag.code.repository import TRANSFER, Repository
from mag.code.snapshots import COMMITS, SNAPSHOTS, keep_commit
from mag.disk import files
from mag.errors import ExistsError, RecordError, RepositoryError
from mag.patterns import compile_lazily
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record, read_record

_LEFT = {"lock", "reruns"}
_UNWANTED = compile_lazily(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What mag puts into no name: control characters, and what is no text."""


def write_bundle(paths: ExperimentPaths, record: Record, repository: Repository | None, output: Path) -> None:
    """Write an experiment, its environment and its code into one file.

    Raises:
        RepositoryError: Git failed.
        RecordError: The file cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
            packed = Path(scratch, "bundle")
            with tarfile.open(packed, "w:gz") as archive:
                archive.add(paths.directory, "experiment", filter=_select)
                environment = paths.home.environment(str(record.environment.get("digest")))
                if os.path.exists(environment):
                    archive.add(environment, "environment.json")
                if repository is not None:
                    archive.add(_bundle_code(repository, record, Path(scratch)), "code.bundle")
            part = output.with_name(f"{output.name}.part")
            shutil.move(packed, part)
            part.replace(output)
    except OSError as error:
        raise RecordError(f"Cannot write {output}: {error.strerror or error}.") from error


def _select(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what belongs to this machine: owners, locks, reruns, and what is neither file nor directory."""
    parts = Path(member.name).parts
    if (len(parts) > 2 and parts[1] == ".mag" and parts[2] in _LEFT) or not (  # noqa: PLR2004
        member.isreg() or member.isdir() or member.issym()
    ):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _bundle_code(repository: Repository, record: Record, scratch: Path) -> Path:
    code = read_code(record.commit)
    assert code is not None
    path = scratch / "code.bundle"
    refs = repository.run("for-each-ref", "--format=%(refname)", f"--points-at={code}", SNAPSHOTS, COMMITS).split()
    if not refs:
        keep_commit(repository, code)
        refs = [COMMITS + code]
    repository.run("bundle", "create", "--quiet", str(path), *refs, env=TRANSFER)
    return path


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
            with tarfile.open(source, "r:gz") as archive:
                archive.extractall(scratch, filter="data")
            return _take_in(Path(scratch), source, store, repository)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise RecordError(f"Cannot read {source}: {getattr(error, 'strerror', None) or error}.") from error


def _take_in(scratch: Path, source: Path, store: StorePaths, repository: Repository | None) -> ExperimentPaths:
    found = ExperimentPaths(str(scratch / "experiment"))
    if os.path.islink(found.directory) or os.path.islink(found.private):
        raise RecordError(f"{source} has a link in place of its experiment, which may lead anywhere.")
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
    if (scratch / "code.bundle").is_file():
        _take_code(scratch / "code.bundle", store, repository)
    digest = str(record.environment.get("digest"))
    if (scratch / "environment.json").is_file() and digest.isalnum():
        files.make_own_folder(os.path.dirname(store.environment(digest)))
        (scratch / "environment.json").replace(store.environment(digest))
    Path(found.directory).rename(target.directory)
    return target


def _take_code(bundle: Path, store: StorePaths, repository: Repository | None) -> None:
    words = ("-c", "transfer.fsckObjects=true", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
    with contextlib.ExitStack() as stack:
        holder = repository or stack.enter_context(open_own(store, make=True))
        holder.run(*words, str(bundle), "+refs/mag/*:refs/mag/*", env=TRANSFER)


def open_own(store: StorePaths, *, make: bool = False) -> Repository:
    """Return the store's own repository, which has the code of experiments that were taken in outside of any.

    Raises:
        RepositoryError: It is not there.
    """
    folder = Path(store.code)
    files.refuse_link(store.code)
    if make and not folder.exists():
        import git  # noqa: PLC0415  (costs 70 ms)

        git.Repo.init(folder).close()
    if not (folder / ".git").exists():
        raise RepositoryError(f"there is no repository in {folder}")
    return Repository(folder)
