"""Orphans: experiments whose supervisor died, and whose outcome somebody else has to find out."""

import contextlib
import datetime as dt
import os
import signal
import time
from collections.abc import Callable
from typing import Protocol

from mag.clock import count_seconds, tell_time
from mag.disk import files, locks, values
from mag.errors import MagError
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.provenance import describe_host
from mag.record.records import Record, read_record, write_record
from mag.record.recovery import bring_back, recover_experiment
from mag.record.results import read_results
from mag.run.limits import STOPPED, Guard, Reason
from mag.run.processes import send_signal
from mag.run.supervisor import NEVER_BEGAN, describe_record
from mag.run.tasks import Conditions, Outcome, Task

NOT_BEGUN = "not begun"
"""The cause of an outcome that is no reason not to try again at once: nothing of the experiment was run."""
_KILLED = "its supervisor was killed"
_POLL_SECONDS = 0.02
_NOTHING = Record(identity="", identifier="", status="killed", config={})


class Dead(Protocol):
    """A supervisor that died: its process, and the directory it used; None if it had not begun."""

    pid: int
    begun: str | None


def settle_orphan(
    task: Task, conditions: Conditions, supervisor: Dead, count_stops: Callable[[], int] = lambda: 0
) -> Outcome:
    """Return the outcome of a task whose supervisor died: its child may still be running, and publish.

    Waits until nobody holds the experiment's lock, and ends the child where its supervisor would have. Where nothing
    was published then, the verdict is written here.
    """
    begun = supervisor.begun
    if begun is None:
        recover_experiment(StorePaths(conditions.store).experiment(task.name))
        return Outcome(task.index, task.name, "killed", message=f"{_KILLED} before it began", cause=NOT_BEGUN)
    paths = StorePaths(conditions.store).experiment(begun)
    try:
        lock, reason = _wait_for_end(paths, conditions, supervisor.pid, count_stops)
        try:
            files.remove_temporaries(paths.private)
            if os.path.exists(paths.stop):
                reason = reason or STOPPED
                files.remove_file(paths.stop)
            has_begun = locks.has_begun(lock)
            record = _judge(paths, reason, has_begun=has_begun)
        finally:
            lock.release()
    except FileNotFoundError:
        return Outcome(task.index, begun, "failed", message=f"{_KILLED}, and its directory removed")
    except (OSError, MagError) as error:
        return Outcome(task.index, begun, "failed", message=f"{_KILLED}, and {error}")
    if not has_begun:
        return Outcome(task.index, begun, "killed", message=f"{_KILLED} before it began", cause=NOT_BEGUN)
    return describe_record(task, record)


def _wait_for_end(
    paths: ExperimentPaths, conditions: Conditions, supervisor: int, count_stops: Callable[[], int]
) -> tuple[locks.Lock, Reason | None]:
    """Wait for the lock of an experiment; return it, and why the experiment was ended, if it was.

    Somebody else may have taken it over meanwhile, to whom this command's limits and stops are nothing.
    """
    guard: Guard | None = None
    reason: Reason | None = None
    deadline = 0.0
    while (lock := locks.acquire(paths.lock)) is None:
        if (pid := locks.read_holder(paths.lock)) is not None and (record := _find_own(paths, supervisor)):
            guard = guard or Guard(conditions.limits, paths, pid, pid, _count_elapsed(record))
            limit = None if reason else guard.check()[0]
            if reason is None and (count_stops() or limit):
                guard.announce_end()
                send_signal(pid, signal.SIGTERM)
                reason, deadline = (STOPPED if count_stops() else limit), count_seconds() + conditions.grace
            elif reason is not None and (count_stops() > 1 or count_seconds() >= deadline):
                send_signal(pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    return lock, reason


def _find_own(paths: ExperimentPaths, supervisor: int) -> Record | None:
    """Return the record of an attempt, if it is the one that this supervisor made."""
    with contextlib.suppress(OSError, MagError):
        record = read_record(paths)
        return record if record.host == {**describe_host(), "pid": supervisor} else None
    return None


def _count_elapsed(record: Record) -> float:
    try:
        began = dt.datetime.fromisoformat(record.started or "")
        return max(0.0, (dt.datetime.now(dt.UTC) - began).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _judge(paths: ExperimentPaths, reason: Reason | None, *, has_begun: bool) -> Record:
    """Return the record of the attempt; if it still says running, its end is written first.

    Raises:
        FileNotFoundError: There is none.
    """
    try:
        record = read_record(paths)
    except FileNotFoundError:
        if has_begun or not os.path.isdir(paths.private):
            raise
        return _NOTHING
    if record.status == "running" or (reason and record.status == "interrupted"):
        unbegun = Reason("killed", NEVER_BEGAN, f"{_KILLED} before it began")
        reason = (reason or Reason("killed", "killed", _KILLED)) if has_begun else unbegun
        error = {"type": reason.kind, "message": reason.message, "where": None}
        results = {**record.results, **values.decode(read_results(paths))}
        record = record.replace(status=reason.status, error=error, ended=tell_time(), results=results)
    elif not has_begun:  # the last attempt's, of which something may have been set aside
        bring_back(paths)
        return record
    write_record(paths, record, durable=True)  # the child may have died before its own had reached the disk
    return record
