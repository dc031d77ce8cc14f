"""Memory: how much a process tree holds, and whether the kernel has killed for want of it (Linux)."""

import os
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def measure_memory(pid: int) -> int:
    """Return how many bytes of memory a process and its descendants hold, the files that they map not counted."""
    return sum(_measure_one(each) for each in list_tree(pid))


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


def count_oom_kills() -> int:
    """Return how many processes of this control group the kernel has killed since memory ran out."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            return _read_count(f"/sys/fs/cgroup{path}/memory.events")
        if "memory" in controllers.split(","):
            return _read_count(f"/sys/fs/cgroup/memory{path}/memory.oom_control")
    return 0


def _read_count(path: str) -> int:
    try:
        words = Path(path).read_text(encoding="ascii").split()
        return int(words[words.index("oom_kill") + 1])
    except (OSError, ValueError, IndexError):
        return 0
