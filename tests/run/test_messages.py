"""Laws of messages between processes."""

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from mag.run.messages import receive, receive_with, send

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Return two connected sockets."""
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.mark.parametrize("message", [0, None, "é", {"a": [1.5, None]}, "x" * 5_000_000])
def test_it_arrives(pair: Pair, message: object) -> None:
    """What is sent is received, however large it is, with or without open files."""
    for descriptors in ([], [0, 1]):
        thread = threading.Thread(target=send, args=(pair[0], message, descriptors))
        thread.start()
        received, copies = receive_with(pair[1], 2)
        thread.join(20)
        assert (received, len(copies)) == (message, len(descriptors))
        for copy in copies:
            os.close(copy)


def test_one_after_the_other(pair: Pair) -> None:
    """Messages that were sent together are received one by one."""
    send(pair[0], "one")
    send(pair[0], "two")
    assert (receive(pair[1]), receive(pair[1])) == ("one", "two")


def test_an_open_file_is_the_same_file(pair: Pair) -> None:
    """A descriptor that is sent leads to the same open file."""
    reader, writer = os.pipe()
    send(pair[0], "here", [writer])
    _, (copy,) = receive_with(pair[1], 1)
    os.write(copy, b"x")

    assert os.read(reader, 1) == b"x"
    for descriptor in (reader, writer, copy):
        os.close(descriptor)


@pytest.mark.parametrize("part", [b"", b"123", (5).to_bytes(8, "big") + b"12"])
def test_a_sender_that_died(part: bytes) -> None:
    """Half a message is none."""
    for read in (receive, lambda connection: receive_with(connection, 1)[0]):
        near, far = socket.socketpair()
        with near, far:
            near.sendall(part)
            near.close()
            assert read(far) is None
