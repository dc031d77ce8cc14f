"""References: which store a command looks into, and which experiment a word names."""

import os
import shlex
from pathlib import Path

import click

from mag.cli.output import escape
from mag.errors import NotFoundError
from mag.record.records import Record
from mag.record.store import Store, StoredExperiment
from mag.settings import find_settings

STORE_OPTION = click.option("--dir", "directory", metavar="PATH", help="Directory of the experiments.")
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
EXPERIMENT_ARGUMENT = click.argument("reference", metavar="EXPERIMENT")


def open_store(directory: str | None) -> Store:
    """Return the store that a command looks into.

    Raises:
        NotFoundError: `--dir` names no directory.
        UsageError: The project's settings cannot be read.
    """
    if directory is not None:
        if not Path(directory).is_dir():
            raise NotFoundError(f"There is no directory {directory!r}: give --dir the directory of the experiments.")
        return Store(directory)
    cwd = Path.cwd()
    root = find_settings(cwd).store_root(cwd)
    return Store(root.relative_to(cwd) if root.is_relative_to(cwd) else root)


def find_experiment(reference: str, directory: str | None) -> StoredExperiment:
    """Return the experiment that a command names by path, identifier or beginning of its identity.

    Raises:
        NotFoundError: None answers to it, or several do.
    """
    return open_store(directory).find(reference)


def refer(experiment: StoredExperiment, directory: str | None) -> str:
    """Return what to type to mean an experiment in the next command: its name, or its path if it lies elsewhere."""
    parent, name = Path(experiment.paths.directory).parent, experiment.name
    usual = directory is None and Path(open_store(None).paths.root).resolve() == parent.resolve()
    return shlex.quote(name if usual else experiment.paths.directory)


def lead_to(root: str, directory: str | None) -> str:
    """Return the option that makes the next command look into this store, after a space; nothing if it does anyway."""
    if directory is None and Path(open_store(None).paths.root).resolve() == Path(root).resolve():
        return ""
    return f" --dir {escape(shlex.quote(directory or root))}"


def repeat(record: Record, *more: str) -> str:
    """Return the command that ran an experiment, quoted, as it is typed where we are."""
    command = shlex.join([*record.command, *more])
    elsewhere = record.directory is not None and record.directory != os.getcwd()
    return f"cd {shlex.quote(str(record.directory))} && {command}" if elsewhere else command
