"""The debugger: pdb in the experiment that runs in this process, at a breakpoint and where it failed."""

import os
import pdb  # noqa: T100  (it is what the module is about)
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any

_OWN = str(Path(__file__).parent.parent)

Suspend = Callable[[], AbstractContextManager[None]]
"""Gives the terminal back while the block runs."""


class Debugger(pdb.Pdb):
    """pdb that asks on the terminal, wherever the output of the experiment goes.

    Attributes:
        is_left: Whether the user has left it with `q` or Ctrl-D.
    """

    def __init__(self, suspend: Suspend) -> None:
        super().__init__(nosigint=True)  # Ctrl-C interrupts the experiment, after `c` too
        self._suspend = suspend
        self.is_left = False

    def interaction(self, *arguments: Any, **named: Any) -> None:
        """Ask."""
        with self._suspend():
            self.stdout = sys.stdout
            super().interaction(*arguments, **named)

    def do_quit(self, arg: str) -> bool | None:
        """Leave the debugger, and end what it looks at."""
        self.is_left = True
        return super().do_quit(arg)

    do_q = do_exit = do_quit

    def do_EOF(self, arg: str) -> bool | None:  # noqa: N802  (pdb's name of Ctrl-D)
        """Do as `q` does."""
        self.message("")
        return self.do_quit(arg)


@contextmanager
def offer_breakpoints(suspend: Suspend) -> Iterator[None]:
    """Let `breakpoint()` ask on the terminal while the block runs, unless another debugger has taken it over."""
    if sys.breakpointhook is not sys.__breakpointhook__ or "PYTHONBREAKPOINT" in os.environ:
        yield
        return

    def stop_here(*_arguments: object, **_named: object) -> None:
        Debugger(suspend).set_trace(sys._getframe(1))  # noqa: SLF001  (as pdb.set_trace does)

    sys.breakpointhook = stop_here
    try:
        yield
    finally:
        sys.breakpointhook = sys.__breakpointhook__


def keep_for_debuggers(error: BaseException) -> bool:
    """Keep an exception where `pdb.pm()` and IPython's `%debug` look for the last one; the others are run."""
    trace = strip_traceback(error.__traceback__)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    sys.last_exc = error.with_traceback(trace)  # type: ignore[attr-defined]  # what pdb looks at from Python 3.12 on
    return True


def examine(error: BaseException) -> bool:
    """Let the user look at the frame that failed; return whether to go on with the next experiment."""
    debugger = Debugger(nullcontext)
    debugger.reset()
    debugger.interaction(None, strip_traceback(error.__traceback__))
    return not debugger.is_left


def strip_traceback(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the first frame on that is not mag's own; all of it if there is none."""
    theirs = trace
    while theirs is not None and theirs.tb_frame.f_code.co_filename.startswith(_OWN):
        theirs = theirs.tb_next
    return theirs or trace
