"""The book of GPUs: which of them the runners of a machine and a user have given to experiments.

A file for each GPU, in a folder of the user's: its runner holds it locked, and names in it the locks of the
experiments there, so that a GPU is not free either while experiments go on without their runner.
"""

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mag.disk import files, locks, values
from mag.errors import RecordError, UsageError
from mag.launch.gpus import Gpu, GpuRequest
from mag.record.paths import StorePaths

FOLDER_VARIABLE = "MAG_RUNTIME_DIR"
"""The environment variable that names another place for the book."""
_LOOK_SECONDS = 0.1


class GpuEntry(NamedTuple):
    """A GPU that is in use.

    Attributes:
        key: What runners call it.
        pid: The process of its runner.
        sweep: The id of its sweep; None for a single experiment.
        store: The store of the experiments.
        experiments: The locks of the experiments that use it.
    """

    key: str
    pid: int
    sweep: str | None
    store: str
    experiments: tuple[str, ...]


def find_folder() -> str:
    """Return the folder of the book: the same for all processes of this user, whatever their temporary directories."""
    return os.environ.get(FOLDER_VARIABLE) or f"/tmp/mag-{os.getuid()}"  # noqa: S108  (it is looked at before use)


def _open_folder() -> str:
    """Return the folder, made if need be.

    Raises:
        UsageError: It is another user's, or cannot be made.
    """
    folder = find_folder()
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.lstat(folder)
    except OSError as error:
        raise UsageError(
            f"The list of GPUs in use cannot be kept in {folder}: {error.strerror}. "
            f"Name another folder in {FOLDER_VARIABLE}."
        ) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise UsageError(
            f"The list of GPUs in use cannot be kept in {folder}, which is not this user's: name another folder in "
            f"{FOLDER_VARIABLE}."
        )
    return folder


def _locate(key: str) -> str:
    return os.path.join(find_folder(), f"gpu-{key}")


def list_entries() -> list[GpuEntry]:
    """Return the GPUs that are in use on this machine by this user's experiments."""
    try:
        names = sorted(os.listdir(find_folder()))
    except OSError:
        return []
    keys = (name.removeprefix("gpu-") for name in names if name.startswith("gpu-"))
    entries = ((_read_entry(key), locks.is_held(_locate(key))) for key in keys)
    return [entry for entry, held in entries if entry is not None and (held or _has_survivors(entry))]


def _read_entry(key: str) -> GpuEntry | None:
    try:
        data = files.read_json(_locate(key))
        experiments = tuple(map(str, data["experiments"]))
        return GpuEntry(key, int(data["pid"]), data["sweep"], str(data["store"]), experiments)
    except (OSError, RecordError, KeyError, TypeError, ValueError):
        return None


def _has_survivors(entry: GpuEntry) -> bool:
    return any(map(locks.is_held, entry.experiments))


def tell_busy(request: GpuRequest) -> str | None:
    """Return a line on those who use the GPUs that are asked for, where they leave too few to begin."""
    wanted = {gpu.key for gpu in request.gpus}
    busy = [entry for entry in list_entries() if entry.key in wanted]
    if len(wanted) - len(busy) >= request.each:
        return None
    users = ", ".join(f"{entry.key} by {describe_entry(entry)}" for entry in busy)
    return f"waiting for GPUs, which are in use: {users}"


def describe_entry(entry: GpuEntry) -> str:
    """Describe the runner whose experiments are on a GPU."""
    what = f"sweep {entry.sweep}" if entry.sweep else f"process {entry.pid}"
    return f"{what} in {entry.store}"


class GpuBook:
    """The part of the book that one runner keeps.

    Raises:
        UsageError: The book cannot be kept.
    """

    def __init__(self, request: GpuRequest, store: str, sweep: str | None = None) -> None:
        self._request = request
        self._store = StorePaths(store)
        self._sweep = sweep
        self._turn = threading.Lock()
        self._held: dict[Gpu, locks.Lock] = {}
        self._users: dict[Gpu, list[str]] = {gpu: [] for gpu in request.gpus}
        _open_folder()

    @contextlib.contextmanager
    def lend(self, name: str, is_ending: Callable[[], bool]) -> Iterator[tuple[tuple[str, str], ...] | None]:
        """Lend GPUs to the experiment of this name, and yield the variables that name them; waits until some are free.

        None where the command ended before.
        """
        lock = self._store.experiment(name).lock
        while not (gpus := self._take(lock)) and not is_ending():
            time.sleep(_LOOK_SECONDS)
        try:
            tokens = ",".join(gpu.token for gpu in gpus)
            yield tuple((variable, tokens) for variable in self._request.variables) if gpus else None
        finally:
            with self._turn:
                for gpu in gpus:
                    self._users[gpu].remove(lock)
                    self._write(gpu)

    def _take(self, lock: str) -> list[Gpu]:
        """Return as many GPUs as an experiment gets, now used by it, or none at all."""
        with self._turn:
            chosen = self._choose()
            if len(chosen) < self._request.each:
                for gpu in chosen:
                    self._write(gpu)
                return []
            for gpu in chosen:
                self._users[gpu].append(lock)
                self._write(gpu)
            return chosen

    def _choose(self) -> list[Gpu]:
        """Return GPUs with room on them, those first that have most of it; new ones are locked."""
        chosen: list[Gpu] = []
        for gpu in sorted(self._users, key=lambda gpu: len(self._users[gpu])):
            has_room = len(self._users[gpu]) < self._request.share
            if len(chosen) < self._request.each and has_room and (gpu in self._held or self._hold(gpu)):
                chosen.append(gpu)
        return chosen

    def _hold(self, gpu: Gpu) -> bool:
        """Lock a GPU, unless enough are, or it is in use by another runner or by experiments whose runner is gone."""
        if len(self._held) >= self._request.count:
            return False
        lock = locks.acquire(_locate(gpu.key))
        if lock is None:
            return False
        entry = _read_entry(gpu.key)
        if entry is not None and _has_survivors(entry):
            lock.free()
            return False
        self._held[gpu] = lock
        return True

    def _write(self, gpu: Gpu) -> None:
        """Write down who is on a GPU; one that nobody is on is given back."""
        users, lock = self._users[gpu], self._held[gpu]
        data: dict[str, Any] = {"version": 1, "pid": os.getpid(), "sweep": self._sweep, "store": self._store.root}
        content = values.dump_json({**data, "experiments": users}) if users else b""
        os.ftruncate(lock.descriptor, 0)
        os.pwrite(lock.descriptor, content, 0)
        if not users:
            del self._held[gpu]
            lock.free()  # a fork of this program may have the file open, too
