"""Orphans: experiments whose supervisor died, of which somebody has to say what became."""

import os
import time

from mag.errors import MagError
from mag.record import files, locks
from mag.record.clock import tell_time
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record, read_record, write_record
from mag.record.recovery import bring_back, recover_experiment
from mag.run.supervisor import describe_record
from mag.run.tasks import Conditions, Outcome, Task

NOT_BEGUN = "not begun"
"""The cause of an outcome that is no reason not to try again at once: nothing of the experiment was run."""
_KILLED = "its supervisor was killed"
_POLL_SECONDS = 0.02
_NOTHING = Record(identity="", identifier="", status="killed", config={})


def settle_orphan(task: Task, conditions: Conditions, begun: str | None) -> Outcome:
    """Return what became of a task whose supervisor died: its child may live on and publish.

    Waits until nobody holds the experiment's lock. Where nothing was published then, the verdict is written here.

    Args:
        task: The task.
        conditions: Those of its supervisor.
        begun: The directory that the supervisor began to use for it; None if it had not come to that.
    """
    if begun is None:
        recover_experiment(StorePaths(conditions.store).experiment(task.name))
        return Outcome(task.index, task.name, "killed", message=f"{_KILLED} before it began", cause=NOT_BEGUN)
    paths = StorePaths(conditions.store).experiment(begun)
    try:
        while (lock := locks.acquire(paths.lock)) is None:
            time.sleep(_POLL_SECONDS)
        try:
            files.remove_temporaries(paths.private)
            has_begun = locks.has_begun(lock)
            record = _judge(paths, has_begun=has_begun)
        finally:
            lock.release()
    except FileNotFoundError:
        return Outcome(task.index, begun, "failed", message=f"{_KILLED}, and its directory removed")
    except (OSError, MagError) as error:
        return Outcome(task.index, begun, "failed", message=f"{_KILLED}, and {error}")
    if not has_begun:
        return Outcome(task.index, begun, "killed", message=f"{_KILLED} before it began", cause=NOT_BEGUN)
    return describe_record(task, record)


def _judge(paths: ExperimentPaths, *, has_begun: bool) -> Record:
    """Return the record of the attempt; where it says running, what became of that is written first.

    Raises:
        FileNotFoundError: There is none.
    """
    try:
        record = read_record(paths)
    except FileNotFoundError:
        if has_begun or not os.path.isdir(paths.private):
            raise
        return _NOTHING
    if record.status == "running":
        message = _KILLED if has_begun else f"{_KILLED} before it began"
        error = {"type": "killed", "message": message, "where": None}
        record = record.replace(status="killed", error=error, ended=tell_time())
    elif not has_begun:  # the last attempt's, of which something may have been set aside
        bring_back(paths)
        return record
    write_record(paths, record, durable=True)  # the child may have died before its own had reached the disk
    return record
