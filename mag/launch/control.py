"""The runner's ear: does what other terminals ask of the sweep that it runs."""

import contextlib
import threading
from collections.abc import Iterator

from mag.launch.local import LocalLauncher
from mag.record.controls import Control, read_control
from mag.record.paths import StorePaths

_LOOK_SECONDS = 0.25


@contextlib.contextmanager
def obey(launcher: LocalLauncher, store: StorePaths, sweep: str | None) -> Iterator[None]:
    """Do what the sweep's control file says, while the block runs.

    Args:
        launcher: Runs the sweep.
        store: Where the control file lies.
        sweep: Id of the sweep; None for a single experiment, which is not controlled.
    """
    if sweep is None:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_listen, args=(launcher, store, sweep, over), name="mag-control", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _listen(launcher: LocalLauncher, store: StorePaths, sweep: str, over: threading.Event) -> None:
    done = Control()
    while not over.wait(_LOOK_SECONDS):
        asked = read_control(store, sweep)
        if asked == done:
            continue
        launcher.adjust(jobs=asked.jobs, paused=asked.paused)
        for _ in range(asked.stops - done.stops):
            launcher.stop()
        done = asked
