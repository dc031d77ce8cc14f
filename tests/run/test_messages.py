"""Laws of messages between processes."""

import json
import math
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.record.provenance import gather_provenance
from mag.run.limits import Limits
from mag.run.messages import read_json, receive, send, write_json
from mag.run.tasks import Conditions, Task
from mag.settings import Settings

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


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("a$")
PLAIN = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=8)


@given(PLAIN)
def test_plain_data_comes_back(value: object) -> None:
    """JSON holds every config, keys of every type and infinities among them."""
    read = read_json(write_json(value))
    assert repr(read) == repr(value)
    json.loads(write_json(value), parse_constant=pytest.fail)


def test_tasks_and_conditions_come_back() -> None:
    """What a launcher hands on is JSON, in which nothing is lost."""
    environment = (("CUDA_VISIBLE_DEVICES", "0"),)
    config: dict[Any, Any] = {1: {"a": math.inf}}
    task = Task(0, "1", "ab", config, ("a=1",), environment=environment, choices={"model": ["a", None]})
    provenance = gather_provenance(app="train.py:train", commit={"hash": None})
    settings = Settings(root=Path("/x"), secrets=("*_pin",), renamed={"a": "b"})
    conditions = Conditions("/x/experiments", provenance, settings, limits=Limits(timeout=1.5), retries=2)

    assert Task.of(read_json(write_json(task.to_plain()))) == task
    assert Conditions.of(read_json(write_json(conditions.to_plain()))) == conditions


@pytest.mark.parametrize("part", [b"", b"123", (5).to_bytes(8, "big") + b"12"])
def test_a_sender_that_died(part: bytes) -> None:
    """Half a message is none."""
    near, far = socket.socketpair()
    with near, far:
        near.sendall(part)
        near.close()
        assert receive(far) is None
