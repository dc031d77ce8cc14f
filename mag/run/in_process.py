"""Experiments in this process, one after the other, with pdb: for breakpoints and tests.

Records and directories are as always. But nothing stands between an experiment and this process: one that crashes
the interpreter takes it along, and limits and retries do not apply.
"""

import bdb
import os
import pdb  # noqa: T100  (it is what the module is about)
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any

from mag.code.drift import list_code_files
from mag.config.view import make_view
from mag.experiment import Experiment
from mag.record import failures
from mag.record.attempts import Attempt
from mag.record.capture import Capture
from mag.record.failures import find_secret_variables
from mag.record.records import Record, read_record
from mag.run.child import RETURNED, bind, call_function, name_variables, register_returned
from mag.run.randomness import RandomStates, draw_seed, read_own_states
from mag.run.signatures import read_calling
from mag.run.supervisor import Supervisor, describe_record
from mag.run.tasks import Answer, Conditions, Function, Outcome, Question, Task

Examine = Callable[[BaseException], bool]
"""Looks at what ended an experiment, and returns whether to go on with the next one."""

_ENDS = (KeyboardInterrupt, bdb.BdbQuit)
_LEFT = "debugger left"
"""Why an experiment ended; no signal did."""


class InProcessServer:
    """Stands in for the fork server where experiments are run in this process."""

    remark: str | None = None

    def __init__(self, load: Callable[[], Function], examine: Examine) -> None:
        self._load = load
        self._examine = examine
        self._function: Function | None = None
        self._random = RandomStates(draw_seed(), read_own_states())

    @property
    def kept(self) -> Sequence[str]:
        """The libraries whose random states the app's import has changed, and all experiments begin with."""
        return self._random.kept

    @property
    def files(self) -> Sequence[str]:
        """The files of the user's modules that this process has imported."""
        return list_code_files()

    def ask(self, question: Question[Answer], *, keep: bool = False) -> Answer:  # noqa: ARG002 - there is one process
        """Answer a question about the app, which is imported now if it is not yet.

        Raises:
            MagError: It cannot be imported, or the answer is one.
        """
        if self._function is None:
            self.wait_until_ready()
        assert self._function is not None
        return question(self._function)

    def prepare(self) -> None:
        """Do nothing: this process is ready."""

    def expect(self, threads: int | None) -> None:
        """Do nothing: the numerical libraries of this process are left as they are."""

    def start(self, threads: int | None = None, import_seed: int | None = None) -> int | None:  # noqa: ARG002
        """Do nothing yet."""
        return threads

    def wait_until_ready(self) -> None:
        """Import the app.

        Raises:
            UsageError: It cannot be imported, or its function cannot be called.
        """
        if self._function is None:
            with self._random.watch_import():
                self._function = self._load()
            read_calling(self._function)

    def hire(self, conditions: Conditions) -> "InProcessSupervisor":
        """Return what runs the experiments."""
        return InProcessSupervisor(self._function or self._load(), conditions, self._random, self._examine)

    def close(self) -> None:
        """There is nothing to end."""


class InProcessSupervisor(Supervisor):
    """Runs one experiment after the other in this process, until one is interrupted or the debugger is left.

    Attributes:
        begun: Always None: this process cannot outlive itself.
        pid: Its number.
    """

    begun: str | None = None
    _over = None  # nobody can stand in for this process

    def __init__(self, function: Function, conditions: Conditions, random: RandomStates, examine: Examine) -> None:
        self._function = function
        self._conditions = conditions
        self._random = random
        self._examine = examine
        self._variables = find_secret_variables(conditions.settings.secrets)
        self._has_ended = self._is_at_work = False
        self.pid = os.getpid()
        self._thread = threading.get_ident()

    @property
    def _is_over(self) -> bool:
        return self._has_ended

    def stop(self, *, at_once: bool = False) -> None:  # noqa: ARG002  (it is at once)
        """Interrupt what runs, from another thread; where Python takes no signals, only start nothing more."""
        if self._thread == threading.main_thread().ident and not self._has_ended:
            self._has_ended = True
            if self._is_at_work:
                signal.pthread_kill(self._thread, signal.SIGINT)  # a real one, which ends a sleep

    def close(self) -> None:
        """There is nothing to end."""

    def _attend(self, attempt: Attempt, task: Task, previous: Record | None) -> Outcome:  # noqa: ARG002
        view = make_view(task.config, task.late) if task.late else None
        experiment = Experiment.adopt(attempt, task.config, self._conditions.settings, view)
        attempt.note_process(os.getpid())
        self._is_at_work = True
        try:
            error = self._carry_out(experiment, attempt, task)
        finally:
            self._is_at_work = False
        ending = attempt.measure_ending(None)
        if error is None and self._has_ended:  # it has caught what asked it to end
            attempt.publish("interrupted", ending=ending, error=RETURNED)
        elif error is None:
            attempt.publish(attempt.done, ending=ending)
        else:
            is_ended = isinstance(error, _ENDS)
            status = "interrupted" if is_ended else failures.judge(error)
            attempt.publish(status, ending=ending, error=experiment.describe_error(error))
            self._has_ended = is_ended or not self._examine(error) or self._has_ended
        outcome = describe_record(task, read_record(attempt.paths))
        return outcome._replace(cause=_LEFT) if isinstance(error, bdb.BdbQuit) else outcome

    def _carry_out(self, experiment: Experiment, attempt: Attempt, task: Task) -> BaseException | None:
        """Call the function, its output captured; return what it raised."""
        capture = Capture(attempt.paths.log)
        with self._surround(attempt, task), self._random.lend(attempt.random_seed), offer_breakpoints(capture.suspend):
            capture.start()
            try:
                function = bind(self._function, experiment, task, attempt.number)
                register_returned(experiment, call_function(function, experiment))
            except BaseException as error:  # noqa: BLE001  (sys.exit and KeyboardInterrupt are outcomes, too)
                if not isinstance(error, bdb.BdbQuit):  # who leaves the debugger knows where
                    sys.stderr.write(experiment.format_error(error))
                return error
            finally:
                capture.stop()
        return None

    @contextmanager
    def _surround(self, attempt: Attempt, task: Task) -> Iterator[None]:
        """Give the process the variables and the directory of an experiment while the block runs."""
        before, folder = dict(os.environ), os.getcwd()
        os.environ.setdefault("PYTHONHASHSEED", "0")
        os.environ.update((*task.environment, *name_variables(attempt.paths)))
        if self._conditions.settings.chdir:
            os.chdir(attempt.paths.directory)
        try:
            yield
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(before)


_OWN = str(Path(__file__).parent.parent)

Suspend = Callable[[], AbstractContextManager[None]]
"""Gives the terminal back while the block runs."""


class Debugger(pdb.Pdb):
    """pdb that asks on the terminal, wherever the output of the experiment goes.

    Attributes:
        is_left: Whether the user has left it with `q` or Ctrl-D.
    """

    def __init__(self, suspend: Suspend) -> None:
        super().__init__(nosigint=True)  # Ctrl-C interrupts the experiment, after `c` too
        self._suspend = suspend
        self.is_left = False

    def interaction(self, *arguments: Any, **named: Any) -> None:
        """Ask."""
        with self._suspend():
            self.stdout = sys.stdout
            super().interaction(*arguments, **named)

    def do_quit(self, arg: str) -> bool | None:
        """Leave the debugger, and end what it looks at."""
        self.is_left = True
        return super().do_quit(arg)

    do_q = do_exit = do_quit

    def do_EOF(self, arg: str) -> bool | None:  # noqa: N802  (pdb's name of Ctrl-D)
        """Do as `q` does."""
        self.message("")
        return self.do_quit(arg)


@contextmanager
def offer_breakpoints(suspend: Suspend) -> Iterator[None]:
    """Let `breakpoint()` ask on the terminal while the block runs, unless another debugger has taken it over."""
    if sys.breakpointhook is not sys.__breakpointhook__ or "PYTHONBREAKPOINT" in os.environ:
        yield
        return

    def stop_here(*_arguments: object, **_named: object) -> None:
        """Open the debugger where the program called it."""
        Debugger(suspend).set_trace(sys._getframe(1))  # noqa: SLF001  (as pdb.set_trace does)

    sys.breakpointhook = stop_here
    try:
        yield
    finally:
        sys.breakpointhook = sys.__breakpointhook__


def keep_for_debuggers(error: BaseException) -> bool:
    """Keep an exception where `pdb.pm()` and IPython's `%debug` look for the last one; the others are run."""
    trace = strip_traceback(error.__traceback__)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    sys.last_exc = error.with_traceback(trace)  # type: ignore[attr-defined]  # what pdb looks at from Python 3.12 on
    return True


def examine(error: BaseException) -> bool:
    """Let the user look at the frame that failed; return whether to go on with the next experiment."""
    debugger = Debugger(nullcontext)
    debugger.reset()
    debugger.interaction(None, strip_traceback(error.__traceback__))
    return not debugger.is_left


def strip_traceback(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the first frame on that is not mag's own; all of it if there is none."""
    theirs = trace
    while theirs is not None and theirs.tb_frame.f_code.co_filename.startswith(_OWN):
        theirs = theirs.tb_next
    return theirs or trace
