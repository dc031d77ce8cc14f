"""The zygote: a process that does nothing but fork experiments, so that few of its pages are written to.

    supervisor ── attempt, task, open log and lock ──> zygote ── fork ──> child
        ^  ^───── how it ended, what was ended with it ──┘                  │
        └───────────────────── number of the process ───────────────────────┘

After a fork each page of memory that either side writes to is copied, which costs more than most of what is done
there. The supervisor, which claims directories, writes records and watches over limits, therefore does not fork
itself. The zygote waits for one child at a time; it asks for no signals and decides nothing.

The child itself tells that it is there, before it does anything, and then closes its end: so where nothing is told
and the connection is at its end, zygote and child are gone, nothing has begun, and the attempt can be made again.
"""

import contextlib
import dataclasses
import os
import select
import signal
import socket
import struct
import traceback
from typing import Any, NamedTuple, NoReturn

from mag.disk.locks import Lock
from mag.errors import LaunchError
from mag.record.attempts import Attempt
from mag.run.child import Groundwork, Variables, make_experiment, run_child
from mag.run.interruption import prepare_surroundings
from mag.run.messages import make_pair, receive_with, send
from mag.run.processes import UNKNOWN, Death, adopt_orphans, collect, end_leftovers, send_signal
from mag.run.tasks import Conditions

_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
"""A supervisor that is gone is no reason to be ended."""
_BEING_ENDED = -1
"""Instead of a number of processes that were left: there are some."""
_TRIES = 3
_POLL_SECONDS = 0.02


class _Word(NamedTuple):
    """What child and zygote tell: the process is there; and, with the rest, that and how it has ended."""

    pid: int
    has_ended: bool = False
    code: int = 0
    signal: int = 0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    leftovers: int = 0


Order = tuple[Attempt, dict[str, Any], Variables]
"""What the zygote is sent: an attempt, its config and the variables that it gets."""

_LAYOUT = struct.Struct("!q?qqdqq")


@dataclasses.dataclass(slots=True)
class Child:
    """The supervisor's side of an experiment's process.

    Attributes:
        pid: Its number.
        reaper: The zygote's number: what the experiment leaves behind becomes its child.
        connection: The socket on which its end is told; None once the zygote is gone.
        leftovers: How many processes that it left running were ended, once it has ended itself.
        death: How it ended, where that is known.
        end: How it ended, while what it left is being ended: its number may be another's by now.
    """

    pid: int
    reaper: int
    connection: socket.socket | None
    leftovers: int = 0
    death: Death | None = None
    end: Death | None = None

    def sleep(self, wake: int, seconds: float) -> None:
        """Sleep until the process may have ended, or `wake` can be read from; at most so many seconds."""
        if self.death is not None:
            return
        if self.connection is not None:  # the zygote may have been halted by its child
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.reaper, signal.SIGCONT)
        if self.connection is None:
            seconds = min(seconds, _POLL_SECONDS)
        _wait_for([wake] if self.connection is None else [wake, self.connection.fileno()], seconds)

    def collect(self) -> Death | None:
        """Return how it ended; None while it lives."""
        if self.death is None and self.connection is not None:
            if not _wait_for([self.connection.fileno()], 0):
                return None
            if word := _hear(self.connection):
                self.heed(word)
                return self.death
            self.connection = None  # the zygote was killed; the kernel has made its child this process's own
        if self.death is None:
            self.death = self.end or _collect_orphan(self.pid)
            if self.death is not None:
                self.leftovers = end_leftovers(self.pid)
        return self.death

    def signal(self, number: int) -> None:
        """Send a signal to it and its process group, if it is still there."""
        if self.end is None:
            send_signal(self.pid, number)

    def heed(self, word: _Word) -> None:
        """Learn from what was told."""
        if word.has_ended:
            code = None if word.signal else word.code
            self.end = Death(code, word.signal or None, word.cpu_seconds, word.peak_memory_bytes)
            if word.leftovers != _BEING_ENDED:
                self.death, self.leftovers = self.end, word.leftovers


def _wait_for(descriptors: list[int], seconds: float) -> bool:
    """Wait until one of them can be read from, at most so many seconds; tell whether that is so."""
    poll = select.poll()  # which, unlike `select`, knows numbers over 1,024
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _tell(connection: socket.socket, word: _Word) -> None:
    """Tell it to the supervisor, if it is still there."""
    try:  # noqa: SIM105  (which a child is not to pay for)
        connection.send(_LAYOUT.pack(*word), _NO_SIGNAL)
    except OSError:
        pass


def _hear(connection: socket.socket) -> _Word | None:
    """Wait for the next word; None if those who could say it are gone."""
    try:
        data = connection.recv(_LAYOUT.size)
    except OSError:
        return None
    return _Word(*_LAYOUT.unpack(data)) if len(data) == _LAYOUT.size else None


def _collect_orphan(pid: int) -> Death | None:
    try:
        return collect(pid)
    except ChildProcessError:  # not handed over yet, or the zygote had waited for it before it was killed itself
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            return None
        return UNKNOWN


class Zygote:
    """The supervisor's side of its zygote, which is forked when it is first needed, and again when it was killed."""

    def __init__(self, ground: Groundwork, conditions: Conditions, *private: int) -> None:
        self._ground = ground
        self._conditions = conditions
        self._private = private
        self._pid = 0
        self._connection: socket.socket | None = None

    def start(self, attempt: Attempt, config: dict[str, Any], variables: Variables, log: int) -> Child:
        """Start the process of an attempt.

        Raises:
            LaunchError: Again and again the zygote was killed over it, or the system has no room for a process.
            OSError: The latter, or no room for a connection.
        """
        descriptors = (log, attempt.lock.descriptor)
        for _ in range(_TRIES):
            connection = self._connection or self._fork(descriptors)
            with contextlib.suppress(OSError):
                send(connection, (attempt, config, variables), descriptors)
                if word := _hear(connection):
                    if not word.pid:
                        raise LaunchError(f"No process can be started: {os.strerror(word.code)}.")
                    child = Child(word.pid, self._pid, connection)
                    child.heed(word)  # it may have been killed before it could tell that it was there
                    return child
            self.close()
        raise LaunchError("The process that starts experiments was killed.")

    def close(self) -> None:
        """Let it end, and wait for it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)

    def _fork(self, descriptors: tuple[int, ...]) -> socket.socket:
        near, far = make_pair()
        try:
            self._pid = os.fork()
        except OSError:
            near.close()
            far.close()
            raise
        if self._pid == 0:
            near.close()
            for descriptor in (*self._private, *descriptors):
                os.close(descriptor)
            _serve(far, self._ground, self._conditions)
        far.close()
        self._connection = near
        return near


def _serve(connection: socket.socket, ground: Groundwork, conditions: Conditions) -> NoReturn:
    """Be the zygote until the supervisor is gone."""
    try:
        signal.set_wakeup_fd(-1)
        prepare_surroundings(ground.handlers)
        adopt_orphans()
        while True:
            order, descriptors = receive_with(connection, 2)
            if order is None:
                break
            pid = _fork_child(connection, ground, conditions, order, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            if pid:
                _tell_end(connection, pid)
    except OSError:  # the supervisor is gone
        os._exit(0)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        os._exit(0)


def _tell_end(connection: socket.socket, pid: int) -> None:
    """Wait for the end of a child, end what it left, and tell; before that, too, where it takes a while."""
    death = collect(pid, wait=True) or UNKNOWN
    code, number = death.code or 0, death.signal or 0
    end = _Word(pid, True, code, number, death.cpu_seconds, death.peak_memory_bytes)
    left = end_leftovers(pid, lambda: _tell(connection, end._replace(leftovers=_BEING_ENDED)))
    _tell(connection, end._replace(leftovers=left))


def _fork_child(
    connection: socket.socket, ground: Groundwork, conditions: Conditions, order: Order, descriptors: list[int]
) -> int:
    attempt, config, variables = order
    log, lock = descriptors
    attempt.lock = Lock(lock)
    experiment = make_experiment(ground, attempt, config, conditions.settings)
    os.environ.update(variables)
    try:
        pid = os.fork()
    except OSError as error:
        _tell(connection, _Word(0, True, error.errno or 0))
        return 0
    if pid == 0:
        _tell(connection, _Word(os.getpid()))
        os.close(connection.detach())
        run_child(ground, experiment, attempt, log, chdir=conditions.settings.chdir)
    return pid
