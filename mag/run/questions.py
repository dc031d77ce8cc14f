"""Questions that the runner asks of the imported app, while it plans: which configs it has, what they resolve to.

They and their answers are pickled: both ends are forks of one process, and the answers are mag's own objects.
"""

import base64
import pickle
import socket
from typing import Any

from mag.errors import MagError, UsageError
from mag.run.messages import receive, send
from mag.run.tasks import Answer, Function, Question

QUESTION = "question"
"""The only key of a message that asks one."""


def ask_question(connection: socket.socket, question: Question[Answer]) -> tuple[Answer, MagError | None] | None:
    """Return the answer, or the error that is one; None if whoever was asked is gone."""
    try:
        send(connection, {QUESTION: _pack(question)})
        told = receive(connection)
    except OSError:
        return None
    return None if told is None else pickle.loads(base64.b64decode(told))  # noqa: S301


def answer_question(connection: socket.socket, function: Function, message: dict[str, str]) -> None:
    """Answer a question where the app is imported."""
    answer, error = None, None
    try:
        answer = pickle.loads(base64.b64decode(message[QUESTION]))(function)  # noqa: S301 - from our own runner
    except MagError as raised:
        error = type(raised)(*raised.args)  # without its causes, which may be the user's
    except Exception as raised:  # noqa: BLE001  (resolvers are the user's)
        error = UsageError(f"The app raised {type(raised).__name__} when it was asked for its configs: {raised}.")
    send(connection, _pack((answer, error)))


def _pack(value: Any) -> str:
    return base64.b64encode(pickle.dumps(value)).decode()
