"""Taking an experiment's directory for one attempt, so that nobody else runs it at the same time."""

import contextlib
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from mag.config.identifier import DEFAULT_SEPARATOR, add_suffix
from mag.disk import files, locks, values
from mag.errors import ExistsError, RecordError
from mag.record import records
from mag.record.bookings import book
from mag.record.names import read_found
from mag.record.paths import LEFT, ExperimentPaths, StorePaths
from mag.record.records import Record
from mag.record.seeds import derive_seed

_FIRST_RECORD_SECONDS = 1.0  # how long a holder of the lock may take until its first record is written


class Claim(NamedTuple):
    """An experiment's directory, held for one attempt.

    Attributes:
        paths: Its files.
        lock: The lock that keeps others away.
        previous: The record of the last attempt; None for the first.
        is_new: Whether the directory was made for this attempt, so that there is nothing in it to be tidied up.
    """

    paths: ExperimentPaths
    lock: locks.Lock
    previous: Record | None
    is_new: bool = False


def prepare_store(store: StorePaths) -> None:
    """Make the store's directory if it is not there.

    Raises:
        RecordError: It cannot be made, or nothing can be written there.
    """
    try:
        Path(store.root).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "there is a file of that name" if Path(store.root).is_file() else error.strerror
        raise RecordError(f"Cannot make the directory {store.root}: {reason}.") from error
    if not os.access(store.root, os.W_OK | os.X_OK):
        raise RecordError(f"Cannot write in {store.root}: Permission denied.")


def claim_directory(store: StorePaths, name: str, identity: str, *, separator: str = DEFAULT_SEPARATOR) -> Claim:
    """Take the directory `name` for an experiment, or its suffixed form if another identity got there first.

    Raises:
        ExistsError: Another process is running this very experiment.
        RecordError: The directory cannot be made or opened.
    """
    if not os.path.isdir(store.experiment(name).directory):
        name = book(store, identity, name)
    for candidate in dict.fromkeys((name, add_suffix(name, identity, separator=separator))):
        paths = store.experiment(candidate)
        try:
            claim = _try_claim(store, candidate, paths, identity)
        except OSError as error:
            raise RecordError(f"Cannot use {error.filename or paths.directory}: {error.strerror or error}.") from error
        if claim is not None:
            return claim
    prepare_store(store)  # which tells where the store itself is the reason
    raise RecordError(
        f"Cannot use {store.experiment(name).directory}: it holds something other than an experiment of this "
        f"config; move it away."
    )


def _try_claim(store: StorePaths, name: str, paths: ExperimentPaths, identity: str) -> Claim | None:
    is_new = _make_directory(paths.directory, store)
    if not is_new and (os.path.islink(paths.directory) or _is_taken(store, name, identity)):
        return None
    is_new = _make_directory(paths.private, store) and is_new
    if not is_new and os.path.islink(paths.private):
        return None
    lock = locks.acquire(paths.lock)
    if lock is None:
        _yield_to_holder(store, name, paths, identity)
        return None
    # whoever begins notes itself: the number of the one before may be another process's by now
    locks.write_holder(lock, locks.NOBODY_YET)
    try:
        if is_new and os.listdir(paths.private) == [os.path.basename(paths.lock)]:  # nobody else was quicker
            return Claim(paths, lock, None, is_new=True)
        found = read_found(store, name)  # again: now nobody else can change it
    except BaseException:
        lock.release()
        raise
    if found is not None and found.get("identity") != identity:
        lock.release()
        return None
    return Claim(paths, lock, _decode_previous(found, paths) if found else None)


def _is_taken(store: StorePaths, name: str, identity: str) -> bool:
    found = read_found(store, name)
    return found is not None and found.get("identity") != identity


def _make_directory(path: str, store: StorePaths) -> bool:
    """Make a directory, its store too if need be; return whether it was not there before."""
    try:
        os.mkdir(path)
    except FileExistsError:
        return False
    except OSError:  # the store is not there, or cannot be written in, which is to be said
        prepare_store(store)
        with contextlib.suppress(FileExistsError):  # somebody else was quicker
            os.mkdir(path)
            return True
        return False
    return True


def _yield_to_holder(store: StorePaths, name: str, paths: ExperimentPaths, identity: str) -> None:
    """Wait until the holder of the lock has said what it runs; return if that is another experiment."""
    deadline = time.monotonic() + _FIRST_RECORD_SECONDS
    while time.monotonic() < deadline:
        found = read_found(store, name)
        if found:
            if found.get("identity") == identity:
                break
            return
        time.sleep(0.005)
    raise ExistsError(f"Experiment {paths.directory} is being run by another process; wait for it, or stop it.")


def _decode_previous(found: dict[str, Any], paths: ExperimentPaths) -> Record | None:
    try:
        return records.decode_record(found, paths.record)
    except RecordError:
        return None


class Begun(NamedTuple):
    """An attempt's first files are written.

    Attributes:
        record: The record as written.
        beginning: The first bytes of `record.json`, which stay.
        files: What earlier attempts left in the directory, which this one goes on with.
    """

    record: Record
    beginning: bytes
    files: tuple[str, ...] = ()


def begin_attempt(claim: Claim, record: Record, *, keep: bool = False, clean: bool = False) -> Begun:
    """Write the first files of an attempt: config and the record that says `running`.

    Args:
        claim: The directory.
        record: What is known of the attempt so far.
        keep: Go on with the results of the last attempt.
        clean: Set all files of the last attempt aside, so that this one begins with an empty directory.

    Raises:
        RecordError: The file system refused.
    """
    paths, previous = claim.paths, claim.previous
    number = 1
    if not claim.is_new:
        files.remove_temporaries(paths.private)
        files.remove_file(paths.stop)
        number = _set_aside(claim, keep=keep, clean=clean)
    found = () if claim.is_new or clean else _list_files(paths)
    record = _go_on(record, previous, number, keep=keep, clean=clean)
    write_config(paths, record.config)
    beginning = records.encode_beginning(record)
    content = beginning + records.encode_rest(record)
    files.write_file(paths.record, content, durable=number > 1)  # an empty one would hide that there were others before
    return Begun(record, beginning, found if number > 1 else ())


def _list_files(paths: ExperimentPaths) -> tuple[str, ...]:
    """Return the names of the files and folders that the experiment itself has left."""
    own = {os.path.basename(path) for path in (paths.private, paths.config, *paths.output)}
    return tuple(sorted(name for name in os.listdir(paths.directory) if name not in own))


def _go_on(record: Record, previous: Record | None, number: int, *, keep: bool, clean: bool) -> Record:
    """Return the record of an attempt, continued from the last one."""
    if previous is None:
        return record.replace(attempt=number, since=number, results={}, seed=derive_seed(record.identity))
    results = previous.results if keep else {}
    since = number if clean else previous.since or previous.attempt
    return record.replace(attempt=number, since=since, results=results, seed=previous.seed, former=previous.former)


def write_config(paths: ExperimentPaths, config: dict[str, Any]) -> None:
    """Write `config.json`.

    Raises:
        RecordError: The file system refused.
    """
    files.write_file(paths.config, values.dump_json(values.encode_config(config), sort=True), scratch=paths.private)


def _set_aside(claim: Claim, *, keep: bool, clean: bool) -> int:
    """Move what the last attempt left into its own folder, and return the number of the attempt to come.

    The record goes last: where this process dies in between, the next one goes on with the same folder. If it says
    completed, that was promised to survive a power cut: its copy has reached the disk before it is written over.
    """
    paths, previous = claim.paths, claim.previous
    if not os.path.lexists(paths.record):
        return 1
    import shutil  # noqa: PLC0415  (with its compressors; rarely needed, and a fork carries what is loaded)

    try:
        content = _read_last(paths.record)
        number = _number_last(claim, content)
        folder = paths.attempt(number)
        files.make_own_folder(os.path.dirname(folder))
        files.make_own_folder(folder)
        for path in paths.output:
            if os.path.lexists(path):
                copied = keep and path == paths.results  # logs and metrics of all attempts are read as one
                (shutil.copy2 if copied else os.replace)(path, f"{folder}/{os.path.basename(path)}")
        if clean and (names := _list_files(paths)):
            files.make_own_folder(f"{folder}/{LEFT}")
            for name in names:
                os.replace(f"{paths.directory}/{name}", f"{folder}/{LEFT}/{name}")
        if content is None:
            os.replace(paths.record, f"{folder}/{os.path.basename(paths.record)}")
            return number + 1
    except OSError as error:
        place, reason = error.filename or paths.directory, error.strerror or error
        raise RecordError(f"Cannot set aside the last attempt: {place}: {reason}.") from error
    promised = previous is not None and previous.status == "completed"
    files.write_file(f"{folder}/{os.path.basename(paths.record)}", content, scratch=paths.private, durable=promised)
    return number + 1


def _read_last(path: str) -> bytes | None:
    """Return the bytes of the last record; None where it is larger than what is read, or no file."""
    try:
        return files.read_file(path)
    except OSError as error:
        if error.errno in files.SOMETHING_ELSE:
            return None
        raise


def _number_last(claim: Claim, content: bytes | None) -> int:
    """Return the number of the last attempt: its own, unless something else has that number."""
    number = claim.previous.attempt if claim.previous else 0
    try:
        if number and content is not None and files.read_file(f"{claim.paths.attempt(number)}/record.json") == content:
            return number
        earlier = [int(name) for name in os.listdir(f"{claim.paths.private}/attempts") if name.isdigit()]
    except FileNotFoundError:
        return number or 1
    return max(earlier, default=0) + 1
