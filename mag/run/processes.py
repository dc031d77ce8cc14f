"""Waiting for a child process, stopping it, and ending what it left behind."""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from types import FrameType
from typing import NamedTuple

from mag.clock import count_seconds
from mag.run.limits import STOPPED, Guard, OomCounter, Reason

_PR_SET_CHILD_SUBREAPER = 36
_LONGEST_SWEEP_SECONDS = 5.0
_LONGEST_SLEEP_SECONDS = 2.0  # should the kernel ever refuse the byte that is to wake the sleeper
_PATIENCE_SECONDS = 0.5
_POLL_SECONDS = 0.01
_FEW_TICKS = 10  # of 10 ms


class Death(NamedTuple):
    """How a process ended.

    Attributes:
        code: Its exit code; None if a signal ended it.
        signal: The signal; None if it exited.
        cpu_seconds: CPU time of it and of the children it waited for.
        peak_memory_bytes: The most memory that it held at a time.
    """

    code: int | None
    signal: int | None
    cpu_seconds: float
    peak_memory_bytes: int


def adopt_orphans() -> None:
    """Make this process the parent of what its children leave running, so that it can find and end it (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


HURRY = signal.SIGURG
"""Asks a supervisor to stop at once. Nobody else sends it, whereas a stop (SIGTERM) may come from several at a time."""


class Watch:
    """Wakes a supervisor at the end of its child, and at requests to stop.

    To be made in the main thread of a process that does nothing else.

    Attributes:
        is_stopped: Whether it was asked to stop.
        is_hurried: Whether it was asked to stop at once.
        oom: Tells whether the kernel has killed for want of memory.
    """

    def __init__(self) -> None:
        self.is_stopped = self.is_hurried = False
        self.oom = OomCounter()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        os.set_blocking(self._reader, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _wake)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(HURRY, self._stop)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)

    def leave(self) -> None:
        """Stop being a supervisor, in a child that was just forked."""
        signal.set_wakeup_fd(-1)
        os.close(self._reader)
        os.close(self._writer)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.is_stopped = True
        self.is_hurried = self.is_hurried or number == HURRY

    def wait(self, child: int, *, grace: float, guard: Guard) -> tuple[Death, Reason | None]:
        """Wait until the child is gone; return how it ended, and why where this process ended it.

        A request to stop, or a limit that is reached, is passed on to the child's process group as SIGTERM, and
        followed by SIGKILL when `grace` seconds have passed, or when it is to be at once.
        """
        reason: Reason | None = None
        deadline: float | None = None
        while (death := collect(child)) is None:
            limit, pause = (None, None) if reason else guard.check()
            if reason is None and (self.is_stopped or limit):
                guard.announce_end()
                send_signal(child, signal.SIGTERM)
                reason = STOPPED if self.is_stopped else limit
                deadline = count_seconds() + grace
            if deadline is not None and (self.is_hurried or count_seconds() >= deadline):
                send_signal(child, signal.SIGKILL)
                deadline = None
            self._sleep(pause if deadline is None else deadline - count_seconds())
        return death, reason

    def _sleep(self, seconds: float | None) -> None:
        """Sleep until the child has ended or a request has come, at most so many seconds."""
        longest = _LONGEST_SLEEP_SECONDS if seconds is None else min(max(0.0, seconds), _LONGEST_SLEEP_SECONDS)
        poll = select.poll()  # `select.select` refuses numbers over 1,024
        poll.register(self._reader, select.POLLIN)
        poll.poll(longest * 1000)
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 4096)


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Have Python write the byte that ends a sleep."""


def end_now(child: int) -> Death:
    """Kill a child and return how it ended."""
    while (death := collect(child)) is None:
        send_signal(child, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    return death


def collect(pid: int) -> Death | None:
    """Return how the child `pid` ended; None while it lives."""
    done, status, usage = os.wait4(pid, os.WNOHANG)
    if not done:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    code = os.waitstatus_to_exitcode(status)
    cpu = round(usage.ru_utime + usage.ru_stime, 6)
    return Death(code if code >= 0 else None, -code if code < 0 else None, cpu, usage.ru_maxrss * unit)


def waits_idly(pid: int) -> bool:
    """Tell whether a process has hardly run so far, and all its threads wait for locks (Linux)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            ticks = sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
        waits = [_read_wait(f"/proc/{pid}/task/{thread}/wchan") for thread in os.listdir(f"/proc/{pid}/task")]
    except (OSError, ValueError):
        return False
    return ticks <= _FEW_TICKS and all("futex" in each for each in waits)


def _read_wait(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


def send_signal(group: int, number: int) -> None:
    """Send a signal to a child's process group, or to the child alone before it has made one.

    A group that was halted is continued, so that it can act on the signal.
    """
    try:
        os.killpg(group, number)
        os.killpg(group, signal.SIGCONT)
    except ProcessLookupError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(group, number)
    except PermissionError:
        return


def end_leftovers(group: int) -> int:
    """End what an experiment left running, and return how many processes had to be ended.

    What is about to end by itself, such as a library's clean-up process, is given a moment.
    """
    began, ended = count_seconds(), 0
    while (waited := count_seconds() - began) < _LONGEST_SWEEP_SECONDS:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        patient = waited < _PATIENCE_SECONDS
        ended += bool(pid) and not patient
        if not pid and not patient:
            for child in _list_children():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
        if not pid:
            time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)  # where orphans are not adopted, this is all that can be reached
    return ended


def _list_children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []
