"""Laws of every single system call: whichever is the last or fails, the state is the old one or the new one."""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.arena import FULL, Arena

ORDER = ("sweep", "+i=0", "-j", "1")
CALLS = ("write", "pwrite64", "fsync", "rename", "link", "openat", "mkdir", "unlink", "ftruncate")
FAULTS = {"kill": "signal=SIGKILL", "full": "error=ENOSPC", "broken": "error=EIO"}
REASONS = {"full": os.strerror(28), "broken": os.strerror(5)}
ROLES = ("runner", "supervisor", "child")
SAMPLE, MOST = 2, {"write": 12, "openat": 24, "unlink": 4}


def list_moments(dice: random.Random) -> Iterator[tuple[str, int]]:
    """Yield which call is to be spoiled, and its number: all of them, or some."""
    if FULL:
        yield from ((call, n) for call in CALLS for n in range(1, MOST.get(call, 5) + 1))
    else:
        for call in ("openat", "openat", *dice.sample(CALLS, SAMPLE)):
            yield call, dice.randint(1, MOST.get(call, 3))


def list_of_runner(folder: Path, call: str) -> list[int]:
    """Return which of the runner's calls of that name have to do with the store, found by watching it once."""
    home = folder / "watched"
    home.mkdir()
    watched, seen = Arena(home), home / "seen"
    watched.run(*ORDER)
    shutil.rmtree(watched.store)
    watched.run(*ORDER, before=("strace", "-y", "-o", str(seen), "-e", f"trace={call}"))
    lines = [line for line in seen.read_text().splitlines() if line.startswith(call)]
    shutil.rmtree(home)
    return [n for n, line in enumerate(lines, 1) if "experiments" in line]


def spoil(arena: Arena, order: tuple[str, ...], role: str, fault: str, moment: tuple[str, int]) -> int:
    """Run the sweep with that one call of that process spoiled; return its exit status."""
    call, n = moment
    trace: tuple[str, ...] = ("strace", "-qq", "-o", str(arena.home / "trace"), "-e", f"trace={call}")
    trace += ("-e", f"inject={call}:{FAULTS[fault]}:when={n}")
    if role == "runner":
        return arena.run(*order, before=trace)
    follow = ("-f",) if role == "supervisor" else ()
    return arena.run(*order, TRACE=" ".join((*trace, *follow)), TRACE_ROLE=role)


def check(arena: Arena, code: int, fault: str) -> None:
    """Check what a spoiled sweep left: nothing that cannot be read, nothing that lies, the reason said."""
    said = arena.read_words()
    stored = arena.read_store()
    if [e.status for e in stored.values()] == ["completed"]:
        assert arena.count("end")
    else:
        assert code != 0
    if code > 0 and fault in REASONS:
        reasons = [e.record.error["message"] for e in stored.values() if e.record and e.record.error]
        assert REASONS[fault] in "".join((said, *reasons))  # what is said is cut to a line
    assert "mag itself failed" not in said


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("before", ["new", "again", "forced"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("role", ROLES)
def test_any_call_may_be_the_last(tmp_path: Path, dice: random.Random, role: str, fault: str, before: str) -> None:
    """Whichever call kills the process or fails, nothing lies, and the next run completes and cleans up."""
    moments = list(list_moments(dice))
    if role == "runner":
        found = [(call, n) for call in dict(moments) for n in list_of_runner(tmp_path, call)]
        moments = found if FULL else dice.sample(found, min(SAMPLE, len(found)))
    for number, (call, n) in enumerate(moments):
        home = tmp_path / str(number)
        home.mkdir()
        arena = Arena(home)
        if before != "new":
            assert arena.run(*ORDER, FAIL="1" if before == "again" else "") == (1 if before == "again" else 0)
            (home / "words").unlink()
        order = (*ORDER, "--force") if before == "forced" else ORDER
        code = spoil(arena, order, role, fault, (call, n))
        arena.settle()
        where = f"{call} {n}: exit {code}; {arena.read_words()}"
        print(where)
        check(arena, code, fault)
        assert arena.run(*ORDER) == 0, where + arena.read_words()
        arena.judge(1, exact=False)
