"""Recalling an experiment: its code as a work tree, its app there, and its config with the secrets it needs."""

import contextlib
import dataclasses
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from mag.app import App, find_app
from mag.cli.output import note
from mag.code.checkouts import lend_checkout, open_holder, read_code, transfer
from mag.code.repository import Repository
from mag.config.language.override import Override
from mag.errors import RecordError, RepositoryError, UsageError
from mag.record.records import Record
from mag.record.store import StoredExperiment
from mag.settings import Settings, find_app_settings, find_settings
from mag.sweeps.ownership import find_successor


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where the code of an experiment is.

    Attributes:
        folder: The working directory of its command there.
        moved: The tops of work trees, and the directories that stand for them.
        commit: The code, as its record or today's repository tells it.
        tree: The name of its tree; None where it is not known.
        file: The app's file there; None where only a path relative to the folder or its project is known.
    """

    folder: Path
    moved: Mapping[Path, Path]
    commit: Mapping[str, Any]
    tree: str | None
    file: Path | None = None

    @property
    def settings(self) -> Settings:
        """The project's settings there."""
        return find_settings(self.folder) if self.file is None else find_app_settings(self.file, self.folder)


def require_record(experiment: StoredExperiment) -> Record:
    """Return the record of an experiment.

    Raises:
        RecordError: It cannot be read.
    """
    if experiment.record is None:
        raise RecordError(f"Experiment {experiment.name!r} cannot be brought back. {experiment.problem}")
    return experiment.record


def require_code(experiment: StoredExperiment, advice: str) -> str:
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
        note(f"not in the record of the code: {one.get('path')} ({one.get('reason')})")
    for path in commit.get("changed") or ():
        note(f"{path} was changed after its process had started: which state of it ran is not known")
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


@contextlib.contextmanager
def lend_place(experiment: StoredExperiment, links: Sequence[str] = ()) -> Iterator[Place]:
    """Lend the code of an experiment, as it was, in a clean temporary work tree.

    Raises:
        RecordError: The code was not recorded.
        RepositoryError: It is nowhere to be found.
    """
    record = require_record(experiment)
    code = require_code(experiment, "--here runs today's code")
    with open_code(experiment, code) as repository, lend_checkout(repository, code) as (directory, missing):
        for one in missing:
            note(f"missing in the code: {one.path} ({one.reason})")
        for name in links:
            link(repository.top, directory, name)
        top = record.commit.get("top")
        moved = {Path(top) if isinstance(top, str) else repository.top: directory, repository.top: directory}
        folder = transfer(record.directory or directory, moved)
        folder, file = folder if folder.is_dir() else directory, _locate_app(record, moved)
        commit = {key: value for key, value in record.commit.items() if key != "changed"}
        yield Place(folder, moved, commit, read_tree(repository, code), file)


def _locate_app(record: Record, moved: Mapping[Path, Path]) -> Path | None:
    file = (record.app or "").rpartition(":")[0]
    return transfer(file, moved) if os.path.isabs(file) else None


def find_here(experiment: StoredExperiment) -> Place:
    """Return the code as it is today, where the experiment's command was typed or else here."""
    from mag.code.commit import read_commit
    from mag.code.omissions import Rules

    record = require_record(experiment)
    folder = Path(record.directory) if record.directory and Path(record.directory).is_dir() else Path.cwd()
    file = _locate_app(record, {})
    place = Place(folder, {}, {}, None, file if file is not None and file.is_file() else None)
    source = folder if place.file is None else place.file.parent
    store = Path(experiment.paths.directory).parent
    place = dataclasses.replace(place, commit=read_commit(source, store=store, rules=Rules.of(place.settings)))
    code = read_code(place.commit)
    if code is None:
        return place
    with Repository(source) as repository:
        return dataclasses.replace(place, tree=read_tree(repository, code))


def read_tree(repository: Repository, code: str) -> str | None:
    """Return the name of a commit's tree."""
    with contextlib.suppress(RepositoryError):
        return repository.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{code}^{{tree}}").strip()
    return None


def link(top: Path, directory: Path, name: str) -> None:
    """Link a file or directory of one work tree, which git ignores, into another.

    Raises:
        UsageError: It is not there, or the other has something in its place.
    """
    source, target = top / name, directory / name
    if os.path.isabs(name) or ".." in Path(name).parts or not source.exists() or os.path.lexists(target):
        raise UsageError(f"--link {name} must name what is in {top} and not in the recorded code.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(source, target_is_directory=source.is_dir())


def find_recorded_app(experiment: StoredExperiment, place: Place) -> App:
    """Return the app that ran an experiment, as it is where the code is; in today's code it may have been renamed.

    Raises:
        UsageError: It is not there.
    """
    name = require_record(experiment).app or ""
    return find_app_there(name if place.moved else find_successor(name, place.settings), place)


def find_app_there(name: str, place: Place) -> App:
    """Return the app of that name, as it is where the code is.

    Raises:
        UsageError: It is not there.
    """
    settings = place.settings
    file, _, function = name.rpartition(":")
    if os.path.isabs(file):
        name = f"{transfer(file, place.moved)}:{function}"
    named = settings.app is not None and settings.app.partition(":")[0] == file
    base = settings.root if named and settings.root else place.folder
    return find_app(name, base, settings._replace(root=base))


def make_loader(app: App, place: Place, variables: Mapping[str, str], *, debug: bool) -> Callable[[], Any]:
    """Return a function that goes to the code and imports the app, in the process that calls it."""

    def load() -> Any:
        from mag.run.relocation import find_strays, relocate

        relocate(place.folder, place.moved, variables)
        function = app.load(debug=debug)
        for path in find_strays(place.moved):
            note(f"imported from outside of the recorded code: {path}")
        return function

    return load


def fill_in(config: dict[str, Any], masked: Sequence[str], overrides: Sequence[Override]) -> dict[str, Any]:
    """Return a stored config with overrides applied, among them the values that were masked; ask for those not given.

    Raises:
        UsageError: An override has several values, or a masked value was not given and nobody is there to ask.
        OverrideError: An override names what is not in the config.
    """
    from mag.config.composition.assignment import assign_values
    from mag.config.language.grammar import parse_overrides
    from mag.config.language.lexer import quote

    if swept := [override.text for override in overrides if override.is_sweep]:
        raise UsageError(f"{swept[0]!r} has several values, and `mag rerun` runs one experiment: give one of them.")
    given = {override.key for override in overrides}
    asked = []
    for key in masked:
        if key not in given:
            asked += parse_overrides([f"{key}={quote(_ask(key))}"])
    return assign_values(config, [*overrides, *asked])


def _ask(key: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            f"The value of {key} was masked when it was recorded: give it, as in `mag rerun ... {key}=...`."
        )
    return str(click.prompt(f"{key} (masked when it was recorded)", hide_input=True, err=True))
