"""Laws of what there is room for, and of the gate that lets no more in."""

import os
import resource
import threading
import time
from collections.abc import Iterator

import joblib
import pytest

from mag.launch.capacity import Gate, count_cpus, count_room


def test_cpus() -> None:
    """At least one CPU may be used, and no more than there are."""
    assert 1 <= count_cpus() <= (os.cpu_count() or 1)


def test_cpus_are_those_of_joblib() -> None:
    """As many as joblib counts, which is not loaded yet when the app is to be told how many threads it may start."""
    assert count_cpus() == joblib.cpu_count()


def test_room() -> None:
    """There is room for one experiment at least, and for fewer than there may be open files."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, allowed[1]))
        assert 1 <= count_room() < 64
        resource.setrlimit(resource.RLIMIT_NOFILE, (8, allowed[1]))
        assert count_room() == 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed)


class Crowd:
    """Threads that want to pass a gate, and stay inside until they are told to go."""

    def __init__(self, gate: Gate, size: int) -> None:
        self.inside = 0
        self._go = threading.Event()
        self._threads = [threading.Thread(target=self._pass, args=(gate,)) for _ in range(size)]
        for thread in self._threads:
            thread.start()

    def _pass(self, gate: Gate) -> None:
        gate.enter()
        self.inside += 1
        self._go.wait(20)
        gate.leave()

    def settle(self) -> int:
        """Return how many are inside when nothing moves any more."""
        before = -1
        while before != self.inside:
            before = self.inside
            time.sleep(0.05)
        return self.inside

    def disperse(self) -> None:
        """Let everybody go home."""
        self._go.set()
        for thread in self._threads:
            thread.join(20)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Return a gate for two, which is open at the end."""
    gate = Gate(2)
    yield gate
    gate.throw_open()


def test_no_more_than_fit(gate: Gate) -> None:
    """As many are inside as fit; the others follow as places become free."""
    crowd = Crowd(gate, 5)
    assert crowd.settle() == 2

    crowd.disperse()
    assert crowd.inside == 5


def test_more_and_fewer(gate: Gate) -> None:
    """With more places more come in; with fewer nobody is thrown out, and nobody comes in."""
    crowd = Crowd(gate, 5)
    gate.adjust(capacity=4, paused=False)
    assert crowd.settle() == 4

    gate.adjust(capacity=1, paused=False)
    assert crowd.settle() == 4
    crowd.disperse()


def test_pause(gate: Gate) -> None:
    """A paused gate lets nobody in until it goes on."""
    gate.adjust(capacity=2, paused=True)
    crowd = Crowd(gate, 3)
    assert crowd.settle() == 0

    gate.adjust(capacity=2, paused=False)
    assert crowd.settle() == 2
    crowd.disperse()


def test_open(gate: Gate) -> None:
    """An open gate holds nobody up, even if it was paused."""
    gate.adjust(capacity=1, paused=True)
    gate.throw_open()
    crowd = Crowd(gate, 6)

    assert crowd.settle() == 6
    crowd.disperse()
