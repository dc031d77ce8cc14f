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
    over = threading.Event()

    def listen() -> None:
        """Carry out each request as it comes."""
        done = Control()
        while True:
            _tell(store, sweep, read())
            if over.wait(_LOOK_SECONDS):
                return
            asked = read_control(store, sweep)
            if asked != done:
                adjusted(launcher.adjust(jobs=asked.jobs, paused=asked.paused), asked.paused)
                for _ in range(asked.stops - done.stops):
                    launcher.stop()
                done = asked

    thread = threading.Thread(target=listen, name="mag-control", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _tell(store, sweep, read())


def _tell(store: StorePaths, sweep: str, progress: Progress) -> None:
    with contextlib.suppress(RecordError):  # a full disk must not end the sweep; the records say more anyway
        write_progress(store, sweep, progress)
