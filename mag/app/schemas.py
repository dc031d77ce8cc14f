"""Schemas of an app that is not imported here: another process imports it and tells them."""

import contextlib
import os
import pickle
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mag.config.schema import Schemas
from mag.errors import UsageError


def read_apart(read: Callable[[], Schemas | None], file: Path) -> Schemas | None:
    """Return what a function returns that imports the app, called in a process of its own.

    So this process stays light, and has one thread, when it forks the fork server.

    Args:
        read: Imports the app and returns its schemas.
        file: The app's file, for messages.

    Raises:
        UsageError: The app cannot be imported, or its schemas cannot be used.
    """
    near, far = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(near)
        _answer(read, far)
    os.close(far)
    with open(near, "rb") as stream:
        content = stream.read()
    os.waitpid(pid, 0)
    if not content:
        raise UsageError(f"{file} ended the process that imported it for its schemas: nothing was started.")
    answer: Schemas | UsageError | None = pickle.loads(content)  # noqa: S301 - from our own child
    if isinstance(answer, UsageError):
        raise answer
    return answer


def _answer(read: Callable[[], Schemas | None], pipe: int) -> typing.NoReturn:
    """Write what a function returns, or raises, to a pipe, and end the process without its exit functions."""
    with contextlib.suppress(BaseException):
        os.dup2(2, 1)  # what an import prints is no data
        try:
            answer: Any = read()
        except UsageError as error:
            answer = UsageError(str(error))
        with open(pipe, "wb") as stream:
            stream.write(pickle.dumps(answer))
    os._exit(0)
