"""Messages between mag's own processes: pickled, each with its length in front, some with open files attached."""

import pickle
import socket
import struct
from collections.abc import Sequence
from typing import Any

_LENGTH = struct.Struct("!Q")
_CHUNK = 1 << 16  # small enough for no memory to be mapped for each message, and unmapped again


def make_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets that wait as long as it takes, whatever default an app or a program has set."""
    pair = socket.socketpair()
    for end in pair:
        end.settimeout(None)
    return pair


def send(connection: socket.socket, message: Any, descriptors: Sequence[int] = ()) -> None:
    """Send one message to a fork of the same process.

    Raises:
        OSError: The other end is gone.
    """
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    data = _LENGTH.pack(len(data)) + data
    if descriptors:
        data = data[socket.send_fds(connection, [data], descriptors) :]
    if data:
        connection.sendall(data)


def receive(connection: socket.socket) -> Any:
    """Return the next message, None when the other end is gone."""
    head = _receive_exactly(connection, _LENGTH.size)
    data = _receive_exactly(connection, *_LENGTH.unpack(head)) if head else None
    return pickle.loads(data) if data else None  # noqa: S301  (from a fork of this very process)


def receive_with(connection: socket.socket, count: int) -> tuple[Any, list[int]]:
    """Return the next message and the descriptors, `count` at most, of the open files that came with it."""
    start, descriptors, _, _ = socket.recv_fds(connection, _CHUNK, count)
    if len(start) < _LENGTH.size:  # it is sent at once, so that only a dead sender leaves less
        return None, descriptors
    size = _LENGTH.size + _LENGTH.unpack(start[: _LENGTH.size])[0]
    rest = _receive_exactly(connection, size - len(start)) if len(start) < size else b""
    if rest is None:
        return None, descriptors
    return pickle.loads(start[_LENGTH.size :] + rest), descriptors  # noqa: S301  (from a fork of this very process)


def _receive_exactly(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(min(size - len(data), _CHUNK))
        if not chunk:
            return None
        data += chunk
    return bytes(data)
