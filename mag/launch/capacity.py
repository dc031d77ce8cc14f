"""Capacity: how many experiments this machine has room for, and how many may run now."""

import os
import resource
import sys
import threading

_SPARE_FILES = 8  # that the runner opens besides: logs, records, the other end of a new connection


def count_cpus() -> int:
    """Return how many CPUs this process may use, by affinity and by the quota of its control group."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(count, _read_quota() or count))


def count_room() -> int:
    """Return how many experiments at a time this process may have connections to, by the files it may have open."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed == resource.RLIM_INFINITY:
        return sys.maxsize
    try:
        taken = len(os.listdir("/dev/fd"))
    except OSError:
        taken = 0
    return max(1, allowed - taken - _SPARE_FILES)


def _read_quota() -> int | None:
    for path in ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"):
        try:
            with open(path, encoding="ascii") as file:
                words = file.read().split()
            period = int(words[1]) if len(words) > 1 else 100_000
            return -(-int(words[0]) // period) if int(words[0]) > 0 else None
        except (OSError, ValueError, IndexError):
            continue
    return None


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
        """Keep the place; if it is wanted back, give it up and wait for another."""
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
        """Let everybody pass, at the end."""
        with self._changed:
            self._open = True
            self._changed.notify_all()
