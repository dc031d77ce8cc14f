"""What has the app imported: the fork server, or this very process for debuggers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from mag.run.forkserver import ForkServer
from mag.run.tasks import Function

if TYPE_CHECKING:
    from mag.run.in_process import Examine, InProcessServer

AppServer: TypeAlias = "ForkServer | InProcessServer"


@contextmanager
def open_server(load: Callable[[], Function], examine: "Examine | None" = None) -> Iterator[AppServer]:
    """Lend what will import the app when it is started, and end it with the block; best before there is a plan."""
    if examine is None:
        server: AppServer = ForkServer(load)
    else:
        from mag.run.in_process import InProcessServer  # noqa: PLC0415  (it brings the debugger)

        server = InProcessServer(load, examine)
    try:
        yield server
    finally:
        server.close()
