"""The engine: a program that schedules. It is given batches of tasks, and asked whether they may still come.

What becomes of experiments it is never asked: their records tell.
"""

import dataclasses
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from mag.errors import UsageError
from mag.suggestion import list_names, name_nearest


class Standing(NamedTuple):
    """How a batch stands.

    Attributes:
        phase: "queued", "running", or "over": then it comes no more.
        cause: Why it ended before its time, where the engine tells: "timeout", "preempted", "oom", "node failure",
            "cancelled"; None for no such reason.
        said: The engine's own words for that.
    """

    phase: str
    cause: str | None = None
    said: str | None = None


class Engine(Protocol):
    """A program that schedules.

    Attributes:
        limits: Whether it heeds how many batches are to run at a time; if not, no more are handed to it.

    A handle is a text that the engine knows a batch by; it is kept with the sweep, and any later process may use it.
    """

    limits: bool

    def submit(self, folder: Path, numbers: Sequence[int], *, most: int | None = None) -> dict[int, str]:
        """Have batches run, `most` of them at a time; return the handle of each by its number.

        Raises:
            LaunchError: The engine refused, in its own words; some may have been taken, which the error holds.
        """

    def poll(self, handles: Collection[str]) -> Mapping[str, Standing]:
        """Return how batches stand; those that the engine no longer knows are left out."""

    def cancel(self, handles: Collection[str], *, at_once: bool = False) -> None:
        """End batches: queued ones are not started, running ones are sent SIGTERM; or SIGKILL, at once."""

    def close(self) -> None:
        """Let go of the engine; batches stay as they are."""


@dataclasses.dataclass(frozen=True, slots=True)
class EngineRequest:
    """Which engine runs the experiments of a sweep, and how.

    Attributes:
        name: The engine.
        options: What its settings and the command line say to it.
        per_task: How many experiments a batch has; None for as many as seem right.
        detach: Whether the command ends when all is submitted.
        gpus: Which GPUs experiments get where they run, how many each, and how many share one; None for none.
    """

    name: str
    options: Mapping[str, str]
    per_task: int | None = None
    detach: bool = False
    gpus: tuple[str, int, int] | None = None


def take_options(options: Mapping[str, str], known: Mapping[str, str], engine: str) -> dict[str, str]:
    """Return options with their defaults.

    Raises:
        UsageError: One is unknown.
    """
    for name in options:
        if name not in known:
            near = name_nearest(name, known)
            hint = f"did you mean {near!r}?" if near else f"there are {list_names(known)}."
            raise UsageError(f"The launcher {engine} has no option {name!r}: {hint}")
    return {**known, **options}


def write_command(folder: Path, number: str) -> str:
    """Return the command that runs a batch, for a shell, which may have a variable in the place of the number."""
    return (
        f"env PYTHONHASHSEED=0 {shlex.quote(sys.executable)} -m mag.sweeps.worker {shlex.quote(str(folder))} {number}"
    )
