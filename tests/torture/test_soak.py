"""Laws of a runner at full load."""

import os
import time
from pathlib import Path

from tests.torture.arena import FULL, Arena, list_children

SECONDS, SIZE = (600, 400_000) if FULL else (20, 100_000)


def measure(pid: int) -> tuple[int, int, int]:
    """Return the resident memory in pages, the open files and the threads of a process."""
    folder = Path(f"/proc/{pid}")
    pages = int((folder / "statm").read_text().split()[1])
    return pages, len(os.listdir(folder / "fd")), len(os.listdir(folder / "task"))


def test_nothing_grows(arena: Arena) -> None:
    """However many experiments have run, the runner has as much memory, files and threads; after it, nothing lives."""
    with arena.begin("sweep", f"+i=range(0,{SIZE})", "-j", "4", seconds=0.0) as runner:
        while len(arena.read_ledger()) < 400:
            time.sleep(0.1)
        first, processes = measure(runner.pid), len(list(list_children(runner.pid)))
        time.sleep(SECONDS)
        last, processes_last = measure(runner.pid), len(list(list_children(runner.pid)))
        runner.terminate()
        assert runner.wait() == 143
    arena.settle()
    ran = len(arena.count("end"))

    assert last[0] <= first[0] * 1.25 + 2000, f"pages from {first[0]} to {last[0]} in {ran} experiments"
    assert last[1] <= first[1] + 4
    assert last[2] <= first[2] + 1
    assert processes_last == processes == 1
    assert arena.list_temporaries() == []
    print(f"{ran} experiments; pages, files, threads: {first} then {last}")
