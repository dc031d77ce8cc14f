"""The gate: how many experiments run at a time, which may change while they do."""

import threading


class Gate:
    """Lets a number of threads pass at a time; the others wait.

    Safe to be used from a signal handler in the main thread.
    """

    def __init__(self, capacity: int) -> None:
        self._changed = threading.Condition()  # over a lock that its own thread may take again
        self._capacity = capacity
        self._inside = 0
        self._paused = False
        self._open = False

    def enter(self) -> None:
        """Wait for a place."""
        with self._changed:
            while not self._open and (self._paused or self._inside >= self._capacity):
                self._changed.wait()
            self._inside += 1

    def make_room(self) -> None:
        """Stay inside, unless the place is wanted back: then wait for another."""
        if not self._open and (self._paused or self._inside > self._capacity):
            self.leave()
            self.enter()

    def leave(self) -> None:
        """Give the place back."""
        with self._changed:
            self._inside -= 1
            self._changed.notify()

    def adjust(self, *, capacity: int, paused: bool) -> None:
        """Change how many may be inside, and whether anybody may enter at all."""
        with self._changed:
            self._capacity, self._paused = capacity, paused
            self._changed.notify_all()

    def throw_open(self) -> None:
        """Hold nobody up any more: for the end."""
        with self._changed:
            self._open = True
            self._changed.notify_all()
