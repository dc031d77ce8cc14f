"""Verdicts on tasks whose batch is over and told nothing of them: the record says what became of each."""

import contextlib

from mag.clock import tell_time
from mag.disk import locks, values
from mag.errors import MagError
from mag.launch.engine import Standing
from mag.record.paths import StorePaths
from mag.record.records import Record, read_record, write_record
from mag.record.results import read_results
from mag.run.supervisor import describe_record
from mag.run.tasks import Outcome, Task

_STATUS = {"timeout": "timeout", "oom": "killed", "node failure": "killed", "preempted": "interrupted"}
"""The status of an experiment that its engine ended for that cause; for any other it was killed."""


def settle(store: StorePaths, task: Task, standing: Standing, told: Outcome | None) -> Outcome | None:
    """Return what became of a task; None where it never started.

    A record that still says running is given its verdict, and one that was interrupted the engine's reason for that.
    """
    paths = store.experiment(told.name if told else task.name)
    lock = None
    with contextlib.suppress(OSError, MagError):
        lock = locks.acquire(paths.lock)
    if lock is None:  # nothing of it is there, or it runs elsewhere by now
        return told if told is not None and told.status != "unstarted" else None
    try:
        record = read_record(paths)
        if record.identity != task.identity or (record.attempt <= (task.attempt or 0) and task.attempt is not None):
            return None
        if record.status == "running" or (record.status == "interrupted" and standing.cause in _STATUS):
            record = _give_verdict(record, standing, values.decode(read_results(paths)))
            write_record(paths, record, durable=True)
        return describe_record(task, record)
    except (OSError, MagError):
        return None
    finally:
        lock.release()


def _give_verdict(record: Record, standing: Standing, results: dict[str, object]) -> Record:
    cause = standing.cause or "lost"
    message = standing.said or "its batch ended, and nobody recorded why"
    error = {"type": cause, "message": message, "where": None}
    status = _STATUS.get(cause, "killed")
    ended = record.ended or tell_time()
    return record.replace(status=status, error=error, ended=ended, results={**record.results, **results})
