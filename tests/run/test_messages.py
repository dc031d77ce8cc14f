"""Laws of messages between processes."""

import socket
import threading
from collections.abc import Iterator

import pytest

from mag.run.messages import receive, send

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Return two connected sockets."""
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.mark.parametrize("message", [0, None, "é", {"a": [1.5, None]}, "x" * 5_000_000])
def test_it_arrives(pair: Pair, message: object) -> None:
    """What is sent is received, however large it is."""
    thread = threading.Thread(target=send, args=(pair[0], message))
    thread.start()
    received = receive(pair[1])
    thread.join(20)
    assert received == message


def test_one_after_the_other(pair: Pair) -> None:
    """Messages that were sent together are received one by one."""
    send(pair[0], "one")
    send(pair[0], "two")
    assert (receive(pair[1]), receive(pair[1])) == ("one", "two")


@pytest.mark.parametrize("part", [b"", b"123", (5).to_bytes(8, "big") + b"12"])
def test_a_sender_that_died(part: bytes) -> None:
    """Half a message is none."""
    near, far = socket.socketpair()
    with near, far:
        near.sendall(part)
        near.close()
        assert receive(far) is None
