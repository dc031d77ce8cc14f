"""Capacity: how many experiments at a time this machine, and this process, have room for."""

import os
import resource
import sys

_SPARE_FILES = 8  # that the runner opens besides: logs, records, the other end of a new connection


def count_cpus() -> int:
    """Return how many CPUs this process may use, by affinity and by the quota of its control group."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(count, _read_quota() or count))


def count_room() -> int:
    """Return how many experiments at a time this process may have connections to, by the files it may have open."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed == resource.RLIM_INFINITY:
        return sys.maxsize
    try:
        taken = len(os.listdir("/dev/fd"))
    except OSError:
        taken = 0
    return max(1, allowed - taken - _SPARE_FILES)


def _read_quota() -> int | None:
    for path in ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"):
        try:
            with open(path, encoding="ascii") as file:
                words = file.read().split()
            period = int(words[1]) if len(words) > 1 else 100_000
            return -(-int(words[0]) // period) if int(words[0]) > 0 else None
        except (OSError, ValueError, IndexError):
            continue
    return None
