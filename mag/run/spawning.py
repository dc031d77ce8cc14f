"""Spawned experiments: each in a fresh interpreter that imports the app, for apps that do not survive a fork.

supervisor ── setup ──> interpreter imports the app ── what became of that ──> supervisor
supervisor ── attempt, config, open log and lock ──> the interpreter is the experiment
"""

import contextlib
import os
import pickle
import select
import signal
import socket
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from mag.code.drift import list_code_files
from mag.disk.locks import Lock
from mag.errors import UsageError
from mag.run.child import Beginning, Groundwork, make_experiment, run_child
from mag.run.interpreters import InterpreterSetup, end_interpreter, load_function, read_setup, start_interpreter
from mag.run.interruption import REQUESTS, Handler, hold_back, name_signal
from mag.run.messages import answer_question, make_pair, receive, receive_bytes, send, send_bytes
from mag.run.processes import HURRY
from mag.run.randomness import RandomStates
from mag.run.shutdown import Shutdown
from mag.run.signatures import read_calling
from mag.run.tasks import Function

_SIGNALS = (*REQUESTS, HURRY)
_TRIES = 2


class Spawning:
    """A supervisor's way to start experiments: in fresh interpreters.

    Attributes:
        random: The random states with which the experiments begin.
        imports: True: an experiment's process imports the app before it begins.
    """

    imports = True

    def __init__(self, setup: bytes, random: RandomStates) -> None:
        self._setup = setup
        self.random = random
        self._ahead: tuple[int, socket.socket] | None = None
        self._last: socket.socket | None = None

    def rehearse(self, runner: socket.socket) -> Any:
        """Start the first interpreter ahead, with its output shown, and return what it tells of the import.

        Where the runner goes meanwhile, so does the interpreter: the import may hang.
        """
        pid, connection = self._ahead = self._launch((), quiet=False)
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        poll.register(runner, select.POLLIN)
        if connection.fileno() not in dict(poll.poll()):
            os.killpg(pid, signal.SIGKILL)
        answer = receive(connection)
        if answer is not None:
            return answer
        return explain_end(end_interpreter(pid))

    def ask(self, question: dict[str, str]) -> Any:
        """Answer a question where the app is imported; None if that process has ended."""
        if self._ahead is None:
            return None
        _, connection = self._ahead
        connection.sendall(b"?")
        send(connection, question)
        return receive(connection)

    def start(self, beginning: Beginning, leave: Callable[[], None]) -> int:  # noqa: ARG002  (nothing is inherited)
        """Start the process of an attempt and return its number.

        Raises:
            OSError: The system has no room for a process.
        """
        variables = tuple(each for each in beginning.variables if not each[0].startswith("MAG_"))
        for tries in range(_TRIES):
            if self._ahead is None or variables:  # which the app's import is to see
                self._ahead = self._launch(variables, quiet=True)
            (pid, connection), self._ahead = self._ahead, None
            try:
                _hand_over(connection, beginning)
            except OSError:  # it was killed meanwhile
                os.kill(pid, signal.SIGKILL)
                end_interpreter(pid)
                if tries == _TRIES - 1:
                    raise
            else:
                break
        self._last = connection  # open as long as the experiment may have something to tell
        return pid

    def _launch(self, variables: tuple[tuple[str, str], ...], *, quiet: bool) -> tuple[int, socket.socket]:
        near, far = make_pair()
        pid = start_interpreter(__name__, far, variables=variables, session=True, quiet=quiet)
        with contextlib.suppress(OSError):  # it is dead already, as whoever hands over to it will see
            send_bytes(near, self._setup)
        return pid, near


def _hand_over(connection: socket.socket, beginning: Beginning) -> None:
    descriptors = [beginning.log, beginning.attempt.lock.descriptor]
    socket.send_fds(connection, [b"+"], descriptors)
    send_bytes(connection, pickle.dumps(tuple(beginning[:-1])))


def _take_over(connection: socket.socket, function: Function) -> Beginning | None:
    """Return what this process has to be; None where the supervisor is gone. Questions are answered meanwhile."""
    while True:
        word, descriptors, _, _ = socket.recv_fds(connection, 1, 2)
        if word != b"?":
            break
        answer_question(connection, function, receive(connection))
    data = receive_bytes(connection) if word else None
    if data is None:
        return None
    log, lock = descriptors
    attempt, task, settings, variables = pickle.loads(data)  # noqa: S301  (from mag's own process)
    attempt.lock = Lock(lock)
    return Beginning(attempt, task, settings, variables, log)


def main(descriptor: int) -> NoReturn:
    """Be an experiment's process, from the import of the app on."""
    connection = socket.socket(fileno=descriptor)
    setup = read_setup(connection)
    if setup is None:
        os._exit(0)
    ground, answer = _import(setup)
    with contextlib.suppress(OSError):
        send(connection, answer)
    hold_back()
    beginning = _take_over(connection, ground.function)
    if beginning is None:  # the supervisor has nothing to run, or is gone
        os._exit(0)
    connection.close()
    os.environ.update(beginning.variables)
    run_child(ground, make_experiment(ground, beginning), beginning)


def _import(setup: InterpreterSetup) -> tuple[Groundwork, Any]:
    """Import the app; return what an experiment needs, and a text if the import failed."""
    before = _read_handlers()
    random = RandomStates(setup.import_seed or 0, setup.own)
    try:
        with random.watch_import():
            function = load_function(setup.load)
        read_calling(function)
        answer: Any = {"kept": random.kept, "files": list_code_files(), "obstacle": None, "seconds": 0.0}
    except BaseException as error:  # noqa: BLE001  (the app may do anything at import)
        function, answer = _defer(error), explain_import(error)
    handlers = {number: each for number, each in _read_handlers().items() if each != before[number] and each}
    return Groundwork(function, Shutdown(), random, handlers), answer


def explain_end(code: int) -> str:
    """Explain that a process ended before it had imported the app."""
    how = f"was ended by {name_signal(-code)}" if code < 0 else "ended (does the app call os._exit at import?)"
    return f"The process that imports the app {how}: nothing was started."


def explain_import(error: BaseException) -> str:
    """Explain that an import failed; the traceback is printed where the app is to blame."""
    if isinstance(error, UsageError):
        return str(error)
    traceback.print_exception(error)
    return f"The app cannot be imported: {error!r}."


def _defer(error: BaseException) -> Function:
    """Return a function that raises this error, so that an experiment fails by its failed import."""

    def fail(config: object) -> NoReturn:  # noqa: ARG001  (what experiments are called with)
        """Raise the error of the import."""
        raise error

    return fail


def _read_handlers() -> dict[int, Handler | None]:
    return {number: signal.getsignal(number) for number in _SIGNALS}
