"""The log: descriptors 1 and 2 of a process on a file, and reading a log that may be long and may still grow."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import BinaryIO, TextIO

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
    """Point this process's output at `descriptor` for good, as a child does that was just forked."""
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


class LogFollower:
    """A thread that hands over what is appended to a file."""

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


_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_FOLLOW_SECONDS = 0.05
_CHUNK = 1 << 16

_LAST_BYTES = 4096


def identify_file(path: str | int) -> tuple[int, int] | None:
    """Return what tells a file from one that took its place, None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def read_from(path: str, offset: int) -> "list[bytes]":
    """Return what the file at `path` holds after `offset`, at most some megabytes of it, in chunks."""
    file = _open_to_read(path)
    if file is None:
        return []
    with file:
        file.seek(offset)
        return [chunk for _ in range(64) if (chunk := file.read(_CHUNK))]


def _open_to_read(path: str) -> BinaryIO | None:
    """Return the open file, None where there is none; a link is not followed, and a pipe not waited for."""
    try:
        return open(os.open(path, _READ), "rb", buffering=0)
    except FileNotFoundError:
        return None


def find_tail(path: str, lines: int) -> int:
    """Return where in the file at `path` the last so many lines begin.

    Raises:
        OSError: It cannot be read.
    """
    file = _open_to_read(path)
    if file is None:
        return 0
    with file:
        end = start = file.seek(0, os.SEEK_END)
        missing = lines + 1
        while start:
            block = min(_CHUNK, start)
            start -= block
            file.seek(start)
            data = file.read(block)
            if start + block == end and not data.endswith(b"\n"):
                missing -= 1
            if data.count(b"\n") >= missing:
                return start + _find_from_end(data, missing) + 1
            missing -= data.count(b"\n")
    return 0


def _find_from_end(data: bytes, count: int) -> int:
    """Return the place of the last line end but `count - 1`; the end of the data for none."""
    place = len(data)
    for _ in range(count):
        place = data.rindex(b"\n", 0, place)
    return place if count else len(data) - 1


def count_lines(path: str, offset: int = 0) -> int:
    """Return how many lines follow `offset`, one that has not ended yet among them.

    Raises:
        OSError: It cannot be read.
    """
    file = _open_to_read(path)
    if file is None:
        return 0
    count, last = 0, b"\n"
    with file:
        file.seek(offset)
        while chunk := file.read(_CHUNK):
            count, last = count + chunk.count(b"\n"), chunk[-1:]
    return count + (last != b"\n")


def ends_line(path: str) -> bool:
    """Tell whether what is appended to a log begins a line."""
    file = _open_to_read(path)
    if file is None:
        return True
    with file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        return file.read(1) in {b"", b"\n"}


def follow_log(path: str, show: Callable[[bytes], None], is_over: Callable[[], bool], *, offset: int = 0) -> None:
    """Hand over a growing log until `is_over` says that nobody writes it any more.

    One that is set aside meanwhile, for that of another attempt, is handed over to its end, then the new one. Of one
    that is shortened, what it grows by after that.

    Raises:
        OSError: It cannot be read.
    """
    file = None
    try:
        while True:
            over = is_over()
            if file is None and (file := _open_to_read(path)):
                file.seek(offset)
            if file and (chunk := file.read(_CHUNK)):
                show(chunk)
            elif file and identify_file(path) not in {None, identify_file(file.fileno())}:
                file.close()
                file, offset = None, 0
            elif file and os.fstat(file.fileno()).st_size < file.tell():  # it was shortened
                file.seek(0, os.SEEK_END)
            elif over:
                return
            else:
                time.sleep(_FOLLOW_SECONDS)
    finally:
        if file:
            file.close()


def read_last_line(path: str) -> str:
    """Return the last line of a log that is not blank, "" if there is none."""
    file = _open_to_read(path)
    if file is None:
        return ""
    with file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
