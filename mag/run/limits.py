"""Limits: what an experiment may use, and the guard that ends it when it uses more."""

import contextlib
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mag.clock import count_seconds
from mag.disk import files, locks
from mag.errors import RecordError
from mag.record.log import trim_log
from mag.record.paths import ExperimentPaths
from mag.record.records import Status

if TYPE_CHECKING:
    from mag.run.stop_condition import StopCondition


LOOK_SECONDS = 30.0
"""When an experiment that has done nothing yet is looked at."""
_OFTEN = 0.25
"""Seconds between looks at memory, which can grow quickly, at metrics, and at a log that is limited."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one experiment may cost; None is no limit.

    Attributes:
        timeout: Seconds that it may run.
        stall: Seconds that it may neither print, nor log a metric, nor register a result.
        memory: Bytes of memory that it and the processes it started may hold together.
        log: Bytes that its log may have; of a longer one the beginning and the end are kept.
        stop_if: A condition over the metrics that it logs; it is ended when that holds.
    """

    timeout: float | None = None
    stall: float | None = None
    memory: int | None = None
    log: int | None = None
    stop_if: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """Why mag ended an experiment.

    Attributes:
        status: What the record is to say.
        kind: The kind of the error, in a word.
        message: The rest of it, in a sentence.
    """

    status: Status
    kind: str
    message: str


STOPPED = Reason("interrupted", "stopped", "Ctrl-C, `mag stop` or a signal ended it")


class Guard:
    """Watches over one attempt."""

    def __init__(
        self,
        limits: Limits,
        paths: ExperimentPaths,
        pid: int,
        reaper: int,
        elapsed: float = 0.0,
        *,
        imports: bool = False,
        look: Callable[[], None] | None = None,
    ) -> None:
        self._limits = limits
        self._paths = paths
        self._pid = pid
        self._reaper = reaper
        self._moved = count_seconds()
        self._began = self._moved - elapsed
        self._seen: tuple[tuple[int, int], ...] = ()
        self._condition = _follow(limits.stop_if, paths)
        self._imports = imports
        self._look = look

    def check(self) -> tuple[Reason | None, float | None]:
        """Return why the attempt has to end now, if it has to, and in how many seconds to look again."""
        limits, now = self._limits, count_seconds()
        looks = [_OFTEN] if self._is_importing(now) else []
        looks += self._await_look(now)
        if limits.log is not None:
            trim_log(self._paths.log, limits.log)
            looks.append(_OFTEN)
        if limits.timeout is not None:
            looks.append(self._began + limits.timeout - now)
            if looks[-1] <= 0:
                return Reason("timeout", "timeout", f"it ran longer than {describe_seconds(limits.timeout)}"), None
        if limits.stall is not None:
            looks.append(self._last_movement(now) + limits.stall - now)
            if looks[-1] <= 0:
                quiet = describe_seconds(limits.stall)
                return Reason("timeout", "stall", f"it neither printed nor logged anything for {quiet}"), None
        if limits.memory is not None:
            looks.append(_OFTEN)
            held = measure_memory(self._pid, self._reaper)
            if held > limits.memory:
                much = f"{held / 2**20:.0f} MB of memory, more than the {limits.memory / 2**20:.0f} MB allowed"
                return Reason("killed", "memory", f"it held {much}"), None
        if self._condition is not None:
            looks.append(_OFTEN)
            if self._condition.look():
                return Reason("failed", "stop-if", self._condition.describe()), None
        return None, min(looks, default=None)

    def _is_importing(self, now: float) -> bool:
        """Tell whether the app is being imported; that may take as long as the experiment, which begins after it."""
        if self._imports and locks.read_holder(self._paths.lock) == self._pid:
            self._imports, self._began, self._moved = False, now, now
        return self._imports

    def _await_look(self, now: float) -> list[float]:
        """Look once whether it has begun to do something; return in how many seconds that is due."""
        if self._look is None:
            return []
        if now < self._began + LOOK_SECONDS:
            return [self._began + LOOK_SECONDS - now]
        look, self._look = self._look, None
        look()
        return []

    def announce_end(self) -> None:
        """Note that the experiment is being ended, before it is asked to: what it returns then may be incomplete."""
        with contextlib.suppress(RecordError):  # on a full disk, one that returns nonetheless counts as completed
            files.write_file(self._paths.stop, b"")

    def settle(self) -> None:
        """Apply the limits to an experiment that has ended, since its log may have grown since the last look."""
        if self._limits.log is not None:
            trim_log(self._paths.log, self._limits.log)

    def remark(self, *, completed: bool) -> str | None:
        """Return a remark on a condition that did not end the attempt."""
        return None if self._condition is None else self._condition.remark(completed=completed)

    def _last_movement(self, now: float) -> float:
        stamps = tuple(_stamp(path) for path in (self._paths.log, self._paths.metrics, self._paths.results))
        if stamps != self._seen:
            self._seen, self._moved = stamps, now
        return self._moved


def _follow(stop_if: str | None, paths: ExperimentPaths) -> "StopCondition | None":
    if stop_if is None:
        return None
    from mag.run.stop_condition import StopCondition  # noqa: PLC0415  (few sweeps have one)

    return StopCondition(stop_if, paths.metrics)


def _stamp(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def describe_seconds(seconds: float) -> str:
    """Return a duration in words.

    >>> describe_seconds(7200), describe_seconds(90), describe_seconds(0.5)
    ('2 h', '90 s', '0.5 s')
    """
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def measure_memory(pid: int, reaper: int) -> int:
    """Return how many bytes of memory an experiment holds, the files that its processes map not counted."""
    below = list_tree(reaper)[1:]
    return sum(_measure_one(each) for each in (below if pid in below else list_tree(pid)))


def list_tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found, ahead = [], [pid]
    while ahead:
        each = ahead.pop()
        found.append(each)
        try:
            tasks = os.listdir(f"/proc/{each}/task")
            texts = [Path(f"/proc/{each}/task/{task}/children").read_text(encoding="ascii") for task in tasks]
        except OSError:
            continue
        ahead += [int(word) for text in texts for word in text.split()]
    return found


def _measure_one(pid: int) -> int:
    try:
        words = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return (int(words[1]) - int(words[2])) * _PAGE


class OomCounter:
    """Tells whether the kernel has killed a process of this control group, since memory ran out, after the last look.

    Nothing is read until a process has been killed, and how often it had happened before is read at the start.
    """

    def __init__(self) -> None:
        self._path = _find_counter()
        self._seen = _read_count(self._path)

    def has_grown(self) -> bool:
        """Look, and tell."""
        before, self._seen = self._seen, _read_count(self._path)
        return self._seen > before


def _find_counter() -> str:
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        return ""
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            return f"/sys/fs/cgroup{path}/memory.events"
        if "memory" in controllers.split(","):
            return f"/sys/fs/cgroup/memory{path}/memory.oom_control"
    return ""


def _read_count(path: str) -> int:
    try:
        words = Path(path).read_text(encoding="ascii").split()
        return int(words[words.index("oom_kill") + 1])
    except (OSError, ValueError, IndexError):
        return 0
