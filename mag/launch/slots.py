"""Slots: the threads in which joblib runs experiments for the local launcher.

joblib's own threads are not used: it makes all of them at once, fails where the system has room for fewer, and makes
one alone where JOBLIB_MULTIPROCESSING=0 says something about processes.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any

from joblib.parallel import ParallelBackendBase

from mag.errors import LaunchError

_Call = tuple[Callable[[], Any], Callable[[Any], None]]


class SlotBackend(ParallelBackendBase):  # type: ignore[misc]  # joblib ships no types
    """A backend of joblib that calls in threads, which end with the process: nothing waits for them."""

    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Return how many threads there may be: as many as are asked for, on any machine."""
        return n_jobs

    def configure(self, n_jobs: int = 1, parallel: Any = None, **_unused: Any) -> int:
        """Begin, without any thread."""
        self.parallel = parallel
        self._most = n_jobs
        self._calls = queue.SimpleQueue[_Call | None]()
        self._threads: list[threading.Thread] = []
        return n_jobs

    def submit(self, func: Callable[[], Any], callback: Callable[[Any], None]) -> Any:
        """Call `func` in a thread, and `callback` with what it returned; there is one thread more, if there is room.

        Raises:
            LaunchError: There is no room for any thread.
        """
        self._calls.put((func, callback))
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, name=f"mag-slot-{len(self._threads)}", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                if not self._threads:
                    raise LaunchError(f"Nothing can be run: {error}.") from error
                self._most = len(self._threads)
            else:
                self._threads.append(thread)
        return None

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            func, callback = call
            try:
                out: Any = func()
            except BaseException as error:  # noqa: BLE001  (which is raised where it is awaited)
                out = error
            callback(out)

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return what was returned, or raise what was raised."""
        if isinstance(out, BaseException):
            raise out
        return out

    def terminate(self) -> None:
        """Let the threads end when they have nothing more to do."""
        for _ in self._threads:
            self._calls.put(None)

    def abort_everything(self, ensure_ready: bool = True) -> None:  # noqa: ARG002  (joblib's signature)
        """Let the threads end: what they run is ended by other means."""
        self.terminate()
