"""The tail: reading a log that may be long, and may still grow."""

import os
import time
from collections.abc import Callable
from typing import BinaryIO

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_POLL_SECONDS = 0.05
_CHUNK = 1 << 16

_LAST_BYTES = 4096


def identify_file(path: str | int) -> tuple[int, int] | None:
    """Return what tells a file from one that took its place, None where there is none.

    Args:
        path: The file's path or descriptor.
    """
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

    Args:
        path: The file.
        lines: How many; what follows the last line end counts as one.

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


def follow_log(path: str, show: Callable[[bytes], None], is_over: Callable[[], bool], *, offset: int = 0) -> None:
    """Hand over a growing log until `is_over` says that nobody writes it any more.

    One that is set aside meanwhile, for that of another attempt, is handed over to its end, then the new one. Of one
    that is shortened, what it grows by after that.

    Args:
        path: The log; it may come later.
        show: Gets each new chunk of bytes.
        is_over: Tells whether the writer is gone.
        offset: Where to begin.

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
                time.sleep(_POLL_SECONDS)
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
