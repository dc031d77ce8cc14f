"""The child process: runs the user's function once, publishes how it ended, and is gone.

It owns its publication: whatever happens to supervisor and runner, an experiment that returns is recorded.
"""

import contextlib
import faulthandler
import functools
import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, NoReturn

from mag.experiment import Experiment
from mag.record import failures
from mag.record.attempts import Attempt
from mag.record.log import redirect
from mag.run.shutdown import Shutdown
from mag.run.tasks import Conditions, Function, Task

FAILED = 1
INTERRUPTED = 130
_RESET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ)


def run_child(
    function: Function, attempt: Attempt, log: int, task: Task, *, conditions: Conditions, shutdown: Shutdown
) -> NoReturn:
    """Turn this process, which was just forked, into the experiment, and end it.

    Args:
        function: The user's function.
        attempt: The attempt, its directory claimed by the supervisor.
        log: Descriptor of the open log.
        task: What to run.
        conditions: What the task has in common with the others.
        shutdown: What is to be ended with the experiment.
    """
    code = FAILED
    try:
        _settle(attempt, log, conditions)
        os.environ.update(task.environment)
        code = _carry_out(function, attempt, task, conditions, shutdown)
    except BaseException:  # noqa: BLE001  (nothing may reach the supervisor's code below the fork)
        traceback.print_exc()
    finally:
        _flush()
        os._exit(code)


def _settle(attempt: Attempt, log: int, conditions: Conditions) -> None:
    """Give the process a session, descriptors, signals and an environment of its own."""
    os.setsid()
    for number in _RESET:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _make_interrupt(os.getpid()))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    redirect(log)
    faulthandler.enable(file=2)
    attempt.restart_clock()
    os.environ["MAG_EXPERIMENT_DIR"] = attempt.paths.directory
    os.environ["MAG_IDENTIFIER"] = attempt.record.identifier
    os.environ.setdefault("PYTHONHASHSEED", "0")  # for the interpreters that it starts; its own is settled
    if conditions.settings.chdir:
        os.chdir(attempt.paths.directory)
    if numpy_random := sys.modules.get("numpy.random"):  # not `numpy.random`, whose look-up imports it: 10 ms a child
        numpy_random.seed()  # the standard library's generator sees to itself after a fork


def _make_interrupt(pid: int) -> Callable[[int, FrameType | None], None]:
    """Return what SIGTERM does: as Ctrl-C in plain Python, the first time, so that `finally` blocks are run."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        if os.getpid() != pid:  # a fork of the experiment's own, such as a pool's worker
            os.kill(os.getpid(), number)
        raise KeyboardInterrupt

    return interrupt


def _carry_out(function: Function, attempt: Attempt, task: Task, conditions: Conditions, shutdown: Shutdown) -> int:
    experiment = Experiment.adopt(attempt, task.config, conditions.settings)
    try:
        _register(experiment, call_function(function, experiment))
        shutdown.carry_out()
        _flush()
    except BaseException as error:  # noqa: BLE001  (sys.exit and KeyboardInterrupt are outcomes, too)
        code = _exit_code(error)
        traceback.print_exc()
        ending = attempt.measure_ending(code)
        attempt.publish(failures.judge(error), ending=ending, error=experiment.describe_error(error))
        with contextlib.suppress(Exception):
            shutdown.carry_out()
        return code
    attempt.publish("completed", ending=attempt.measure_ending(0))
    return 0


def call_function(function: Function, experiment: Experiment) -> Any:
    """Call the user's function with the config and, where it takes a second argument, the experiment."""
    if takes_experiment(function):
        return function(experiment.config, experiment)
    return function(experiment.config)


@functools.cache  # asked before the fork, and answered in every child
def takes_experiment(function: Function) -> bool:
    """Tell whether a function takes the experiment as a second argument."""
    parameters = inspect.signature(function).parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 1 or any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _register(experiment: Experiment, returned: object) -> None:
    if returned is None:
        return
    results = returned if isinstance(returned, Mapping) else {"result": returned}
    for name, value in results.items():
        experiment.register_result(name, value)


def _exit_code(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else FAILED
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
