"""Recovery: clean up after a killed runner or a power cut where no later attempt would.

The next attempt of an experiment removes what the last one left. But one that completed and was to run again
(`--force`) is still completed if it died before it had said `running`, so that nobody would come by.
"""

import contextlib
import os

from mag.disk import files, locks
from mag.errors import RecordError
from mag.record import records, sweeps
from mag.record.paths import LEFT, ExperimentPaths, StorePaths


def recover_store(store: StorePaths) -> None:
    """Tidy up a store where the runner of a sweep died since the last time."""
    dead = sweeps.list_dead(store)
    if not dead:
        return
    for name in os.listdir(store.root):
        recover_experiment(store.experiment(name))
    for sweep in dead:
        sweeps.bury(store, sweep)


def recover_experiment(paths: ExperimentPaths) -> None:
    """Tidy up an experiment's directory, unless somebody is at work on it or it cannot be written."""
    with contextlib.suppress(OSError, RecordError):  # it is no experiment, or not ours
        for folder in (paths.directory, paths.private):
            files.refuse_link(folder)
        names = os.listdir(paths.private)
        if "attempts" not in names and not any(name.endswith(files.TEMPORARY) for name in names):
            return
        lock = locks.acquire(paths.lock)
        if lock is not None:
            files.remove_temporaries(paths.private)
            bring_back(paths)
            lock.release()


def bring_back(paths: ExperimentPaths) -> None:
    """Bring back what was set aside for an attempt that never began, if the last one completed.

    To be called by the holder of its lock. What the file system refuses stays where it is, for the next time.
    """
    with contextlib.suppress(OSError, RecordError):
        record = records.read_record(paths)
        folder = paths.attempt(record.attempt)
        for place in (os.path.dirname(folder), folder):
            files.refuse_link(place)
        if record.status != "completed" or not os.path.isdir(folder):
            return
        for path in paths.output:
            aside = f"{folder}/{os.path.basename(path)}"
            if os.path.lexists(aside) and not os.path.lexists(path):
                os.replace(aside, path)
        _bring_back_files(paths, f"{folder}/{LEFT}")
        files.remove_temporaries(folder)
        files.remove_file(f"{folder}/{os.path.basename(paths.record)}")  # a copy; whatever else is there, stays
        os.rmdir(folder)


def _bring_back_files(paths: ExperimentPaths, folder: str) -> None:
    """Bring back what the experiment itself had put into its directory."""
    files.refuse_link(folder)
    if not os.path.isdir(folder):
        return
    for name in os.listdir(folder):
        if not os.path.lexists(f"{paths.directory}/{name}"):
            os.replace(f"{folder}/{name}", f"{paths.directory}/{name}")
    os.rmdir(folder)
