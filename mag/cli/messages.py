"""Messages to the user on standard error; a closed pipe or a full disk does no harm."""

import contextlib
import os
from collections.abc import Iterator
from typing import IO, Any

import click


def say(text: str) -> None:
    """Print a message; a closed pipe (`2>&1 | head -1`) or a full disk is no reason to stop a sweep."""
    with _bearing_loss():
        click.echo(text, err=True)


@contextlib.contextmanager
def _bearing_loss() -> Iterator[None]:
    try:
        yield
    except OSError:  # EIO, too, where a terminal was closed
        silence(2)


class Listener:
    """Standard error as a stream for libraries; losing it does no harm."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, unless nobody listens."""
        with _bearing_loss():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Pass on what was written, unless nobody listens."""
        with _bearing_loss():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def silence(number: int) -> None:
    """Point a descriptor that can no longer be written to at nowhere, so that what is buffered does no harm."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
