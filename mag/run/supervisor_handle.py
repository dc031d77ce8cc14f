"""The runner's side of a supervisor: gives it tasks, and hears what became of them."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

from mag.errors import MagError
from mag.run.messages import ask_question, receive, send
from mag.run.processes import HURRY
from mag.run.tasks import Answer, Outcome, Question, Task


class SupervisorHandle:
    """The runner's side of a supervisor.

    Attributes:
        begun: Name of the directory that it began to use for its task; None before.
    """

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self._connection = connection
        self.pid = pid
        self.begun: str | None = None

    def order(self, order: object) -> None:
        """Send it the conditions it works under, or something to do first."""
        with contextlib.suppress(OSError):  # it is dead already, as whoever gives it a task will see
            send(self._connection, order)

    def ask(self, question: Question[Answer]) -> "tuple[Answer, MagError | None] | None":
        """Answer a question where the app is imported; None if that process is gone."""
        return ask_question(self._connection, question)

    def hear(self) -> Any:
        """Return what it tells, None if it is dead."""
        with contextlib.suppress(OSError):
            return receive(self._connection)
        return None

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
