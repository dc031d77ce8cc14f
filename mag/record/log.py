"""The log: file descriptors 1 and 2 of a process on a file, and the file's growth shown elsewhere.

The descriptors point straight at the file, never through a pipe: whatever a process wrote is in its log even if
everything else dies in the same instant, and nobody's death can block or kill the writer.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import TextIO

from mag.record.tail import identify_file, read_from

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_POLL_SECONDS = 0.05


def open_log(path: str) -> int:
    """Open a log for appending and return its descriptor.

    Raises:
        OSError: It cannot be opened, or is a symbolic link.
    """
    return os.open(path, _APPEND, 0o666)


Streams = tuple[TextIO, TextIO]
"""Standard output and standard error of Python."""


def open_streams() -> Streams:
    """Return new streams onto the descriptors 1 and 2, wherever those lead when something is written."""
    return open_stream(1), open_stream(2)


def redirect(descriptor: int, streams: Streams) -> None:
    """Point this process's output at `descriptor` for good, as a child does that was just forked.

    Args:
        descriptor: The open log.
        streams: New ones, for what the parent had buffered in its own stays the parent's.
    """
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout, sys.stderr = streams
    vars(sys).update(__stdout__=sys.stdout, __stderr__=sys.stderr)


def open_stream(descriptor: int) -> TextIO:
    """Return a stream onto a descriptor: by lines, in the order in which Python, C and child processes write them."""
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)


def flush_streams() -> None:
    """Write what standard output and standard error hold, as far as that can be done."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # closed, or None in a process without a terminal
            continue


class Follower:
    """A thread that hands over what is appended to a file.

    Args:
        path: The file; it may come later.
        show: Gets each new chunk of bytes.
        offset: Where in the file to begin.
        fresh: Wait for a file other than the one that is there now, which belongs to an earlier attempt.
    """

    def __init__(self, path: str, show: Callable[[bytes], None], *, offset: int = 0, fresh: bool = False) -> None:
        self._path = path
        self._show = show
        self._offset = offset
        self._stale = identify_file(path) if fresh else None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="mag-log", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Hand over the rest and end."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _follow(self) -> None:
        while True:
            last = self._stopped.is_set()
            stale = self._stale is not None and identify_file(self._path) == self._stale
            chunks = [] if stale else read_from(self._path, self._offset)
            for chunk in chunks:
                self._offset += len(chunk)
                self._show(chunk)
            if not chunks:
                if last:
                    return
                self._stopped.wait(_POLL_SECONDS)


def trim_log(path: str, limit: int) -> None:
    """Shorten a log that has grown over `limit` bytes: a quarter from its beginning and a quarter from its end stay.

    Its writers append, so that they go on at the new end. What they write within the instant of shortening is lost.
    On a file system that refuses, it stays as it is.
    """
    with contextlib.suppress(OSError):
        _trim(os.open(path, os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)), limit)


def _trim(descriptor: int, limit: int) -> None:
    try:
        size = os.fstat(descriptor).st_size
        if size <= limit:
            return
        part = limit // 4
        end = os.pread(descriptor, part, size - part)
        os.ftruncate(descriptor, part)
        os.lseek(descriptor, 0, os.SEEK_END)
        os.write(descriptor, f"\nmag: {size - 2 * part} bytes were left out here\n".encode() + end)
    finally:
        os.close(descriptor)
