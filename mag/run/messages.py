"""Messages between mag's own processes: JSON with its length in front, over sockets that no fork keeps open."""

import base64
import contextlib
import functools
import json
import os
import pickle
import socket
import struct
import weakref
from typing import Any

from mag.disk import values
from mag.errors import MagError, UsageError
from mag.run.tasks import Answer, Function, Question

_LENGTH = struct.Struct("!Q")
_CHUNK = 1 << 16  # small enough for no memory to be mapped for each message, and unmapped again
_write, _read = json.JSONEncoder(allow_nan=False).encode, json.JSONDecoder().decode  # whatever apps put into `json`
_PLAIN, _ENCODED = 0, 1
_TEXT = {str}
_CONTAINERS = {dict, list, tuple}


def make_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets that wait as long as it takes, whatever default an app or a program has set."""
    pair = socket.socketpair()
    for end in pair:
        end.settimeout(None)
    return pair


def send(connection: socket.socket, message: Any) -> None:
    """Send one message.

    Raises:
        OSError: The other end is gone.
    """
    send_bytes(connection, write_json(message))


def receive(connection: socket.socket) -> Any:
    """Return the next message, None when the other end is gone."""
    data = receive_bytes(connection)
    return read_json(data) if data else None


def send_bytes(connection: socket.socket, data: bytes) -> None:
    """Send what is no JSON: the pickle of a function.

    Raises:
        OSError: The other end is gone.
    """
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive_bytes(connection: socket.socket) -> bytes | None:
    """Return the bytes that come next, None when the other end is gone."""
    head = _receive_exactly(connection, _LENGTH.size)
    return _receive_exactly(connection, *_LENGTH.unpack(head)) if head else None


def write_json(message: Any) -> bytes:
    """Return plain data as JSON, from which `read_json` makes the same again, but for tuples, which become lists.

    >>> read_json(write_json({1: "one", "loss": [float("inf")]}))
    {1: 'one', 'loss': [inf]}
    """
    with contextlib.suppress(ValueError):  # a float that is not finite
        if _is_json(message):
            return _write([_PLAIN, message]).encode()
    return _write([_ENCODED, values.encode(message)]).encode()


def read_json(data: bytes) -> Any:
    """Return the plain data that `write_json` wrote."""
    kind, message = _read(data.decode())
    return message if kind == _PLAIN else values.decode(message)


def _is_json(value: Any) -> bool:
    """Tell whether all keys are texts: most messages can be sent as they are, which takes a tenth of the time."""
    if type(value) is dict:
        if not _TEXT.issuperset(map(type, value)):
            return False
        value = value.values()
    elif type(value) not in _CONTAINERS:
        return True
    return all(_is_json(item) for item in value if type(item) in _CONTAINERS)


def _receive_exactly(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(min(size - len(data), _CHUNK))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


_private: weakref.WeakSet[socket.socket] = weakref.WeakSet()
"""What no fork of the runner may hold open, such as workers of a pool: when it is gone, the other end has to see it."""


def keep_private(connection: socket.socket) -> None:
    """Have forks that this process makes from now on close a socket."""
    _private.add(connection)
    _close_in_forks()  # registered only now: forks made earlier must not run it


def make_private_pair() -> tuple[socket.socket, socket.socket]:
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


QUESTION = "question"
"""The only key of a message that asks one."""


def ask_question(connection: socket.socket, question: Question[Answer]) -> tuple[Answer, MagError | None] | None:
    """Return the answer, or the error that was the answer; None if the other process is gone."""
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
