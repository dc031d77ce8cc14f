"""Laws of a runner that dies again and again."""

import random
import subprocess
import time

import pytest

from tests.torture.arena import FULL, Arena

SWEEPS, KILLS, SIZE = (10, 100, 500) if FULL else (1, 12, 100)
GOES = 3 * KILLS
"""How often a sweep is begun at most: a runner that ends before its kill is no kill."""


def kill_some(arena: Arena, dice: random.Random, order: tuple[str, ...]) -> int:
    """Begin the sweep, kill its runner, begin it again; return how many kills met a runner that lived."""
    killed, known = 0, dict[int, object]()
    for _ in range(GOES):
        with arena.begin(*order, seconds=0.15 if FULL else 0.05) as runner:
            try:
                runner.wait(timeout=0.2 + dice.random() * (0.6 if FULL else 1.0))
            except subprocess.TimeoutExpired:
                runner.kill()
                killed += 1
        stored = arena.read_store()
        assert {i: stored[i].results for i in known} == known, "what was completed is so no longer"
        known = {i: e.results for i, e in stored.items() if e.status == "completed"}
        if killed >= KILLS or len(known) == SIZE:
            break
    return killed


@pytest.mark.parametrize("sweep", range(SWEEPS))
def test_nothing_is_lost_or_done_twice(arena: Arena, dice: random.Random, sweep: int) -> None:
    """Whenever its runner is killed, the same command again does what is left, and each experiment runs once."""
    order = ("sweep", f"+i=range(0,{SIZE})", "-j", str(2 + sweep % 3))
    killed = kill_some(arena, dice, order)
    assert arena.run(*order) == 0, arena.read_words()[-2000:]

    arena.judge(SIZE, exact=False)
    assert set(arena.count("start").values()) == set(arena.count("end").values()) == {1}
    print(f"{killed} kills, {SIZE} experiments")


def test_none_starts_after_the_runner_died(arena: Arena) -> None:
    """What ran when the runner was killed ends and is published; nothing new is started."""
    with arena.begin("sweep", "+i=range(0,50)", "-j", "4", seconds=0.3) as runner:
        while len(arena.count("end")) < 2:
            time.sleep(0.02)
        runner.kill()
    begun = set(arena.count("start"))
    arena.settle()
    time.sleep(0.5)

    assert len(set(arena.count("start")) - begun) <= 4, "those whose child had just been forked"
    assert {i for i, e in arena.read_store().items() if e.status == "running"} == set()
