"""The import of an app: in a process of its own, and whether one is under way."""

import contextlib
import os
import pickle
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mag.errors import UsageError

Answer = TypeVar("Answer")


def read_apart(read: Callable[[], Answer], file: Path) -> Answer:
    """Return what a function returns that imports the app, called in a process of its own.

    So this process stays light, and has one thread, when it forks the fork server.

    Raises:
        UsageError: The app cannot be imported, or what it says cannot be used.
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
        raise UsageError(f"{file} ended the process that imported it to plan: nothing was started.")
    answer: Answer | UsageError = pickle.loads(content)  # noqa: S301 - from our own child
    if isinstance(answer, UsageError):
        raise answer
    return answer


def _answer(read: Callable[[], Any], pipe: int) -> typing.NoReturn:
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


def is_importing() -> bool:
    """Tell whether a module is being imported: not the program that runs, be it a script or an installed command."""
    frame = sys._getframe()  # noqa: SLF001 - the only way to know who calls
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
    return False
