"""Fresh interpreters: started from one of mag's processes, with the same places to import from and the same app."""

import contextlib
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from mag.errors import UsageError
from mag.run.messages import receive_bytes
from mag.run.randomness import States
from mag.run.tasks import Function

Load = Callable[[], Function]
"""Imports the app and returns the user's function."""


class InterpreterSetup(NamedTuple):
    """What a fresh interpreter is told first.

    Attributes:
        arguments: The words of the command line, as the app may read them.
        load: A pickle of what imports the app.
        own: The random states that the calling program has set.
        import_seed: What random generators begin with while the app is imported; None where that comes later.
    """

    arguments: list[str]
    load: bytes
    own: States
    import_seed: int | None = None

    def pack(self) -> bytes:
        """Return it as `read_setup` takes it."""
        return pickle.dumps(tuple(self))


def read_setup(connection: socket.socket) -> InterpreterSetup | None:
    """Return the setup that the parent sends; None where the parent is gone."""
    data = receive_bytes(connection)
    if data is None:
        return None
    setup = InterpreterSetup(*pickle.loads(data))  # noqa: S301  (from mag's own process)
    sys.argv[:] = setup.arguments
    return setup


def pack_load(load: Load) -> bytes:
    """Return a pickle of what imports the app; a function of `__main__` is in it as a whole.

    Raises:
        UsageError: It holds what no other process can be given.
    """
    import cloudpickle  # noqa: PLC0415  (joblib's, which most runs do without)

    try:
        return cloudpickle.dumps(load)  # type: ignore[no-any-return]
    except Exception as error:
        raise UsageError(
            f"The function cannot be given to a fresh interpreter ({error}): define it in a module of its own, make "
            f"what it uses inside of it, or say start_method='fork' or, for mag.sweep, n_jobs=1."
        ) from error


def load_function(pickled: bytes) -> Function:
    """Import the app and return the user's function.

    Raises:
        Exception: Whatever the app raises.
    """
    function: Any = pickle.loads(pickled)()  # noqa: S301  (from mag's own process)
    if getattr(function, "__module__", None) == "__main__":  # where pickle looks for its classes
        names = getattr(function, "__globals__", {})
        vars(sys.modules["__main__"]).update({key: names[key] for key in names if not key.startswith("__")})
    return function  # type: ignore[no-any-return]


def start_interpreter(
    module: str,
    connection: socket.socket,
    *,
    variables: Iterable[tuple[str, str]] = (),
    session: bool = False,
    quiet: bool = False,
) -> int:
    """Start `main` of one of mag's modules in a fresh interpreter, and return its process number.

    Args:
        module: The module.
        connection: The socket that `main` is given, which is closed here.
        variables: Added to its environment.
        session: Have it in a session of its own.
        quiet: Have what it prints go nowhere, until it redirects that itself.

    Raises:
        OSError: The system has no room for a process.
    """
    code = f"import sys; sys.path[:] = {sys.path!r}; from {module} import main; main({connection.fileno()})"
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
    output = subprocess.DEVNULL if quiet else 2
    with connection:
        process = subprocess.Popen(
            [sys.executable, *flags, "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[connection.fileno()],
            env={"PYTHONHASHSEED": "0", **os.environ, **dict(variables)},
            start_new_session=session,
        )
    process.returncode = 0  # others wait for it
    return process.pid


def end_interpreter(pid: int) -> int:
    """Wait for an interpreter that ends, and return how it did, as `os.waitstatus_to_exitcode` has it."""
    with contextlib.suppress(ChildProcessError):
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return 0
