"""Ctrl-C, SIGTERM and SIGHUP, turned into a request to stop."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ECHO_SECONDS = {signal.SIGINT: 0.05, signal.SIGTERM: 1.0, signal.SIGHUP: float("inf")}
"""Within which a signal that comes once more is the same request, told twice: `timeout` signals the process and its
group, a closed window hangs up by the shell and by the kernel; and nobody presses Ctrl-C twice in 50 ms."""


class Interruption:
    """Whether, and by which signal, the command was asked to stop.

    Attributes:
        signal: The first signal that came; None if none did.
    """

    def __init__(self) -> None:
        self.signal: int | None = None

    @property
    def exit_code(self) -> int:
        """The exit status that tells of it, as shells count: 130 after Ctrl-C."""
        return 128 + self.signal if self.signal else 0


@contextlib.contextmanager
def stop_on_signals(stop: Callable[[], None], notify: Callable[[int], None]) -> Iterator[Interruption]:
    """Call `stop` at every signal that asks to stop, while the block runs; at those that come at the same time, once.

    A signal that was ignored when the command started (under nohup, say) stays ignored. Outside the main thread,
    where Python takes no signals, nothing is changed.
    """
    interruption = Interruption()

    def act(number: int) -> None:
        """Stop, and say which signal came."""
        stop()
        notify(number)

    with _heeding(_NUMBERS, interruption, act):
        yield interruption


@contextlib.contextmanager
def stop_but_on_interrupt(stop: Callable[[], None]) -> Iterator[Interruption]:
    """Call `stop` at SIGTERM and SIGHUP while the block runs; Ctrl-C is an experiment's that runs in this process."""
    interruption = Interruption()
    with _heeding(_NUMBERS[1:], interruption, lambda _: stop()):
        yield interruption


@contextlib.contextmanager
def _heeding(numbers: tuple[int, ...], interruption: Interruption, act: Callable[[int], None]) -> Iterator[None]:
    last = float("-inf")

    def handle(number: int, _frame: FrameType | None) -> None:
        """Act on a signal, unless it is the echo of the last one."""
        nonlocal last
        before, last = last, time.monotonic()
        if interruption.signal and last - before < _ECHO_SECONDS[signal.Signals(number)]:
            return
        interruption.signal = interruption.signal or number
        act(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    found = {number: signal.getsignal(number) for number in numbers}
    # one that is None was set by no Python code, and could not be set again
    before = {number: each for number, each in found.items() if each is not None and each is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
