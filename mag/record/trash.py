"""The trash: whole directories of experiments that were removed, until somebody empties it, or wants them back.

`.mag/trash/<time>/<name>` is one directory; all that one command removed have one time.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mag.clock import tell_time
from mag.disk import files, locks
from mag.errors import RecordError, UsageError
from mag.record.moves import check_running
from mag.record.paths import StorePaths
from mag.record.store import StoredExperiment

_ARRIVING = "arriving"


class Removed(NamedTuple):
    """A directory in the trash.

    Attributes:
        name: What it was called in the store.
        batch: When it was removed.
        path: Where it is.
    """

    name: str
    batch: str
    path: str


def list_trash(store: StorePaths) -> list[Removed]:
    """Return what is in the trash of a store, the oldest first."""
    found = []
    for batch in sorted(_list(store.trash)):
        found += [
            Removed(name, batch, f"{store.trash}/{batch}/{name}") for name in sorted(_list(f"{store.trash}/{batch}"))
        ]
    return found


def _list(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def remove(store: StorePaths, experiments: Sequence[StoredExperiment]) -> None:
    """Move experiments to the trash, whole; of a link the link alone.

    Raises:
        UsageError: One of them runs; nothing was moved.
        RecordError: The file system refused; what was moved before is in the trash.
    """
    for one in experiments:
        check_running(one)
    folder = f"{store.trash}/{tell_time().replace(':', '')}"
    try:
        files.make_own_folder(os.path.dirname(store.trash))
        files.make_own_folder(store.trash)
        os.mkdir(folder)
        for one in experiments:
            _move(one, f"{folder}/{one.name}")
    except OSError as error:
        raise RecordError(f"Cannot move {error.filename or store.root} to the trash: {error.strerror}.") from error
    files.sync_directory(store.root)


def _move(one: StoredExperiment, target: str) -> None:
    """Move a directory, unless somebody has begun to run the experiment meanwhile."""
    source = one.paths.directory
    if os.path.islink(source) or not os.path.isdir(one.paths.private):
        os.rename(source, target)
        return
    lock = locks.acquire(one.paths.lock)
    if lock is None:
        raise RecordError(f"{source} has started running: try again when it has ended.")
    try:
        os.rename(source, target)
    finally:
        lock.release()


def restore(store: StorePaths, removed: Sequence[Removed]) -> None:
    """Bring directories back from the trash.

    Raises:
        UsageError: Something else has such a name by now; nothing was brought back.
        RecordError: The file system refused.
    """
    for one in removed:
        if os.path.lexists(store.experiment(one.name).directory):
            raise UsageError(f"{one.name!r} is there again: rename it, or remove it, first; nothing was brought back.")
    try:
        for one in removed:
            os.rename(one.path, store.experiment(one.name).directory)
        for batch in {one.batch for one in removed}:
            if not _list(f"{store.trash}/{batch}"):
                os.rmdir(f"{store.trash}/{batch}")
    except OSError as error:
        raise RecordError(f"Cannot bring {error.filename} back: {error.strerror}.") from error


def empty_trash(store: StorePaths) -> None:
    """Remove what is in the trash for good.

    Raises:
        RecordError: The file system refused.
    """
    try:
        for folder in (os.path.dirname(store.trash), store.trash):
            files.refuse_link(folder)
        for batch in _list(store.trash):
            shutil.rmtree(f"{store.trash}/{batch}")
    except OSError as error:
        raise RecordError(f"Cannot empty {store.trash}: {error.strerror}.") from error


def archive(store: StorePaths, target: StorePaths, experiments: Sequence[StoredExperiment]) -> None:
    """Move experiments to another store, with what is known of their environments.

    Where that is on another disk they are copied first, and their originals go to the trash.

    Raises:
        UsageError: One of them runs, or has a name there; nothing was moved.
        RecordError: The file system refused; each experiment is in one of the stores, whole.
    """
    for one in experiments:
        check_running(one)
        if os.path.lexists(target.experiment(one.name).directory):
            raise UsageError(f"{one.name!r} is in {target.root} already; nothing was moved.")
    try:
        for one in experiments:
            _copy_environment(store, target, one)
            _send(store, target, one)
    except OSError as error:
        raise RecordError(f"Cannot move {error.filename or store.root}: {error.strerror}.") from error
    files.sync_directory(target.root)


def _copy_environment(store: StorePaths, target: StorePaths, one: StoredExperiment) -> None:
    digest = one.record and one.record.environment.get("digest")
    if not isinstance(digest, str) or "/" in digest:
        return
    source, place = Path(store.environment(digest)), Path(target.environment(digest))
    if source.is_file() and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        files.write_file(str(place), source.read_bytes())


def _send(store: StorePaths, target: StorePaths, one: StoredExperiment) -> None:
    place = target.experiment(one.name).directory
    try:
        _move(one, place)
    except OSError:  # another disk
        arriving = f"{target.root}/.mag/{_ARRIVING}"
        shutil.rmtree(arriving, ignore_errors=True)
        shutil.copytree(one.paths.directory, arriving, symlinks=True)
        os.rename(arriving, place)
        remove(store, [one])
