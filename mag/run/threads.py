"""What makes a fork unsafe: threads, which the fork lacks, and CUDA, which it cannot use.

A fork has only the thread that forked. A lock that another one held is never free there, and a pool that another
library believes to have never answers. Two kinds of threads do no harm: OpenBLAS ends its own before each fork, and
starts them again when it needs them; jemalloc's only tidies up.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from mag.code.drift import look_into

_HARMLESS = {"jemalloc_bg_thd"}
_TASKS = "/proc/self/task"
_SETTLE_SECONDS = 0.1
"""In which threads that have been waited for are gone from the kernel's list, too."""
_PATIENCE_SECONDS = 2.0
_NOT_INITIALIZED = 3
"""What CUDA's driver answers before it is initialized."""


def find_obstacle() -> str | None:
    """Return why this process had better not fork, as in `it starts 3 threads (polars)`; None if it may."""
    if _has_cuda():
        return "initializes CUDA"
    threads = _list_threads()
    if threads and len(sys._current_frames()) == 1 and _has_library("openblas"):  # noqa: SLF001
        _fork_once()
    deadline = time.monotonic() + _SETTLE_SECONDS
    while threads and time.monotonic() < deadline:
        threads = _list_threads()
        time.sleep(0.002 if threads else 0)
    if not threads:
        return None
    origins = ", ".join(sorted({*_list_origins(), *_match_modules(threads)}))
    return f"starts {len(threads)} thread{'s' * (len(threads) > 1)}" + (f" ({origins})" if origins else "")


def _list_threads() -> list[str]:
    """Return the names of this process's threads, as the kernel knows them, but for the first and harmless ones."""
    try:
        ids = [each for each in os.listdir(_TASKS) if int(each) != os.getpid()]
    except OSError:
        return ["python"] * (threading.active_count() - 1)
    return [name for name in map(_read_name, ids) if name is not None and name not in _HARMLESS]


def _read_name(thread: str) -> str | None:
    try:
        with open(f"{_TASKS}/{thread}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:  # it has just ended
        return None


def _list_origins() -> Iterator[str]:
    """Yield the modules whose code Python's other threads run."""
    for thread, frame in list(sys._current_frames().items()):  # noqa: SLF001  (the one way to see them)
        at: Any = frame if thread != threading.get_ident() else None
        names = []
        while at is not None:
            names.append(at.f_globals.get("__name__"))
            at = at.f_back
        yield from [name for name in reversed(names) if name != "threading" and isinstance(name, str)][:1]


def _match_modules(threads: list[str]) -> Iterator[str]:
    """Yield the libraries that threads are named after, as `polars-0`."""
    for thread in threads:
        name = thread.partition("-")[0]
        if name != "python" and name in sys.modules:
            yield name


def _has_library(name: str) -> bool:
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            return any(name in line for line in file)
    except OSError:
        return False


def _fork_once() -> None:
    """Fork once, so that libraries do what they do before a fork; Python's own hooks are not called.

    There must be no other thread of Python's: the fork might wait for it to take its turn.
    """
    libc = ctypes.PyDLL(None)  # which keeps the interpreter's lock
    pid = libc.fork()
    if pid == 0:
        libc._exit(0)  # noqa: SLF001  (C's own)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with contextlib.suppress(ChildProcessError):
        while not os.waitpid(pid, os.WNOHANG)[0]:
            if time.monotonic() > deadline:  # a library's own preparations hang, as they would in any fork
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)


def _has_cuda() -> bool:
    """Tell whether CUDA is initialized, by its driver or by torch."""
    if _has_library("libcuda.so"):
        with contextlib.suppress(OSError, AttributeError):
            driver = ctypes.CDLL("libcuda.so.1", mode=getattr(os, "RTLD_NOLOAD", 0) | os.RTLD_NOW)
            return bool(driver.cuDeviceGetCount(ctypes.byref(ctypes.c_int())) != _NOT_INITIALIZED)
    names = look_into(sys.modules.get("torch.cuda")) or {}
    is_initialized = names.get("is_initialized")
    with contextlib.suppress(Exception):
        return callable(is_initialized) and bool(is_initialized())
    return False
