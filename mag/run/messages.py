"""Messages between mag's own processes: pickled, each with its length in front."""

import pickle
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!Q")
_CHUNK = 1 << 16  # small enough for no memory to be mapped for each message, and unmapped again


def make_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets that wait as long as it takes, whatever default an app or a program has set."""
    pair = socket.socketpair()
    for end in pair:
        end.settimeout(None)
    return pair


def send(connection: socket.socket, message: Any) -> None:
    """Send one message to a fork of the same process.

    Raises:
        OSError: The other end is gone.
    """
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> Any:
    """Return the next message, None when the other end is gone."""
    head = _receive_exactly(connection, _LENGTH.size)
    data = _receive_exactly(connection, *_LENGTH.unpack(head)) if head else None
    return pickle.loads(data) if data else None  # noqa: S301  (from a fork of this very process)


def _receive_exactly(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(min(size - len(data), _CHUNK))
        if not chunk:
            return None
        data += chunk
    return bytes(data)
