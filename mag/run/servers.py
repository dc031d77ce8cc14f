"""Servers that import the app: the fork server, or this process for debuggers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from mag.run.forkserver import ForkServer
from mag.run.tasks import Function

if TYPE_CHECKING:
    from mag.run.in_process import Examine, InProcessServer

AppServer: TypeAlias = "ForkServer | InProcessServer"


@contextmanager
def open_server(
    load: Callable[[], Function],
    examine: "Examine | None" = None,
    *,
    portable: Callable[[], Function] | None = None,
    start_method: str | None = None,
) -> Iterator[AppServer]:
    """Lend what will import the app when it is started, and end it with the block; best before there is a plan.

    Args:
        load: Imports the app and returns the user's function; called in a process of its own.
        examine: Experiments are run in this process instead, and this is shown what ended one that failed.
        portable: The same as `load`, as a fresh interpreter can be given it.
        start_method: How experiments are started; None for by fork unless that is unsafe.
    """
    if examine is None:
        server: AppServer = ForkServer(load, portable, start_method)
    else:
        from mag.run.in_process import InProcessServer  # noqa: PLC0415  (it brings the debugger)

        server = InProcessServer(load, examine)
    try:
        yield server
    finally:
        server.close()
