"""Batches as processes of this machine, which go on when the terminal is closed."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from mag.errors import LaunchError
from mag.launch.engine import Standing, take_options, write_command


class Background:
    """An engine without a queue: each batch is a process of this machine, in a session of its own."""

    limits = False

    def __init__(self, options: Mapping[str, str]) -> None:
        take_options(options, {}, "background")
        self._started: list[subprocess.Popen[bytes]] = []

    def submit(self, folder: Path, numbers: Sequence[int], *, most: int | None = None) -> dict[int, str]:  # noqa: ARG002  (there is no queue)
        """Start a process for each batch."""
        return {number: self._start(folder, number) for number in numbers}

    def _start(self, folder: Path, number: int) -> str:
        words = ["/bin/sh", "-c", f"exec {write_command(folder, str(number))}"]
        try:
            with open(folder / f"{number}.log", "ab") as log:
                started = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, close_fds=True
                )
        except OSError as error:
            raise LaunchError(f"No process can be started for batch {number}: {error.strerror}.") from error
        self._started.append(started)
        return f"{os.uname().nodename}:{started.pid}:{_read_start(started.pid)}"

    def poll(self, handles: Collection[str]) -> Mapping[str, Standing]:
        """Return which processes live; those of another machine are not known."""
        for started in self._started:
            started.poll()  # so that none of them stays a zombie
        return {handle: Standing("running") for handle in handles if _find(handle)}

    def cancel(self, handles: Collection[str], *, at_once: bool = False) -> None:
        """Send the processes SIGTERM, twice to end what they run at once."""
        for handle in handles:
            if pid := _find(handle):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT if at_once else signal.SIGTERM)

    def close(self) -> None:
        """Nothing is open."""


def _find(handle: str) -> int | None:
    """Return the number of the process of a handle, if it lives, on this machine."""
    host, _, rest = handle.rpartition(":")[0].rpartition(":")
    pid, start = int(rest), handle.rpartition(":")[2]
    return pid if host == os.uname().nodename and _read_start(pid) == start else None


def _read_start(pid: int) -> str:
    """Return when a process started, in ticks, which no later process of that number shares; empty if it is gone."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return "" if os.path.isdir("/proc/self") else _ask_ps(pid)
    return "" if words[0] == "Z" else words[19]


def _ask_ps(pid: int) -> str:
    """Return the same where there is no /proc, as on macOS."""
    words = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    state, _, start = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip().partition(" ")
    return "" if state.startswith("Z") else start.replace(":", ".").replace(" ", "")
