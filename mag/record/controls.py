"""Control of a sweep that is under way: a file that other terminals write and its runner looks at.

`<id>.lock` beside the manifest is held while the runner lives; `<id>.control.json` says what it is asked to do.
"""

import contextlib
import dataclasses
import os

from mag.disk import files, locks, values
from mag.errors import RecordError
from mag.record.paths import StorePaths

_KINDS = {"jobs": (int, type(None)), "paused": (bool,), "stops": (int,)}


@dataclasses.dataclass(frozen=True, slots=True)
class Control:
    """What a runner is asked to do.

    Attributes:
        jobs: How many experiments to run at a time; None for what it was started with.
        paused: Start nothing until told otherwise.
        stops: 1 to stop with a grace period, 2 to stop at once.
    """

    jobs: int | None = None
    paused: bool = False
    stops: int = 0


def read_control(store: StorePaths, sweep: str) -> Control:
    """Return what the runner of a sweep is asked to do; nothing where the file cannot be read."""
    try:
        path = store.control(sweep)
        return Control(**files.pick_fields(files.read_json(path), _KINDS, path))
    except (OSError, RecordError):
        return Control()


def write_control(store: StorePaths, sweep: str, control: Control) -> None:
    """Ask the runner of a sweep to do something.

    Raises:
        RecordError: The file cannot be written.
    """
    locks.write_shared_file(store.control(sweep), values.dump_json({"version": 1, **dataclasses.asdict(control)}))


def hold_sweep(store: StorePaths, sweep: str) -> locks.Lock | None:
    """Show that the runner of a sweep lives, as long as the lock is held.

    Raises:
        RecordError: There is no locking it.
    """
    path = store.sweep_lock(sweep)
    try:
        return locks.acquire(path)
    except OSError as error:
        raise RecordError(
            f"Cannot lock {path}: {error.strerror}. mag needs a file system with locks (flock): name another place for "
            f"the experiments with --dir."
        ) from error


def is_running(store: StorePaths, sweep: str) -> bool:
    """Tell whether the runner of a sweep lives."""
    return locks.is_held(store.sweep_lock(sweep))


def release_sweep(store: StorePaths, sweep: str, lock: locks.Lock) -> None:
    """Show that the runner of a sweep has ended."""
    for path in (store.control(sweep), store.sweep_lock(sweep)):
        with contextlib.suppress(OSError):
            os.unlink(path)
    lock.release()


def list_dead(store: StorePaths) -> list[str]:
    """Return the sweeps whose runner is gone and did not say so: it was killed, or the power was cut."""
    try:
        names = os.listdir(store.manifests)
    except OSError:
        return []
    sweeps = (name.removesuffix(".lock") for name in names if name.endswith(".lock"))
    return [sweep for sweep in sweeps if not is_running(store, sweep)]


def bury(store: StorePaths, sweep: str) -> None:
    """Have `list_dead` forget a sweep, unless its runner lives after all, or this user cannot write there."""
    with contextlib.suppress(OSError, RecordError):
        lock = hold_sweep(store, sweep)
        if lock is not None:
            release_sweep(store, sweep, lock)
