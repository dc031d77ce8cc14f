"""The supervisor: a clean process that runs one experiment after the other, each in a child of its own.

It claims the directory, forks, waits, and gives the verdict where the child could not publish one itself.
"""

import contextlib
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Protocol

from mag.clock import tell_time
from mag.config.identity import describe_rules, read_visibility
from mag.config.secrets import mask
from mag.disk import files
from mag.errors import ExistsError, MagError
from mag.record import claims
from mag.record.attempts import Attempt, RemovedError, TakenError
from mag.record.claims import Claim, write_config
from mag.record.failures import Redaction, find_secret_variables
from mag.record.log import open_log, read_last_line
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.provenance import describe_host
from mag.record.records import BROKEN, Record, read_record, write_record
from mag.record.recovery import bring_back
from mag.run.child import Beginning, name_variables
from mag.run.interruption import name_signal
from mag.run.limits import LOOK_SECONDS, STOPPED, Guard, OomCounter, Reason
from mag.run.processes import Death, Watch, end_leftovers, end_now, waits_idly
from mag.run.randomness import RandomStates
from mag.run.tasks import LEFT_ALONE, Conditions, Outcome, Task

_MOST_FILES = 5
NEVER_BEGAN = "never began"
"""The type of an error that is none of the experiment's: its process was not there yet."""


class Start(Protocol):
    """How experiments are started: forked from what has imported the app, or spawned."""

    @property
    def random(self) -> RandomStates:
        """The random states with which they begin."""

    @property
    def imports(self) -> bool:
        """Whether their processes import the app before they begin."""

    def start(self, beginning: Beginning, leave: Callable[[], None], /) -> int:
        """Start the process of an attempt and return its number; `leave` lets go of the supervisor's in a fork."""


class Supervisor:
    """Runs one experiment after the other, each in a child process of its own."""

    _over: str | None = LEFT_ALONE

    def __init__(
        self, ground: Start, conditions: Conditions, watch: Watch, leave: Callable[[], None] = lambda: None
    ) -> None:
        self._ground = ground
        self._conditions = conditions
        self._watch = watch
        self._random = ground.random
        self._leave = leave
        self._variables = find_secret_variables(conditions.settings.secrets)

    def run(self, task: Task, tell: Callable[[str], None]) -> Outcome:
        """Run one experiment, once, and return what became of it; never raises for what the experiment did."""
        if self._is_over:
            return Outcome(task.index, task.name, "unstarted", cause=self._over)
        try:
            store, separator = StorePaths(self._conditions.store), self._conditions.settings.separator
            claim = claims.claim_directory(store, task.name, task.identity, separator=separator)
            if claim.previous and (known := _recall(claim.previous, task)):
                claim.lock.release()
                return known
            _announce(claim, tell)
            attempt = self._begin(claim, task)
            try:
                return self._attend(attempt, task, claim.previous)
            finally:
                attempt.close()
        except ExistsError as error:
            return Outcome(task.index, task.name, "elsewhere", message=str(error))
        except (MagError, OSError) as error:
            return Outcome(task.index, task.name, "failed", message=str(error))
        except Exception as error:  # noqa: BLE001  (a fault of mag's own must cost one experiment, too)
            message = f"mag itself failed: {type(error).__name__}: {error}"
            return Outcome(task.index, task.name, "failed", message=message)

    @property
    def _is_over(self) -> bool:
        """Whether it was asked to stop."""
        return self._watch.is_stopped

    def _begin(self, claim: Claim, task: Task) -> Attempt:
        secrets = self._conditions.settings.secrets
        record = Record(
            identity=task.identity,
            identifier=os.path.basename(claim.paths.directory),
            status="running",
            rules=describe_rules(read_visibility(self._conditions.settings)),
            config=mask(task.config, secrets),
            composed=task.composed and mask(task.composed, secrets),
            choices=dict(task.choices),
            overrides=task.overrides,
            host=describe_host(),
            random=self._random.describe(self._conditions.seed, self._conditions.kept),
            started=tell_time(),
            **self._conditions.provenance.having(task.environment).fields(),
        )
        redaction = Redaction.of(task.config, secrets, self._variables)
        attempt = Attempt(claim, record, clean=_begins_empty(claim.previous, task), redaction=redaction)
        if attempt.files:
            _append_note(attempt.paths, describe_files(attempt))
        return attempt

    def _attend(self, attempt: Attempt, task: Task, previous: Record | None) -> Outcome:
        try:
            child = self._start(attempt, task)
        except (MagError, OSError) as error:
            return _take_back(attempt, task, previous, error)
        look = None if self._ground.imports else partial(_look, child, attempt.paths)
        guard = Guard(
            self._conditions.limits, attempt.paths, child, os.getpid(), imports=self._ground.imports, look=look
        )
        death, reason = self._await(child, guard)
        guard.settle()
        if left := end_leftovers(child):
            _append_note(attempt.paths, f"ended {left} process{'es' * (left > 1)} that the experiment left running")
        if os.path.exists(attempt.paths.stop):  # by somebody else, where this process knows of no reason
            reason = reason or STOPPED
            files.remove_file(attempt.paths.stop)
        outcome = _conclude(attempt, task, death, reason, self._watch.oom)
        remarks = [outcome.remark, guard.remark(completed=outcome.status == "completed")]
        remarks += [describe_files(attempt)] if attempt.files else []
        return outcome._replace(remark="; ".join(filter(None, remarks)) or None)

    def _start(self, attempt: Attempt, task: Task) -> int:
        """Start the process of an attempt and return its number."""
        log = open_log(attempt.paths.log)
        try:
            variables = (*task.environment, *name_variables(attempt.paths))
            beginning = Beginning(attempt, task, self._conditions.settings, variables, log)
            return self._ground.start(beginning, self._leave)
        finally:
            os.close(log)

    def _await(self, child: int, guard: Guard) -> tuple[Death, Reason | None]:
        """Wait for the child; if mag itself fails meanwhile, the child is ended, since nobody would watch it."""
        try:
            return self._watch.wait(child, grace=self._conditions.grace, guard=guard)
        except Exception as error:  # noqa: BLE001
            message = f"mag itself failed while it ran: {error}"
            return end_now(child), Reason("failed", type(error).__name__, message)


def _look(child: int, paths: ExperimentPaths) -> None:
    """Warn if a forked experiment seems to wait forever."""
    if waits_idly(child):
        said = (
            f"mag: {paths.name} has done nothing for {LOOK_SECONDS:.0f} s and waits for a lock: if it hangs, a library"
        )
        with contextlib.suppress(OSError):  # this process's standard error is the runner's
            os.write(2, f"{said} did not survive the fork, and --start-method spawn does without.\n".encode())


def _take_back(attempt: Attempt, task: Task, previous: Record | None, error: Exception) -> Outcome:
    """Return the outcome of an attempt whose process could not start; an earlier completed one counts again."""
    message = f"it could not be started: {getattr(error, 'strerror', None) or error}"
    if previous is not None and previous.status == "completed":
        write_config(attempt.paths, previous.config)
        write_record(attempt.paths, previous, durable=True)
        files.remove_file(attempt.paths.log)
        bring_back(attempt.paths)
        return Outcome(task.index, previous.identifier, "failed", message=message, cause="failed")
    attempt.publish("failed", ending={}, error={"type": type(error).__name__, "message": message, "where": None})
    return describe_record(task, read_record(attempt.paths))


def _recall(previous: Record, task: Task) -> Outcome | None:
    """Return the outcome of a task that has run already, earlier or by somebody else meanwhile."""
    was_run = task.attempt is not None and previous.attempt > task.attempt
    if previous.status == "completed" and (was_run or not task.force):
        return Outcome(task.index, previous.identifier, "skipped", results=previous.results)
    if was_run and previous.status == "pruned":
        return describe_record(task, previous)
    if was_run and previous.status in BROKEN and (previous.error or {}).get("type") != NEVER_BEGAN:
        return describe_record(task, previous)._replace(cause=None)  # whoever ran it had retries of its own
    return None


def _begins_empty(previous: Record | None, task: Task) -> bool:
    """Tell whether an attempt starts with an empty directory: the first one if asked for, a retry never."""
    was_retried = previous is not None and task.attempt is not None and previous.attempt > task.attempt
    return (task.force or task.clean) and not was_retried


def describe_files(attempt: Attempt) -> str:
    """Return the files that an attempt goes on with."""
    shown = ", ".join(attempt.files[:_MOST_FILES])
    more = len(attempt.files) - _MOST_FILES
    return f"goes on with the files of attempt {attempt.number - 1}: {shown}{f' and {more} more' if more > 0 else ''}"


def _announce(claim: Claim, tell: Callable[[str], None]) -> None:
    """Tell the runner before anything is written: if it is gone, the attempt does not begin."""
    try:
        tell(os.path.basename(claim.paths.directory))
    except BaseException:
        claim.lock.release()
        raise


def _conclude(attempt: Attempt, task: Task, death: Death, ended: Reason | None, oom: OomCounter) -> Outcome:
    """Return the outcome; where the child published none, or was `ended` by mag, publish the verdict."""
    try:
        attempt.find_home()
        record = read_record(attempt.paths)
    except (FileNotFoundError, RemovedError) as gone:
        message = str(gone) if isinstance(gone, TakenError) else "its directory was removed while it ran"
        return Outcome(task.index, os.path.basename(attempt.paths.directory), "failed", message=message)
    if record.status == "running" or (ended and record.status == "interrupted"):
        reason = ended or _explain(death, attempt.paths, oom=oom)
        files.remove_temporaries(attempt.paths.private)  # it may have died while it wrote
        attempt.commit = record.commit
        error = {"type": reason.kind, "message": reason.message, "where": None}
        attempt.publish(reason.status, ending=death._asdict(), error=error)
        record = read_record(attempt.paths)
    elif record.status == "completed" and death.code != 0:
        write_record(attempt.paths, record, durable=True)  # it may have died before that had reached the disk
    return describe_record(task, record)


def describe_record(task: Task, record: Record) -> Outcome:
    """Return the outcome of a task whose experiment has that record."""
    message = None if record.error is None else summarize_error(record.error)
    kind = record.error and record.error.get("type")
    cause = "oom" if kind in {"memory", "out of memory"} else "stop-if" if kind == "stop-if" else record.status
    remark = f"left out of the results, since it cannot be stored: {', '.join(record.left_out)}"
    return Outcome(
        task.index,
        record.identifier,
        record.status,
        record.seconds,
        message,
        record.results,
        cause,
        remark if record.left_out else None,
    )


def _explain(death: Death, paths: ExperimentPaths, *, oom: OomCounter) -> Reason:
    """Explain the end of a process that published nothing."""
    if death.signal is not None:
        name = name_signal(death.signal)
        if death.signal == signal.SIGKILL and oom.has_grown():
            return Reason("killed", "out of memory", "the kernel ended its process, since memory ran out")
        return Reason("killed", name, f"its process was ended by {name} ({signal.strsignal(death.signal)})")
    last = read_last_line(paths.log)
    said = f"its process exited with code {death.code} before the experiment was over" + (f": {last}" if last else "")
    return Reason("failed", f"exit {death.code}", said)


def summarize_error(error: dict[str, object]) -> str:
    """Return an error of a record as one line, such as `ValueError: bad gamma`."""
    lines = str(error.get("message") or "").strip().splitlines()
    return f"{error.get('type')}: {lines[0]}" if lines else str(error.get("type"))


def _append_note(paths: ExperimentPaths, note: str) -> None:
    with contextlib.suppress(OSError):  # the log is full or gone: no reason to lose the verdict
        descriptor = open_log(paths.log)
        try:
            os.write(descriptor, f"mag: {note}\n".encode())
        finally:
            os.close(descriptor)
