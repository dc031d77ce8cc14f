"""The capture: sends this process's own output to a log while a block of `Experiment` runs.

Descriptors 1 and 2 are the process's, whoever else uses them; so is what this module remembers of them.
"""

import codecs
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TextIO

from mag.record.log import LogFollower, Streams, flush_streams, open_log, open_stream


class Capture:
    """This process's output on a log for a while, and still on the terminal.

    A process has one output: of captures that overlap, in threads say, each gets what is written while it is the
    latest, and in whatever order they end, output goes in the end where it went before the first.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._saved: tuple[int, int] | None = None
        self._streams: Streams | None = None
        self._follower: LogFollower | None = None

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
                self._follower = LogFollower(self._path, _choose_display(saved, sys.stdout), offset=size)
                self._streams = (sys.stdout, sys.stderr)
                sys.stdout, sys.stderr = open_stream(1), open_stream(2)
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
        """Take over what the capture before this one would restore; return where its descriptors are kept."""
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
    """Return what shows the bytes of the log where this process showed its output before."""
    try:
        is_elsewhere = stream is not None and stream.fileno() != 1
    except (OSError, ValueError, AttributeError):
        is_elsewhere = True
    if stream is None or not is_elsewhere:
        return lambda chunk: _write_quietly(saved, chunk)
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    return lambda chunk: _print_quietly(stream, decoder.decode(chunk))


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
