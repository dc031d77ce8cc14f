"""The fork server: a process that imports the user's app once, and forks supervisors that have it ready.

    runner (its slots) ── control socket ──> fork server ── fork ──> supervisor ── fork ──> experiment

It is forked from the runner while that has one thread, and before it has made its plan: whatever the runner holds by
then, each experiment has in its memory, and pays for. It does nothing but import, and ends when the runner does.
Supervisors speak with the runner over sockets of their own, one task at a time.
"""

import contextlib
import functools
import os
import signal
import socket
import threading
import time
import weakref
from collections.abc import Callable, Sequence

from mag.errors import LaunchError, UsageError
from mag.record.log import flush_streams
from mag.run.messages import make_pair, receive, send
from mag.run.processes import HURRY
from mag.run.questions import ask_question
from mag.run.randomness import draw_seed, read_own_states
from mag.run.serving import PREPARE, serve
from mag.run.supervisor import name_signal
from mag.run.tasks import Answer, Conditions, Function, Outcome, Question, Task

_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.001


class ForkServer:
    """The runner's side of the fork server; making one forks it, starting it loads the user's app.

    Attributes:
        kept: The libraries whose random states the app's import has changed, and all experiments begin with.
        files: The files of the user's modules that were imported.
    """

    kept: Sequence[str] = ()
    files: Sequence[str] = ()

    def __init__(self, load: Callable[[], Function]) -> None:
        self._control, far = make_pair()  # not one that forks close: the fork server is one
        self._turn = threading.Lock()
        self._started = self._ready = False
        self._answerer: socket.socket | None = None
        self._threads: int | None = None
        has_threads = threading.active_count() > 1
        own = read_own_states()
        flush_streams()
        try:
            self._pid = os.fork()
        except OSError as error:
            raise LaunchError(f"No process can be started: {error.strerror}.") from error
        if self._pid == 0:
            self._control.close()
            serve(far, load, own, has_threads=has_threads)
        far.close()
        _private.add(self._control)
        _close_in_forks()  # all forks of the fork server would have to do that, too, if it had been said before

    def prepare(self) -> None:
        """Have it load what every experiment needs, while the caller goes on: there will be something to run."""
        if not self._started:
            self._order(PREPARE)

    def expect(self, threads: int | None) -> None:
        """Say how many threads numerical libraries may use, should the app have to be imported for the plan."""
        self._threads = threads

    def start(self, threads: int | None = None, import_seed: int | None = None) -> int | None:
        """Have it import the app, while the caller goes on; return how many threads numerical libraries may use."""
        if not self._started:
            self._started, self._threads = True, threads
            self._order(threads, draw_seed() if import_seed is None else import_seed)
        return self._threads

    def _order(self, *order: object) -> None:
        with contextlib.suppress(OSError):  # it is dead already, as whoever waits for it will see
            send(self._control, list(order))

    def wait_until_ready(self) -> None:
        """Return when the app has been imported.

        Raises:
            UsageError: It could not be.
        """
        if self._ready:
            return
        answer = receive(self._control)
        if answer is None:
            raise LaunchError(self._explain_end())
        if isinstance(answer, str):
            raise UsageError(answer)
        self.kept, self.files = answer
        self._ready = True

    def _explain_end(self) -> str:
        """Return what to say of a fork server that ended before it had imported the app."""
        try:
            code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            self._pid = 0
        except ChildProcessError:
            code = 0
        how = f"was ended by {name_signal(-code)}" if code < 0 else "ended (does the app call os._exit at import?)"
        return f"The process that imports the app {how}: nothing was started."

    def ask(self, question: Question[Answer], *, keep: bool = False) -> Answer:
        """Have a question answered where the app is imported, which it is now if it is not yet.

        A fork of the fork server answers, the same each time; with `keep` it does so itself, and all experiments have
        what it has learnt.

        Raises:
            MagError: The app cannot be imported, or the answer is one.
        """
        self.start(self._threads)
        self.wait_until_ready()
        connection = self._answerer
        if keep or connection is None:
            connection, _ = self._connect(b"?" if keep else b"+")
        if not keep:
            self._answerer = connection
        told = ask_question(connection, question)
        if keep:
            connection.close()
        if told is None:
            raise LaunchError("The process that had imported the app ended while it was asked: nothing was started.")
        answer, error = told
        if error is not None:
            raise error
        return answer

    def hire(self, conditions: Conditions) -> "SupervisorHandle":
        """Return a new supervisor that works under these conditions.

        Raises:
            LaunchError: The fork server is gone.
        """
        near, number = self._connect(b"+")
        with contextlib.suppress(OSError):  # it is dead already, as whoever gives it a task will see
            send(near, conditions.to_plain())
        return SupervisorHandle(near, number)

    def _connect(self, wish: bytes) -> tuple[socket.socket, int]:
        """Return a connection to a new fork of the fork server, or to itself, and its process number."""
        with self._turn:  # in which the pair is made, too: one end more is open at a time, not one for each who waits
            try:
                near, far = _make_private_pair()
            except OSError as error:
                raise LaunchError(f"No connection can be made: {error.strerror}.") from error
            with far:
                try:
                    socket.send_fds(self._control, [wish], [far.fileno()])
                    answer = receive(self._control)
                except OSError:
                    answer = None
        if not isinstance(answer, int):
            near.close()
            gone = "The process that starts experiments is gone: the same command again does what is left."
            raise LaunchError(answer if isinstance(answer, str) else gone)
        return near, answer

    def close(self) -> None:
        """Let the fork server end, and wait for it, though not for long: it ends after the last experiment.

        At once where there was nothing to start it for.
        """
        self._control.close()
        if self._answerer is not None:
            self._answerer.close()
        pid, self._pid = self._pid, 0
        if not pid:
            return
        if not self._ready:  # nothing runs yet; the app's import may hang
            os.kill(pid, signal.SIGKILL)  # nobody has waited for it: the number is its own
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with contextlib.suppress(ChildProcessError):
            while not os.waitpid(pid, os.WNOHANG)[0] and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)


class SupervisorHandle:
    """The runner's side of a supervisor.

    Attributes:
        begun: Name of the directory that it began to use for its task; None before.
    """

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self._connection = connection
        self.pid = pid
        self.begun: str | None = None

    def run(self, task: Task, started: Callable[[str], None]) -> Outcome | None:
        """Run a task and return its outcome, or None if the supervisor died over it."""
        self.begun = None
        try:
            send(self._connection, task.to_plain())
            while isinstance(answer := receive(self._connection), str):
                self.begun = answer
                started(answer)
        except OSError:
            return None
        return None if answer is None else Outcome(**answer)

    def stop(self, *, at_once: bool = False) -> None:
        """Ask it to stop what it runs: with a grace period, or at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, HURRY if at_once else signal.SIGTERM)

    def close(self) -> None:
        """Let it end."""
        self._connection.close()


_private: weakref.WeakSet[socket.socket] = weakref.WeakSet()
"""What no fork of the runner may hold open, such as workers of a pool: when it is gone, the other end has to see it."""


def _make_private_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets, which forks of this process close."""
    pair = make_pair()
    _private.update(pair)
    return pair


@functools.cache
def _close_in_forks() -> None:
    os.register_at_fork(after_in_child=_close_private)


def _close_private() -> None:
    for connection in list(_private):
        connection.close()
