"""Memory: how much a process tree holds, and whether the kernel has killed for want of it (Linux)."""

import os
from pathlib import Path

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
