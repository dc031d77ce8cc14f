"""The child process: runs the user's function once, publishes how it ended, and is gone.

It owns its publication: whatever happens to supervisor and runner, an experiment that returns is recorded.
"""

import contextlib
import dataclasses
import errno
import gc
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, NoReturn

from mag.app.hydra import HydraFunction, Job
from mag.config.view import make_view
from mag.errors import RecordError
from mag.experiment import Experiment
from mag.record import failures
from mag.record.attempts import Attempt
from mag.record.log import Streams, flush_streams, open_streams, redirect
from mag.record.paths import ExperimentPaths
from mag.record.records import Status
from mag.run.configs import ViewCache, provide
from mag.run.interruption import (
    Handler,
    hold_back,
    hold_back_from_forks,
    let_requests_through,
    prepare_surroundings,
    restore,
    was_interrupted,
)
from mag.run.randomness import RandomStates
from mag.run.shutdown import Shutdown
from mag.run.signatures import read_calling
from mag.run.tasks import Function, Task
from mag.settings import Settings

FAILED = 1
INTERRUPTED = 130
RETURNED = {"type": "stopped", "message": "it was asked to stop, and returned", "where": None}
"""The error of an experiment that caught what asked it to end."""
Variables = tuple[tuple[str, str], ...]
"""Variables of the environment, each with its value."""


@dataclasses.dataclass(frozen=True, slots=True)
class Groundwork:
    """What is made once before the first fork, since every page that a child writes to costs it time.

    Attributes:
        function: The user's function.
        shutdown: What is to be ended with an experiment.
        random: The random states with which they begin.
        handlers: What the app does itself at signals that ask to stop.
        streams: Standard output and standard error of the children.
        views: Makes their configs.
        imports: False: the app is imported already.
    """

    function: Function
    shutdown: Shutdown
    random: RandomStates
    handlers: Mapping[int, Handler] = dataclasses.field(default_factory=dict)
    streams: Streams = dataclasses.field(default_factory=open_streams)
    views: ViewCache = dataclasses.field(default_factory=ViewCache)
    imports: ClassVar[bool] = False

    def start(self, beginning: "Beginning", leave: Callable[[], None]) -> int:
        """Fork the process of an attempt and return its number.

        Raises:
            OSError: The system has no room for a process.
        """
        return fork_child(self, beginning, leave)


class Beginning(NamedTuple):
    """What an experiment's process is started with.

    Attributes:
        attempt: The attempt, its directory claimed by the supervisor.
        task: The experiment.
        settings: The project's.
        variables: What is added to its environment.
        log: Descriptor of the open log.
    """

    attempt: Attempt
    task: Task
    settings: Settings
    variables: Variables
    log: int


def fork_child(ground: Groundwork, beginning: Beginning, leave: Callable[[], None]) -> int:
    """Fork the process of an attempt and return its number.

    What asks to stop is held back until the child can be stopped: nothing that is sent to it in between is lost.

    Raises:
        OSError: The system has no room for a process.
    """
    experiment = make_experiment(ground, beginning)  # before the fork: the child would pay for each page it writes to
    os.environ.update(beginning.variables)  # what an app has registered to be done at a fork sees them, too
    before = hold_back()
    try:
        pid = os.fork()
        if pid == 0:
            leave()
            run_child(ground, experiment, beginning)
    finally:
        restore(before)
    return pid


def run_child(ground: Groundwork, experiment: Experiment, beginning: Beginning) -> NoReturn:
    """Turn this process, which was just forked or spawned, into the experiment, and end it."""
    gc.freeze()  # the collector has nothing to look for in what was made before the fork, and would write to all of it
    ground.shutdown.mark()
    attempt, code = beginning.attempt, FAILED
    try:
        attempt.note_process(os.getpid())  # from here on it has begun
        _settle(beginning, ground)
        function = bind(ground.function, experiment, beginning.task, attempt.number)
        code = _carry_out(function, experiment, attempt, ground.shutdown)
    except BaseException as error:  # noqa: BLE001  (nothing may reach the supervisor's code below the fork)
        _print_traceback(error, attempt)
    finally:
        flush_streams()
        os._exit(code)


def name_variables(paths: ExperimentPaths) -> Variables:
    """Return the environment variables that tell an experiment and its child processes where its files go."""
    return ("MAG_EXPERIMENT_DIR", paths.directory), ("MAG_IDENTIFIER", paths.name)


def _settle(beginning: Beginning, ground: Groundwork) -> None:
    """Give the process a session, handlers, an output and random numbers of its own."""
    if os.getsid(0) != os.getpid():  # a fresh interpreter has one already
        os.setsid()
    prepare_surroundings(ground.handlers)
    hold_back_from_forks()
    redirect(beginning.log, ground.streams)
    if beginning.settings.chdir:
        os.chdir(beginning.attempt.paths.directory)
    ground.random.begin(beginning.attempt.random_seed)


def _carry_out(function: Function, experiment: Experiment, attempt: Attempt, shutdown: Shutdown) -> int:
    try:
        let_requests_through()
        returned = call_function(function, experiment)
        if attempt.is_own:  # what a fork of the experiment returns is nobody's
            register_returned(experiment, returned)
        shutdown.carry_out()
        _flush_log(attempt)
    except BaseException as error:  # noqa: BLE001  (sys.exit and KeyboardInterrupt are outcomes, too)
        code = _exit_code(error)
        _print_traceback(error, attempt)
        status = "interrupted" if _is_ended(attempt) else failures.judge(error)
        _publish(attempt, status, code, experiment.describe_error(error))
        with contextlib.suppress(Exception):
            shutdown.carry_out()
        return code
    if _is_ended(attempt):
        _publish(attempt, "interrupted", INTERRUPTED, RETURNED)
        return INTERRUPTED
    _publish(attempt, attempt.done, 0)
    return 0


def _is_ended(attempt: Attempt) -> bool:
    """Tell whether the experiment was asked to end, and may have left its work unfinished."""
    return was_interrupted() or os.access(attempt.paths.stop, os.F_OK)


def _publish(attempt: Attempt, status: Status, code: int, error: Mapping[str, Any] | None = None) -> None:
    """Record how the experiment ended; a fork of its process that comes here, too, decides nothing."""
    if attempt.is_own:
        attempt.publish(status, ending=attempt.measure_ending(code), error=error)


def make_experiment(ground: Groundwork, beginning: Beginning) -> Experiment:
    """Return what the function is given."""
    view, task = None, beginning.task
    with contextlib.suppress(Exception):  # the child meets it again, and has a log to tell it in
        view = make_view(task.config, task.late) if task.late else ground.views.view(task.config)
    return Experiment.adopt(beginning.attempt, task.config, beginning.settings, view)


def bind(function: Function, experiment: Experiment, task: Task, attempt: int) -> Function:
    """Return the user's function with everything bound that it may ask for."""
    if isinstance(function, HydraFunction):
        provide(experiment, task, attempt)
        overrides = task.overrides
        return function.bind(Job(str(experiment.directory), task.index, overrides, task.composed or task.config))
    if task.late:
        provide(experiment, task, attempt, function)
    return function


def call_function(function: Function, experiment: Experiment) -> Any:
    """Call the user's function with the config and, where it takes it, the experiment."""
    calling = read_calling(function)
    if calling == "second":
        return function(experiment.config, experiment)
    if calling == "named":
        return function(experiment.config, experiment=experiment)
    return function(experiment.config)


def register_returned(experiment: Experiment, returned: object) -> None:
    """Register what the function returned: a mapping as results by name, anything else but None as `result`."""
    if returned is None:
        return
    results = returned if isinstance(returned, Mapping) else {"result": returned}
    for name, value in results.items():
        experiment.register_returned(name, value)


def _print_traceback(error: BaseException, attempt: Attempt) -> None:
    text = failures.format_traceback(error, attempt.redaction)
    try:
        sys.stderr.write(text)
    except Exception:  # noqa: BLE001  (the experiment may have put anything there, or closed it)
        with contextlib.suppress(OSError):  # where the log is full, the record still tells of the error
            os.write(2, text.encode("utf-8", "backslashreplace"))


def _exit_code(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else FAILED
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED


def _flush_log(attempt: Attempt) -> None:
    """Flush what was printed to the log; if a full disk loses some of it, the experiment fails."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (ValueError, AttributeError):  # closed, or replaced by something else
            continue
        except OSError as error:
            if error.errno != errno.EBADF:  # closed below Python
                raise RecordError(f"Cannot write {attempt.paths.log}: {error.strerror}.") from error
