"""The fork server: a process that imports the user's app once, and forks supervisors that have it ready.

    runner (its slots) ── control socket ──> fork server ── fork ──> supervisor ── fork ──> experiment

It is forked from the runner while that has one thread, and before it has made its plan: whatever the runner holds by
then, each experiment has in its memory, and pays for. It does nothing but import, and ends when the runner does.
Supervisors speak with the runner over sockets of their own, one task at a time.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from mag.errors import LaunchError, UsageError
from mag.record.log import flush_streams
from mag.run.interpreters import InterpreterSetup, Load, end_interpreter, pack_load, start_interpreter
from mag.run.messages import ask_question, keep_private, make_pair, make_private_pair, receive, send, send_bytes
from mag.run.randomness import draw_seed, read_own_states
from mag.run.serving import PREPARE, REHEARSE, serve
from mag.run.spawning import explain_end
from mag.run.supervisor_handle import SupervisorHandle
from mag.run.tasks import Answer, Conditions, Question
from mag.run.threads import find_obstacle

_DEFAULT: Any = "spawn" if sys.platform == "darwin" else None
"""macOS has system libraries that no fork survives."""
_GONE = "The process that starts experiments is gone: the same command again does what is left."
_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.001


class ForkServer:
    """The runner's side of the fork server; making one forks it, starting it loads the user's app.

    It is a fresh process where this one has threads, or CUDA, which its forks would not survive.

    Args:
        load: Imports the app and returns the user's function; called in other processes.
        portable: The same, as a fresh interpreter can be given it.
        start_method: How experiments are started; None for by fork unless the app's import has made that unsafe.

    Attributes:
        kept: The libraries whose random states the app's import has changed, and all experiments begin with.
        files: The files of the user's modules that were imported.
        remark: What there is to say about how experiments are started, of an app that `{app}` names; None if nothing.
    """

    kept: Sequence[str] = ()
    files: Sequence[str] = ()
    remark: str | None = None

    def __init__(self, load: Load, portable: Load | None = None, start_method: str | None = None) -> None:
        self._load = portable or load
        self._method = start_method or _DEFAULT
        self._turn = threading.Lock()
        self._ready = False
        self._ahead: SupervisorHandle | None = None
        self._answerer: socket.socket | None = None
        self._threads: int | None = None
        self._import_seed: int | None = None
        self._own = read_own_states()
        obstacle = None if self._method == "fork" else find_obstacle()
        if obstacle is None:
            self._fork(load)
        else:
            self._begin_afresh(self._pack(obstacle))

    def _pack(self, obstacle: str) -> bytes:
        """Return the setup for a fresh interpreter, which this process is to start in the place of a fork.

        Raises:
            UsageError: It cannot be given the function.
        """
        try:
            return pack_load(self._load)
        except UsageError as error:
            raise UsageError(f"This program {obstacle}, so its forks may hang. {error}") from error.__cause__

    def _fork(self, load: Load) -> None:
        self._control, far = make_pair()  # not one that forks close: the fork server is one
        has_threads = threading.active_count() > 1
        flush_streams()
        try:
            self._pid = os.fork()
        except OSError as error:
            raise LaunchError(f"No process can be started: {error.strerror}.") from error
        if self._pid == 0:
            self._control.close()
            serve(far, load, self._own, has_threads=has_threads)
        far.close()
        keep_private(self._control)

    def _begin_afresh(self, load: bytes) -> None:
        """Start the fork server as a fresh interpreter."""
        self._control, far = make_pair()
        flush_streams()
        try:
            self._pid = start_interpreter(serve.__module__, far)
        except OSError as error:
            raise LaunchError(f"No process can be started: {error.strerror}.") from error
        with contextlib.suppress(OSError):  # it is dead already, as whoever waits for it will see
            send_bytes(self._control, InterpreterSetup(sys.argv, load, self._own).pack())
        keep_private(self._control)

    def prepare(self) -> None:
        """Start loading what every experiment needs, in the background."""
        if self._import_seed is None:
            self._order(PREPARE)

    def expect(self, threads: int | None) -> None:
        """Say how many threads numerical libraries may use, should the app have to be imported for the plan."""
        self._threads = threads

    def start(self, threads: int | None = None, import_seed: int | None = None) -> int | None:
        """Start importing the app in the background; return how many threads numerical libraries may use."""
        if self._import_seed is None:
            self._threads, self._import_seed = threads, draw_seed() if import_seed is None else import_seed
            if self._method == "spawn":
                self._start_spawning(pack_load(self._load))
            else:
                self._order(self._threads, self._import_seed, False)
        return self._threads

    def _start_spawning(self, load: bytes) -> None:
        """Have a first supervisor import the app in the process of an experiment to come."""
        self._order(self._threads, self._import_seed, True)
        with contextlib.suppress(OSError):
            send_bytes(self._control, InterpreterSetup(sys.argv, load, self._own, self._import_seed).pack())
        self._ahead = SupervisorHandle(*self._connect(b"+"))
        self._ahead.order([REHEARSE])

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
        answer = self._hear()
        if obstacle := answer["obstacle"]:
            self.remark = _explain_obstacle(obstacle, answer["seconds"], self._method)
            if self._method is None:
                self._spawn_instead()
                answer = self._hear()
        self.kept, self.files, self._ready = answer["kept"], answer["files"], True

    def _hear(self) -> dict[str, Any]:
        """Return what became of the import.

        Raises:
            UsageError: It failed.
        """
        answer = receive(self._control) if self._ahead is None else self._ahead.hear()
        if isinstance(answer, str):
            raise UsageError(answer)
        if answer is None and self._ahead is not None:
            raise LaunchError(_GONE)
        if answer is None:
            code, self._pid = end_interpreter(self._pid), 0
            raise LaunchError(explain_end(code))
        return answer  # type: ignore[no-any-return]

    def _spawn_instead(self) -> None:
        """Begin again with a fork server that imports nothing, and may fork."""
        load = pack_load(self._load)
        self._ready = True
        self.close()
        self._ready = False
        self._begin_afresh(load)
        self._start_spawning(load)

    def ask(self, question: Question[Answer], *, keep: bool = False) -> Answer:
        """Answer a question where the app is imported; it is imported now if need be.

        A fork of the fork server answers, the same each time; with `keep` it does so itself, and all experiments have
        what it has learnt. Where experiments are spawned the first one's process answers.

        Raises:
            MagError: The app cannot be imported, or the answer is one.
        """
        self.start(self._threads)
        self.wait_until_ready()
        if self._ahead is not None:
            told = self._ahead.ask(question)
        elif keep:
            connection, _ = self._connect(b"?")
            with connection:
                told = ask_question(connection, question)
        else:
            if self._answerer is None:
                self._answerer, _ = self._connect(b"+")
            told = ask_question(self._answerer, question)
        if told is None:
            raise LaunchError("The process that had imported the app ended while it was asked: nothing was started.")
        answer, error = told
        if error is not None:
            raise error
        return answer

    def hire(self, conditions: Conditions) -> SupervisorHandle:
        """Return a new supervisor that works under these conditions.

        Raises:
            LaunchError: The fork server is gone.
        """
        with self._turn:
            handle, self._ahead = self._ahead, None
        if handle is None:
            handle = SupervisorHandle(*self._connect(b"+"))
        handle.order(conditions.to_plain())
        return handle

    def _connect(self, wish: bytes) -> tuple[socket.socket, int]:
        """Return a connection to a new fork of the fork server, or to itself, and its process number.

        Raises:
            LaunchError: The fork server is gone.
        """
        with self._turn:  # in which the pair is made, too: one end more is open at a time, not one for each who waits
            try:
                near, far = make_private_pair()
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
            raise LaunchError(answer if isinstance(answer, str) else _GONE)
        return near, answer

    def close(self) -> None:
        """Let the fork server end, and wait for it, though not for long: it ends after the last experiment.

        At once where there was nothing to start it for.
        """
        self._control.close()
        for each in (self._ahead, self._answerer):
            if each is not None:
                each.close()
        self._ahead = self._answerer = None
        pid, self._pid = self._pid, 0
        if not pid:
            return
        if not self._ready:  # nothing runs yet; the app's import may hang
            os.kill(pid, signal.SIGKILL)  # nobody has waited for it: the number is its own
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with contextlib.suppress(ChildProcessError):
            while not os.waitpid(pid, os.WNOHANG)[0] and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)


def _explain_obstacle(obstacle: str, seconds: float, method: str | None) -> str:
    if method == "fork":
        return (
            f"{{app}} {obstacle} when it is imported: experiments are forked all the same, as was asked, and may hang"
        )
    return (
        f"{{app}} {obstacle} when it is imported: experiments are spawned, {max(seconds, 0.1):.1f} s each; move that "
        f"into the function to have them forked"
    )
