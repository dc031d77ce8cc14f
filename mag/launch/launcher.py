"""The launcher: what brings the tasks of a plan to running processes, here or through an engine."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from mag.run.tasks import Outcome, Task


class Launcher(Protocol):
    """Runs tasks; all launchers keep one contract, which one test states over all of them."""

    @property
    def is_ending(self) -> bool:
        """Whether nothing more is started."""

    def launch(self, tasks: Iterable[Task], /) -> Iterator[Outcome]:
        """Run the tasks, and yield what became of each, once, in the order in which they end."""

    def adjust(self, *, jobs: int | None, paused: bool) -> int:
        """Run another number at a time (None: as at the start), or start none for now; return how many it is."""

    def stop(self) -> None:
        """Start nothing more and stop what runs: with a grace period, or at once when called again."""

    def close(self) -> None:
        """Let go of everything that was opened for it."""
