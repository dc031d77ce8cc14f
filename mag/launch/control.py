"""Control of a running sweep: does what other terminals ask, and tells them how far it is."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from mag.errors import RecordError
from mag.launch.launcher import Launcher
from mag.record.paths import StorePaths
from mag.record.progress import Progress, write_progress
from mag.record.sweeps import Control, read_control

_LOOK_SECONDS = 0.25


@contextlib.contextmanager
def converse(
    launcher: Launcher,
    store: StorePaths,
    sweep: str | None,
    read: Callable[[], Progress],
    adjusted: Callable[[int, bool], None],
) -> Iterator[None]:
    """Do what the sweep's control file says, and keep its progress file, while the block runs."""
    if sweep is None:
        yield
        return

    def work(wait: Callable[[float], bool]) -> None:
        """Tell and listen, by turns."""
        done = Control()
        while True:
            _tell(store, sweep, read())
            if wait(_LOOK_SECONDS):
                return
            asked = read_control(store, sweep)
            if asked != done:
                adjusted(_carry_out(launcher, asked, done, jobs=asked.jobs), asked.paused)
                done = asked

    with _run_aside(work):
        yield
    _tell(store, sweep, read())


@contextlib.contextmanager
def heed(launcher: Launcher, store: StorePaths, sweep: str | None) -> Iterator[None]:
    """Pause and stop as the sweep's control file says while the block runs, beside whoever tells how far it is."""

    def work(wait: Callable[[float], bool]) -> None:
        """Listen."""
        done = Control()
        while sweep is not None and not wait(_LOOK_SECONDS):
            asked = read_control(store, sweep)
            if asked != done:
                _carry_out(launcher, asked, done, jobs=None)
                done = asked

    with _run_aside(work):
        yield


def _carry_out(launcher: Launcher, asked: Control, done: Control, *, jobs: int | None) -> int:
    """Do what is asked for anew; return how many run at a time."""
    wanted = launcher.adjust(jobs=jobs, paused=asked.paused)
    for _ in range(asked.stops - done.stops):
        launcher.stop()
    return wanted


@contextlib.contextmanager
def _run_aside(work: Callable[[Callable[[float], bool]], None]) -> Iterator[None]:
    """Have a thread do something while the block runs; what it waits with says when the block is over."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over.wait,), name="mag-control", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tell(store: StorePaths, sweep: str, progress: Progress) -> None:
    with contextlib.suppress(RecordError):  # a full disk must not end the sweep; the records say more anyway
        write_progress(store, sweep, progress)
