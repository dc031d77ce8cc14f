"""The sweeps of a store: what each was asked to do, its plan, its progress, and how others steer it."""

import contextlib
import dataclasses
import datetime as dt
import itertools
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from mag.clock import tell_time
from mag.disk import files, locks, values
from mag.errors import NotFoundError, RecordError
from mag.record.paths import StorePaths
from mag.record.progress import Progress, read_progress
from mag.record.provenance import Provenance
from mag.record.standing import find_statuses

_CONTROL_KINDS = {"jobs": (int, type(None)), "paused": (bool,), "stops": (int,)}


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
        return Control(**files.pick_fields(files.read_json(path), _CONTROL_KINDS, path))
    except (OSError, RecordError):
        return Control()


def write_control(store: StorePaths, sweep: str, control: Control) -> None:
    """Ask the runner of a sweep to do something.

    Raises:
        RecordError: The file cannot be written.
    """
    locks.write_shared_file(store.control(sweep), values.dump_json({"version": 1, **dataclasses.asdict(control)}))


def hold_sweep(store: StorePaths, sweep: str) -> locks.Lock | None:
    """Show that the runner of a sweep lives while the lock is held.

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


def forget_unsubmitted(store: StorePaths, sweep: str) -> None:
    """Forget a sweep of which an engine has taken nothing."""
    batches = store.batches(sweep)
    if (batches / "handles.json").exists():
        return
    shutil.rmtree(batches, ignore_errors=True)
    for path in (str(store.manifest(sweep)), store.progress(sweep)):
        files.remove_file(path)


def release_sweep(store: StorePaths, sweep: str, lock: locks.Lock) -> None:
    """Show that the runner of a sweep has ended."""
    for path in (store.control(sweep), store.sweep_lock(sweep)):
        with contextlib.suppress(OSError):
            os.unlink(path)
    lock.release()


def list_dead(store: StorePaths) -> list[str]:
    """Return the sweeps whose runner was killed, or ended by a power cut."""
    try:
        names = os.listdir(store.manifests)
    except OSError:
        return []
    sweeps = (name.removesuffix(".lock") for name in names if name.endswith(".lock"))
    return [sweep for sweep in sweeps if not is_running(store, sweep)]


def bury(store: StorePaths, sweep: str) -> None:
    """Take a sweep off the list of dead ones, unless its runner lives or this user cannot write there."""
    with contextlib.suppress(OSError, RecordError):
        lock = hold_sweep(store, sweep)
        if lock is not None:
            release_sweep(store, sweep, lock)


_SHORTEST = 4
_PATIENCE_SECONDS = 2.0
_LOOK_SECONDS = 0.05
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("started", "app"), (str, type(None))),
    **dict.fromkeys(("command", "overrides", "plan"), (list,)),
    "commit": (dict,),
}


@dataclasses.dataclass(frozen=True, slots=True)
class StoredSweep:
    """A sweep as it is remembered.

    Attributes:
        id: Its id.
        manifest: What it was asked to do, and its plan.
        progress: How far it is, or was when its runner ended; where that was killed, how far its experiments are; None
            where there is no telling.
        running: Whether its runner lives.
        problem: Why its manifest cannot be read, which is empty then.
        submitted: Whether an engine has batches of it of which nobody has heard that they are over; None if none ever
            had any.
    """

    id: str
    manifest: dict[str, Any]
    progress: Progress | None
    running: bool
    problem: str | None = None
    submitted: bool | None = None

    @property
    def is_going(self) -> bool:
        """Whether there is more to come, from its runner or from an engine."""
        return self.running or self.state == "submitted"

    @property
    def state(self) -> str:
        """How it stands: running, paused, submitted, ended, corrupt, or lost, where its runner died before the end."""
        if self.running:
            return "paused" if self.progress and self.progress.paused else "running"
        if self.problem:
            return "corrupt"
        if self.progress and (self.progress.over or (self.submitted and self.progress.ended >= self.progress.total)):
            return "ended"
        return {None: "lost", True: "submitted", False: "ended"}[self.submitted]


def list_ids(store: StorePaths) -> list[str]:
    """Return the ids of a store's sweeps, the newest first.

    Raises:
        RecordError: They cannot be listed.
    """
    try:
        names = os.listdir(store.manifests)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RecordError(f"Cannot list {store.manifests}: {error.strerror}.") from error
    ids = (name.removesuffix(".json") for name in names if name.endswith(".json"))
    return sorted((name for name in ids if "." not in name), reverse=True)


def read_sweep(store: StorePaths, sweep: str) -> StoredSweep:
    """Return a sweep; one whose manifest cannot be read may still be watched and steered.

    Raises:
        NotFoundError: There is none of that id.
    """
    running = is_running(store, sweep)  # before its progress is read: it may end in between
    path, manifest, problem = str(store.manifest(sweep)), dict[str, Any](), None
    try:
        manifest = files.pick_fields(files.read_json(path), _KINDS, path)
    except FileNotFoundError:
        raise NotFoundError(f"No sweep {sweep!r} in {store.root}: `mag status` lists them.") from None
    except RecordError as error:
        problem = str(error)
    found = StoredSweep(sweep, manifest, read_progress(store, sweep), running, problem, _is_submitted(store, sweep))
    is_told = found.running or found.problem or (found.progress is not None and found.progress.over)
    return found if is_told else _take_stock(store, found)


def _is_submitted(store: StorePaths, sweep: str) -> bool | None:
    try:
        known = files.read_json(str(store.batches(sweep) / "handles.json"))
        return len(known["handles"]) > len(known["over"])
    except (OSError, RecordError, KeyError, TypeError):
        return None


def _take_stock(store: StorePaths, sweep: StoredSweep) -> StoredSweep:
    """Return a sweep whose runner was killed with what its experiments say of themselves: they went on without it."""
    plan = [entry for entry in sweep.manifest.get("plan", []) if isinstance(entry, dict)]
    if not plan:
        return sweep
    stands = find_statuses(store, plan)
    counts = Counter(status for _, status in stands)
    running = tuple(name for name, status in stands if status == "running")
    del counts["running"]
    progress = sweep.progress or Progress(total=len(plan), started=str(sweep.manifest.get("started", "")))
    return dataclasses.replace(sweep, progress=dataclasses.replace(progress, counts=dict(counts), running=running))


def find_sweep(store: StorePaths, reference: str | None) -> StoredSweep:
    """Return the sweep that is meant.

    Raises:
        NotFoundError: There is none, or it is not clear which.
        RecordError: They cannot be listed.
    """
    ids = list_ids(store)
    if reference is not None:
        is_telling = len(reference) >= _SHORTEST
        found = [each for each in ids if is_telling and (each.startswith(reference) or each.endswith(reference))]
        if len(found) > 1:
            raise NotFoundError(f"{reference!r} could be any of {', '.join(found[:5])}: type more of the id.")
    else:
        running = [each for each in ids if is_running(store, each) or _is_submitted(store, each)]
        if len(running) > 1:
            running = [each for each in running if read_sweep(store, each).is_going]
        if len(running) > 1:
            raise NotFoundError(f"Several sweeps are running ({', '.join(running[:5])}): name one by its id.")
        found = running or ids[:1]
    if not found:
        what = f"No sweep {reference!r}" if reference else "There is no sweep"
        raise NotFoundError(f"{what} in {store.root}: `mag status` lists those that there are.")
    return read_sweep(store, found[0])


def ask(store: StorePaths, sweep: StoredSweep, **changes: Any) -> StoredSweep:
    """Ask the runner of a sweep to do something else from now on; return the sweep when it does.

    Raises:
        RecordError: It does not run, is being stopped, or cannot be asked.
    """
    if not sweep.is_going:
        raise RecordError(f"The sweep {sweep.id} is not running ({sweep.state}), so it cannot be changed.")
    control = read_control(store, sweep.id)
    wanted = dataclasses.replace(control, **changes)
    if control.stops and "stops" not in changes:
        raise RecordError(
            f"The sweep {sweep.id} is being stopped and starts nothing more: type its command again when it has ended."
        )
    write_control(store, sweep.id, wanted)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while sweep.running and time.monotonic() < deadline and not _is_heeded(wanted, sweep.progress):
        time.sleep(_LOOK_SECONDS)
        sweep = read_sweep(store, sweep.id)
    return sweep


def _is_heeded(wanted: Control, progress: Progress | None) -> bool:
    if progress is None:
        return False
    jobs = progress.jobs if wanted.jobs is None else min(wanted.jobs, progress.room)
    return bool(wanted.stops) or (progress.paused, progress.jobs) == (wanted.paused, jobs)


def choose_id() -> str:
    """Return an id for a new sweep: when it began, and something that no other sweep of that second has."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{os.urandom(3).hex()}"


def write_manifest(
    store: StorePaths, provenance: Provenance, overrides: Sequence[str], plan: Iterable[dict[str, Any]]
) -> None:
    """Write the manifest of the sweep that `provenance` names; it is on disk when this returns.

    Raises:
        RecordError: The experiments directory cannot be written.
    """
    if provenance.sweep is None:
        return
    path = store.manifest(provenance.sweep)
    data = {"version": 1, "id": provenance.sweep, "started": tell_time(), "overrides": list(overrides)}
    data |= {key: value for key, value in provenance.fields().items() if key != "sweep"}
    head = values.dump_json(data).removesuffix(b"\n}\n") + b',\n  "plan": ['
    lines = values.dump_lines(plan, indent=4)
    locks.write_shared_file(str(path), itertools.chain((head,), lines, (b"\n  ]\n}\n",)), durable=True)
