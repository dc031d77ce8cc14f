"""Moves: give experiments another record and directory name, in steps that survive a crash.

First the record is replaced, then the directory renamed. The identity in the record decides what an experiment is, so
that every state in between is sound; `finish_renaming` catches up on the names.
"""

import contextlib
import dataclasses
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from mag.config.identifier import add_suffix
from mag.disk import files, locks
from mag.errors import RecordError, UsageError
from mag.record.claims import write_config
from mag.record.names import DEFAULT_NAME, TypedWords, fold, name_config
from mag.record.paths import StorePaths
from mag.record.records import Record, encode_record, read_record, write_record
from mag.record.store import StoredExperiment
from mag.settings import Settings

_AT_A_TIME = 16
"""Most of a durable write is waiting for the disk, which serves many at once."""


class Move(NamedTuple):
    """What becomes of one experiment.

    Attributes:
        experiment: As it is now.
        record: Its record as it will be.
        name: What its directory will be called.
    """

    experiment: StoredExperiment
    record: Record
    name: str


def check_free(one: StoredExperiment) -> None:
    """Refuse to change an experiment that is running or is a link.

    Raises:
        UsageError: It does, or is.
    """
    if os.path.islink(one.paths.directory):
        raise UsageError(f"{one.name!r} is a link, and what it leads to is only read: leave it out with a filter.")
    check_running(one)


def check_running(one: StoredExperiment) -> None:
    """Refuse to change an experiment that runs.

    Raises:
        UsageError: It does.
    """
    if locks.is_held(one.paths.lock):
        raise UsageError(f"{one.name!r} is running: wait for it, or stop it with `mag stop`; nothing was changed.")


def choose_names(moves: Sequence[Move], everything: Sequence[StoredExperiment], settings: Settings) -> list[Move]:
    """Return the moves with names that nothing else has; a directory that was named by hand keeps its name."""
    moving = {fold(move.experiment.name) for move in moves}
    taken = {fold(one.name) for one in everything} - moving
    found = []
    for move in moves:
        one, name = move.experiment, move.name
        before = one.record.identifier if one.record else None
        if before is not None and one.name != before and not one.name.startswith(f"{before}~"):
            name = one.name
        elif fold(name) in taken:
            name = add_suffix(name, move.record.identity, separator=settings.separator)
        taken.add(fold(name))
        found.append(move._replace(name=name, record=move.record.replace(identifier=name)))
    return found


def plan_renaming(
    experiments: Iterable[StoredExperiment], everything: Sequence[StoredExperiment], settings: Settings
) -> list[Move]:
    """Return the new names of experiments that today's settings name differently.

    Raises:
        UsageError: One of them runs, or the settings name keys that none of its keys is.
    """
    moves = []
    for one in experiments:
        if one.record is not None and not os.path.islink(one.paths.directory):
            record = one.record
            planned = record.overrides or one.name == DEFAULT_NAME  # others are a script's, which nobody typed
            typed = TypedWords(record.choices, record.overrides, one.name) if planned else None
            name = name_config(record.config, record.identity, settings, typed)
            moves.append(Move(one, one.record.replace(identifier=name), name))
    named = _number_names(moves, everything, settings)
    wanted = [move for move in named if move.name != move.experiment.name]
    for move in wanted:
        check_free(move.experiment)
    return wanted


def _number_names(moves: Sequence[Move], everything: Sequence[StoredExperiment], settings: Settings) -> list[Move]:
    bare = [m._replace(experiment=dataclasses.replace(m.experiment, record=None)) for m in moves]
    return [
        named._replace(experiment=move.experiment)
        for named, move in zip(choose_names(bare, everything, settings), moves, strict=True)
    ]


def carry_out(store: StorePaths, moves: Sequence[Move]) -> None:
    """Move experiments: first each record, durably, then the names.

    Raises:
        RecordError: The file system refused; what was moved before stays moved.
    """
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(_write, moves))
    rename_directories(store, [(move.experiment.name, move.name) for move in moves])


def _write(move: Move) -> None:
    """Replace the record, unless somebody has begun to run the experiment, or changed it, meanwhile."""
    paths = move.experiment.paths
    lock = locks.acquire(paths.lock)
    if lock is None:
        raise RecordError(f"{paths.directory} has started running: try again when it has ended.")
    try:
        if move.experiment.record is None or encode_record(read_record(paths)) != encode_record(move.experiment.record):
            raise RecordError(f"{paths.directory} has changed meanwhile: try again.")
        files.remove_temporaries(paths.private)
        write_config(paths, move.record.config)  # first: whoever goes on after a crash looks at the record
        write_record(paths, move.record, durable=True)
    finally:
        lock.release()


def rename_directories(store: StorePaths, names: Iterable[tuple[str, str]]) -> None:
    """Rename directories, in an order that lets none block another; one that stays blocked keeps its name."""
    waiting = [(old, new) for old, new in names if old != new]
    while waiting:
        left = [pair for pair in waiting if not _rename(store, *pair)]
        if len(left) == len(waiting):
            if not _make_way(store, waiting):
                return
            continue
        waiting = left
    with contextlib.suppress(OSError):
        files.sync_directory(store.root)


def _rename(store: StorePaths, old: str, new: str) -> bool:
    source, target = store.experiment(old).directory, store.experiment(new).directory
    if os.path.lexists(target) and not _is_same(source, target):
        return False
    try:
        os.rename(source, target)
    except FileNotFoundError:  # somebody else was quicker
        return True
    except OSError as error:
        raise RecordError(f"Cannot rename {source}: {error.strerror}.") from error
    return True


def _is_same(source: str, target: str) -> bool:
    """Tell whether two names are one directory's on this file system, which ignores case, say."""
    with contextlib.suppress(OSError):
        return os.path.samefile(source, target)
    return False


def _make_way(store: StorePaths, waiting: list[tuple[str, str]]) -> bool:
    """Give one of several directories that want each other's names a temporary one."""
    sources = {old for old, _ in waiting}
    for number, (old, new) in enumerate(waiting):
        if new in sources:
            between = f"{old}~moving"
            if _rename(store, old, between):
                waiting[number] = (between, new)
                return True
    return False


def finish_renaming(store: StorePaths, everything: Iterable[StoredExperiment]) -> None:
    """Give directories the names that they were to get when a migration was interrupted."""
    names = []
    for one in everything:
        former = one.record.former[-1] if one.record and one.record.former else {}
        is_left = one.name.endswith("~moving") or (former and one.name == former.get("name"))
        if is_left and one.record and one.name != one.record.identifier and not os.path.islink(one.paths.directory):
            names.append((one.name, one.record.identifier))
    rename_directories(store, names)
