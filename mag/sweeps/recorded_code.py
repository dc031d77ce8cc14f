"""Recorded code, brought back as a work tree: that of an experiment, or today's, so that nobody edits it meanwhile."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mag.app import App, find_app
from mag.app.command_line import find_command
from mag.code.checkouts import keep_checkout, lend_checkout, open_holder, read_code, transfer
from mag.code.commit import read_commit
from mag.code.omissions import Rules
from mag.code.repository import Repository
from mag.errors import RecordError, RepositoryError, UsageError
from mag.patterns import compile_lazily
from mag.record.paths import StorePaths
from mag.record.records import Record
from mag.record.store import StoredExperiment
from mag.settings import Settings, find_app_settings, find_settings
from mag.sweeps.codebase import Codebase

Warn = Callable[[str], None]
_QUOTED = compile_lazily(r"""['"]([^'"]+)['"]""")


@contextlib.contextmanager
def freeze(app: App, code: Codebase, store: StorePaths, links: Sequence[str], warn: Warn) -> Iterator[Codebase]:
    """Lend a copy of today's code, in a clean temporary work tree that nobody edits.

    Raises:
        UsageError: There is no repository, or it cannot be captured.
        RepositoryError: Git failed.
    """
    commit, snapshot = _read_snapshot(app, code, store, warn)
    with Repository(code.source) as repository, lend_checkout(repository, snapshot) as (directory, missing):
        for one in missing:
            warn(f"missing in the snapshot: {one.path} ({one.reason})")
        _link_all(links, repository.top, directory)
        yield _move(app, code, commit, repository.top, directory)


def keep(app: App, code: Codebase, store: StorePaths, links: Sequence[str], warn: Warn) -> Codebase:
    """Return a copy of today's code, in a work tree in the store that stays for as long as an engine may need it.

    Raises:
        UsageError: There is no repository, or it cannot be captured.
        RepositoryError: Git failed.
    """
    commit, snapshot = _read_snapshot(app, code, store, warn)
    with Repository(code.source) as repository:
        directory = store.frozen_code / snapshot / repository.top.name
        for one in keep_checkout(repository, snapshot, directory):
            warn(f"missing in the snapshot: {one.path} ({one.reason})")
        _link_all([name for name in links if not os.path.lexists(directory / name)], repository.top, directory)
        return _move(app, code, commit, repository.top, directory)


def _read_snapshot(app: App, code: Codebase, store: StorePaths, warn: Warn) -> tuple[Mapping[str, Any], str]:
    """Return the record of today's code, and the commit that holds it."""
    configs = tuple(map(str, sorted(app.config_path.rglob("*.yaml")))) if app.config_path is not None else ()
    commit = read_commit(code.source, store=Path(store.root), rules=Rules.of(code.settings, configs))
    snapshot = read_code(commit)
    omissions = {one["path"]: one["reason"] for one in commit.get("not_captured", ())}
    if snapshot is None or "." in omissions:
        reason = omissions.get(".") or commit.get("reason")
        raise UsageError(f"The sweep cannot run from a copy of the code, since git keeps none: {reason}.")
    for path, reason in omissions.items():
        warn(f"not in the snapshot: {path} ({reason})")
    return commit, snapshot


def _move(app: App, code: Codebase, commit: Mapping[str, Any], top: Path, directory: Path) -> Codebase:
    """Return the code with its app in another work tree."""
    moved = {top: directory}
    folder = transfer(Path.cwd(), moved)
    folder = folder if folder.is_dir() else directory
    settings = find_app_settings(transfer(os.path.abspath(app.file), moved), folder)
    path, name = app.asked
    asked = None if path is None else transfer(path, moved), name
    further = tuple(transfer(each, moved) for each in app.further)
    app = find_app_there(app.name, settings, folder, moved).with_configs(*asked, further)
    commit = {key: value for key, value in commit.items() if key != "changed"} | {"frozen": True}  # imported anew
    return code._replace(app=app, folder=folder, moved=moved, commit=commit)


@contextlib.contextmanager
def lend_recorded(experiment: StoredExperiment, links: Sequence[str], warn: Warn) -> Iterator[Codebase]:
    """Lend the code of an experiment, as it was, in a clean temporary work tree; the app in it is not looked for.

    Raises:
        RecordError: The code was not recorded.
        RepositoryError: It is nowhere to be found.
    """
    record = require_record(experiment)
    code = require_code(experiment, "--here runs today's code", warn)
    with open_code(experiment, code) as repository, lend_checkout(repository, code) as (directory, missing):
        for one in missing:
            warn(f"missing in the code: {one.path} ({one.reason})")
        _link_all(links, repository.top, directory)
        top = record.commit.get("top")
        moved = {Path(top) if isinstance(top, str) else repository.top: directory, repository.top: directory}
        folder = transfer(record.directory or directory, moved)
        folder, file = folder if folder.is_dir() else directory, _locate_app(record, moved)
        commit = {key: value for key, value in record.commit.items() if key != "changed"}
        settings, tree = _find_settings(file, folder), read_tree(repository, code)
        yield Codebase(record.app or "", settings, folder, None, folder, moved, commit, tree)


def find_current(experiment: StoredExperiment) -> Codebase:
    """Return the code as it is today, where the experiment's command was typed or else here."""
    record = require_record(experiment)
    folder = Path(record.directory) if record.directory and Path(record.directory).is_dir() else Path.cwd()
    file = _locate_app(record, {})
    file = file if file is not None and file.is_file() else None
    source, settings = folder if file is None else file.parent, _find_settings(file, folder)
    store = Path(experiment.paths.directory).parent
    commit = read_commit(source, store=store, rules=Rules.of(settings))
    found, code = Codebase(record.app or "", settings, source, None, folder, commit=commit), read_code(commit)
    if code is None:
        return found
    with Repository(source) as repository:
        return found._replace(tree=read_tree(repository, code))


def _find_settings(file: Path | None, folder: Path) -> Settings:
    return find_settings(folder) if file is None else find_app_settings(file, folder)


def _locate_app(record: Record, moved: Mapping[Path, Path]) -> Path | None:
    file = (record.app or "").rpartition(":")[0]
    return transfer(file, moved) if os.path.isabs(file) else None


def find_app_there(name: str, settings: Settings, folder: Path, moved: Mapping[Path, Path]) -> App:
    """Return the app of that name, as it is where the code is.

    Raises:
        UsageError: It is not there.
    """
    if (command := find_command(name, folder)) is not None:
        return command
    file, _, function = name.rpartition(":")
    if os.path.isabs(file):
        name = f"{transfer(file, moved)}:{function}"
    named = settings.app is not None and settings.app.partition(":")[0] == file
    base = settings.root if named and settings.root else folder
    return find_app(name, base, settings._replace(root=base))


def require_record(experiment: StoredExperiment) -> Record:
    """Return the record of an experiment.

    Raises:
        RecordError: It cannot be read.
    """
    if experiment.record is None:
        raise RecordError(f"Experiment {experiment.name!r} cannot be brought back. {experiment.problem}")
    return experiment.record


def require_code(experiment: StoredExperiment, advice: str, warn: Warn) -> str:
    """Return the commit that holds an experiment's code.

    Raises:
        RecordError: Its record names none.
    """
    commit = require_record(experiment).commit
    code = read_code(commit)
    if code is None:
        reason = commit.get("reason") or "its record does not say why"
        raise RecordError(f"The code of {experiment.name!r} was not recorded ({reason}): {advice}.")
    for one in commit.get("not_captured") or ():
        warn(f"not in the record of the code: {one.get('path')} ({one.get('reason')})")
    for path in commit.get("changed") or ():
        warn(f"{path} was changed after its process had started: mag does not know which version ran")
    return code


def open_code(experiment: StoredExperiment, code: str) -> Repository:
    """Return the repository that has the code of an experiment: around it, around here, or where it ran.

    Raises:
        RepositoryError: None of them has.
    """
    top = require_record(experiment).commit.get("top")
    own = experiment.paths.home.code
    places: list[str | Path | None] = [
        experiment.paths.directory,
        Path.cwd(),
        own,
        top if isinstance(top, str) else None,
    ]
    return open_holder(code, places)


def read_recorded_tree(experiment: StoredExperiment) -> str | None:
    """Return the name of the tree that an experiment ran; None where that is not known here."""
    code = read_code(require_record(experiment).commit)
    if code is None:
        return None
    with contextlib.suppress(RepositoryError), open_code(experiment, code) as repository:
        return read_tree(repository, code)
    return None


def read_tree(repository: Repository, code: str) -> str | None:
    """Return the name of a commit's tree."""
    with contextlib.suppress(RepositoryError):
        return repository.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{code}^{{tree}}").strip()
    return None


def suggest_link(experiment: StoredExperiment, again: Record) -> str | None:
    """Return a path that a rerun lacked: it is in the work tree, but not in the recorded code; None for none."""
    record, error = require_record(experiment), again.error or {}
    top, code = record.commit.get("top"), read_code(record.commit)
    if again.status != "failed" or not isinstance(top, str) or code is None:
        return None
    names = _QUOTED.findall(str(error.get("message", "")))
    if error.get("type") in {"ModuleNotFoundError", "ImportError"}:
        names += [f"{name.replace('.', '/')}.py" for name in names] + [name.replace(".", "/") for name in names]
    for name in names:
        place = _find_counterpart(name, record, top)
        if place is not None and (missing := _find_missing(experiment, code, place)):
            return missing
    return None


def _find_counterpart(name: str, record: Record, top: str) -> str | None:
    """Return what a path in a rerun is in the work tree, relative to its top, if that is there."""
    folder = Path(record.directory or top)
    parts = Path(name).parts
    tails = [Path(*parts[start:]) for start in range(len(parts))] if os.path.isabs(name) else [Path(name)]
    for base in (folder, Path(top)):
        for tail in tails[1:] if os.path.isabs(name) else tails:
            path = Path(os.path.abspath(base / tail))
            if path.exists() and path.is_relative_to(top) and path != Path(top):
                return str(path.relative_to(top))
    return None


def _find_missing(experiment: StoredExperiment, code: str, path: str) -> str | None:
    """Return the outermost part of a path that a commit does not have."""
    parts = Path(path).parts
    with contextlib.suppress(RepositoryError), open_code(experiment, code) as repository:
        for end in range(1, len(parts) + 1):
            part = "/".join(parts[:end])
            if not repository.run("ls-tree", "--name-only", "-z", code, "--", part):
                return part
    return None


def _link_all(names: Sequence[str], top: Path, directory: Path) -> None:
    """Link files and directories of one work tree, which git ignores, into another.

    Raises:
        UsageError: One is not there, or the other has something in its place.
    """
    for name in names:
        source, target = top / name, directory / name
        if os.path.isabs(name) or ".." in Path(name).parts or not source.exists() or os.path.lexists(target):
            raise UsageError(f"--link {name} must name what is in {top} and not in the recorded code.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source, target_is_directory=source.is_dir())
