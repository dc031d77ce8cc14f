"""Requests to stop: what SIGTERM and the like do in an experiment's process and in its forks."""

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from types import FrameType
from typing import Any

from mag.clock import count_seconds

REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a process to stop."""
_HELD_BACK = (*REQUESTS, signal.SIGURG)
"""Signals for which an app's handler is its experiments' alone."""
_set_mask = getattr(sys.modules.get("_signal"), "pthread_sigmask", signal.pthread_sigmask)
"""Without the enums around it, which would be another 20 pages of memory for every child."""

Handler = Callable[[int, FrameType | None], Any] | int
"""What Python does at a signal."""
_ECHO_SECONDS = 1.0


def name_signal(number: int) -> str:
    """Return a signal's name, such as `SIGSEGV`."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def hold_back() -> Collection[int]:
    """Hold back what asks to stop; return what was held back before."""
    return _set_mask(signal.SIG_BLOCK, _HELD_BACK)


def restore(held_back: Collection[int]) -> None:
    """Hold back what was held back before, and let through the rest."""
    _set_mask(signal.SIG_SETMASK, held_back)


def prepare_surroundings(handlers: Mapping[int, Handler]) -> None:
    """Set up signals for an experiment; they take effect when they are let through."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    for number in (signal.SIGHUP, signal.SIGCHLD, signal.SIGURG):
        signal.signal(number, signal.SIG_DFL)
    for request, handler in handlers.items():
        signal.signal(request, handler)
    faulthandler.enable(file=2)  # wherever that leads when something happens
    os.environ.setdefault("PYTHONHASHSEED", "0")  # for the interpreters that they start; their own is settled


def let_requests_through() -> None:
    """Let through what was held back since before the fork: from here on the process can be stopped."""
    _set_mask(signal.SIG_UNBLOCK, _HELD_BACK)


def was_interrupted() -> bool:
    """Tell whether SIGTERM has come; its exception may have been caught."""
    return _interrupt.has_come


def hold_back_from_forks() -> None:
    """Let SIGTERM end the forks of this process like any other process."""
    os.register_at_fork(
        before=_fork.hold_back, after_in_parent=_fork.let_through, after_in_child=_fork.forget_interrupt
    )


class _Interrupter:
    """Lets SIGTERM do what Ctrl-C does in plain Python, the first time, so that `finally` blocks are run.

    What comes right after it is the same request, told twice: to all processes by systemd, Slurm or `timeout`, and by
    the supervisor, which got it too.
    """

    _first: float | None = None

    @property
    def has_come(self) -> bool:
        """Whether SIGTERM has come; its exception may have been caught."""
        return self._first is not None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        now = count_seconds()
        if self._first is None:
            self._first = now
            raise KeyboardInterrupt
        if now - self._first > _ECHO_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


_interrupt = _Interrupter()


class _Fork(threading.local):
    """Holds SIGTERM back while the experiment makes a fork of its own.

    Such forks (a pool's workers, say) are ended by it as ever: whoever sends it to them may find them waiting for a
    lock, where no Python code would run.
    """

    _mask: Collection[int] = ()

    def hold_back(self) -> None:
        """Hold it back."""
        self._mask = _set_mask(signal.SIG_BLOCK, {signal.SIGTERM})

    def let_through(self) -> None:
        """Let it through again, unless the experiment itself held it back."""
        _set_mask(signal.SIG_SETMASK, self._mask)

    def forget_interrupt(self) -> None:
        """Let the signal end the fork like any other process."""
        if signal.getsignal(signal.SIGTERM) is _interrupt:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.let_through()


_fork = _Fork()
