"""Messages between mag's own processes: JSON, each with its length in front."""

import contextlib
import json
import socket
import struct
from typing import Any

from mag.disk import values

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
