"""Laws of experiments, supervisors and fork servers that are killed."""

import os
import random
import signal
import time
from pathlib import Path

from tests.torture.arena import FULL, Arena, Entry, list_children, read_start

SIZE, KILLS = (2000, 1000) if FULL else (80, 25)
ORDER = ("sweep", f"+i=range(0,{SIZE})", "-j", "4")


def read_parent(pid: int) -> int | None:
    """Return the parent of a process; None if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def kill(pid: int | None) -> bool:
    """Send SIGKILL; return whether there was somebody to get it."""
    try:
        os.kill(pid or 0, signal.SIGKILL) if pid and pid > 1 else None
    except ProcessLookupError:
        return False
    return bool(pid and pid > 1)


def choose(arena: Arena, dice: random.Random, spared: set[int]) -> Entry | None:
    """Return an experiment that lives and has not been hit before."""
    alive = [entry for entry in arena.list_alive() if entry.number not in spared]
    return dice.choice(alive) if alive else None


def test_an_experiment_that_is_killed_costs_itself(arena: Arena, dice: random.Random) -> None:
    """Killed experiments are recorded as killed by SIGKILL, the others complete; again does what is left."""
    hit = set[int]()
    with arena.begin(*ORDER, seconds=0.1) as runner:
        while runner.poll() is None and len(hit) < KILLS:
            time.sleep(dice.random() * 0.05)
            if (target := choose(arena, dice, hit)) and kill(target.pid):
                hit.add(target.number)
        assert runner.wait() == 1
    stored = arena.read_store()
    killed = {i: e for i, e in stored.items() if e.status == "killed"}

    assert killed
    assert set(killed) <= hit, "another was taken for killed"
    assert hit - set(killed) <= set(arena.count("end")), "one that was killed before its end passes for completed"
    assert {e.record.exit["signal"] for e in killed.values() if e.record} == {9}
    assert {e.status for i, e in stored.items() if i not in killed} == {"completed"}
    assert arena.run(*ORDER) == 0
    arena.judge(SIZE)
    print(f"{len(hit)} kills, {len(killed)} recorded, {SIZE} experiments")


def find_supervisor(pid: int, server: int | None) -> int | None:
    """Return the supervisor of an experiment, below a fork server; None if one of them is gone."""
    supervisor = read_parent(pid)
    return supervisor if supervisor and server and read_parent(supervisor) == server else None


def test_an_experiment_survives_what_started_it(arena: Arena, dice: random.Random) -> None:
    """An experiment whose supervisor is killed goes on and is published, and so do the others.

    Where a supervisor is killed between claiming and starting, the experiment is started again.
    """
    hit = set[int]()
    with arena.begin(*ORDER, seconds=0.1) as runner:
        while runner.poll() is None and len(hit) < KILLS:
            time.sleep(dice.random() * 0.05)
            target = choose(arena, dice, hit)
            server = next(list_children(runner.pid), None)
            if target and kill(find_supervisor(target.pid, server)):
                hit.add(target.number)
        code = runner.wait()

    assert hit
    assert code == 0, arena.read_words()[-2000:]
    arena.judge(SIZE, exact=False)
    assert set(arena.count("start").values()) == set(arena.count("end").values()) == {1}
    print(f"{len(hit)} kills, {SIZE} experiments")


def test_a_fork_server_that_is_killed_stops_the_sweep(arena: Arena, dice: random.Random) -> None:
    """When the fork server is killed nothing is lost, and the same command again does what is left."""
    for _ in range(KILLS // 25):
        with arena.begin(*ORDER, seconds=0.1) as runner:
            begun = len(arena.read_ledger())
            while runner.poll() is None and len(arena.read_ledger()) <= begun:
                time.sleep(0.02)
            time.sleep(dice.random() * 0.3)
            for server in list_children(runner.pid):
                assert read_start(server) is None or kill(server)
            runner.wait()
    assert arena.run(*ORDER) == 0, arena.read_words()[-2000:]

    arena.judge(SIZE)
    assert sum(arena.count("start").values()) == SIZE
