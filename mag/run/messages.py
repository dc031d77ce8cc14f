"""Messages between mag's own processes: JSON, each with its length in front.

Two things that a config may hold have no JSON of their own: keys that are no texts, and floats that are not finite.
They stand as `{"$": ...}`.
"""

import contextlib
import json
import math
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!Q")
_CHUNK = 1 << 16  # small enough for no memory to be mapped for each message, and unmapped again
_MARK = "$"
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
    data = write_json(message)
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> Any:
    """Return the next message, None when the other end is gone."""
    head = _receive_exactly(connection, _LENGTH.size)
    data = _receive_exactly(connection, *_LENGTH.unpack(head)) if head else None
    return read_json(data) if data else None


def write_json(message: Any) -> bytes:
    """Return plain data as JSON, from which `read_json` makes the same again, but for tuples, which become lists.

    >>> read_json(write_json({1: "one", "loss": [float("inf")]}))
    {1: 'one', 'loss': [inf]}
    """
    with contextlib.suppress(ValueError):  # a float that is not finite
        if _is_json(message):
            return json.dumps(message, allow_nan=False).encode()
    return json.dumps(_encode(message), allow_nan=False).encode()


def read_json(data: bytes) -> Any:
    """Return the plain data that `write_json` wrote."""
    return json.loads(data, object_hook=_decode)


def _is_json(value: Any) -> bool:
    """Tell whether all keys are texts, none of them the mark: most configs need no more than this look."""
    if type(value) is dict:
        if not _TEXT.issuperset(map(type, value)) or _MARK in value:
            return False
        value = value.values()
    elif type(value) not in _CONTAINERS:
        return True
    return all(_is_json(item) for item in value if type(item) in _CONTAINERS)


def _encode(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        if all(type(key) is str for key in value) and _MARK not in value:
            return {key: _encode(item) for key, item in value.items()}
        return {_MARK: [[_encode(key), _encode(item)] for key, item in value.items()]}
    if kind is list or kind is tuple:
        return [_encode(item) for item in value]
    if kind is float and not math.isfinite(value):
        return {_MARK: repr(value)}
    return value


def _decode(found: dict[str, Any]) -> Any:
    if _MARK not in found:
        return found
    marked = found[_MARK]
    return float(marked) if isinstance(marked, str) else dict(marked)


def _receive_exactly(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(min(size - len(data), _CHUNK))
        if not chunk:
            return None
        data += chunk
    return bytes(data)
