"""Orphans: experiments whose supervisor died, of which somebody has to say what became."""

import time

from mag.errors import MagError
from mag.record import files, locks
from mag.record.paths import StorePaths
from mag.record.provenance import tell_time
from mag.record.records import read_record, write_record
from mag.record.recovery import recover_experiment
from mag.run.supervisor import describe_record
from mag.run.tasks import Conditions, Outcome, Task

NOT_BEGUN = "not begun"
"""The cause of an outcome that is no reason not to try again at once: nothing of the experiment was run."""
_KILLED = "its supervisor was killed"
_POLL_SECONDS = 0.02


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
            record = read_record(paths)
            files.remove_temporaries(paths.private)
            not_begun = record.status == "running" and not locks.has_begun(lock)
            if record.status == "running":
                message = f"{_KILLED} before it began" if not_begun else _KILLED
                error = {"type": "killed", "message": message, "where": None}
                record = record.replace(status="killed", error=error, ended=tell_time())
            write_record(paths, record, durable=True)  # the child may have died before its own had reached the disk
        finally:
            lock.release()
    except FileNotFoundError:
        return Outcome(task.index, begun, "failed", message=f"{_KILLED}, and its directory removed")
    except (OSError, MagError) as error:
        return Outcome(task.index, begun, "failed", message=f"{_KILLED}, and {error}")
    outcome = describe_record(task, record)
    return outcome._replace(cause=NOT_BEGUN) if not_begun else outcome
