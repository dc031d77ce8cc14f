"""The log: file descriptors 1 and 2 of a process on a file, and the file's growth shown elsewhere.

The descriptors point straight at the file, never through a pipe: whatever a process wrote is in its log even if
everything else dies in the same instant, and nobody's death can block or kill the writer.
"""

import codecs
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
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
    return _open_stream(1), _open_stream(2)


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


def _open_stream(descriptor: int) -> TextIO:
    # line-buffered, so that lines stand in the order in which Python, C and child processes wrote them
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)


class Capture:
    """This process's output on a log for a while, and still on the terminal.

    A process has one output: of captures that overlap, in threads say, each gets what is written while it is the
    latest, and in whatever order they end, output goes in the end where it went before the first.

    Args:
        path: The log; opened by `start`.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._saved: tuple[int, int] | None = None
        self._streams: tuple[TextIO, TextIO] | None = None
        self._follower: Follower | None = None

    def start(self) -> None:
        """Begin: all that is written from here on is in the log, and is shown where it was shown before.

        Raises:
            OSError: The log cannot be opened, or the system has no room for it; output goes where it went before.
            RuntimeError: It has no room for a thread, likewise.
        """
        flush_streams()
        with _turn:
            descriptor = open_log(self._path)
            try:
                size = os.fstat(descriptor).st_size
                saved = os.dup(1)
                self._saved = (saved, _dup_or_close(2, saved))
                self._follower = Follower(self._path, _choose_display(saved, sys.stdout), offset=size)
                self._streams = (sys.stdout, sys.stderr)
                sys.stdout, sys.stderr = _open_stream(1), _open_stream(2)
                for number in (1, 2):
                    os.dup2(descriptor, number)
            finally:
                os.close(descriptor)
            _overlapping.append(self)
        try:
            self._follower.start()
        except RuntimeError:
            self.stop()
            raise

    def stop(self) -> None:
        """End: output goes where it went before."""
        if self not in _overlapping or self._saved is None or self._streams is None or self._follower is None:
            return
        flush_streams()
        with _turn:
            place = _overlapping.index(self)
            _overlapping.remove(self)
            later = _overlapping[place] if place < len(_overlapping) else None
            heirs = (1, 2) if later is None else later.inherit(self._streams)
            for saved, heir in zip(self._saved, heirs, strict=False):
                with contextlib.suppress(OSError):  # the block has closed all that was open
                    os.dup2(saved, heir)
            if later is None:
                sys.stdout, sys.stderr = self._streams
        self._follower.stop()
        for saved in self._saved:
            with contextlib.suppress(OSError):
                os.close(saved)
        self._saved = None

    def inherit(self, streams: Streams) -> tuple[int, ...]:
        """Have this one restore what the one before it would have; return where descriptors are kept until then."""
        self._streams = streams
        return self._saved or ()

    @contextlib.contextmanager
    def suspend(self) -> Iterator[None]:
        """Let output go where it went before while the block runs, as a debugger's prompt must."""
        if self._saved is None:
            yield
            return
        self.stop()
        try:
            yield
        finally:
            self.start()


_overlapping: list[Capture] = []
"""Those that go on, the first first: what they share, the descriptors 1 and 2, is the process's as well."""
_turn = threading.Lock()


def _dup_or_close(descriptor: int, other: int) -> int:
    try:
        return os.dup(descriptor)
    except OSError:
        os.close(other)
        raise


def _choose_display(saved: int, stream: TextIO | None) -> Callable[[bytes], None]:
    """Return what shows the bytes of the log where this process showed its output before.

    Args:
        saved: Where descriptor 1 led.
        stream: Standard output as Python saw it: on that descriptor, or leading elsewhere, as in a notebook.
    """
    try:
        is_elsewhere = stream is not None and stream.fileno() != 1
    except (OSError, ValueError, AttributeError):
        is_elsewhere = True
    if stream is None or not is_elsewhere:
        return lambda chunk: _write_quietly(saved, chunk)
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    return lambda chunk: _print_quietly(stream, decoder.decode(chunk))


def flush_streams() -> None:
    """Write what standard output and standard error hold, as far as that can be done."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # closed, or None in a process without a terminal
            continue


def _print_quietly(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):  # it was closed meanwhile
        return


def _write_quietly(descriptor: int, chunk: bytes) -> None:
    try:
        while chunk:
            chunk = chunk[os.write(descriptor, chunk) :]
    except OSError:  # nobody looks any more; the log has it all
        return


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
