"""Laws of many runners on the same experiments."""

import random
import time

import pytest

from tests.torture.arena import FULL, Arena

SIZE = 1000 if FULL else 120


@pytest.mark.parametrize("runners", [8, 32] if FULL else [8])
def test_each_experiment_starts_once(arena: Arena, runners: int) -> None:
    """However many runners are given one sweep at the same instant, each experiment starts and is published once."""
    order = ("sweep", f"+i=range(0,{SIZE})", "-j", "2")
    begun = [arena.begin(*order) for _ in range(runners)]
    codes = [runner.wait() for runner in begun]

    assert codes == [0] * runners, arena.read_words()[-2000:]
    arena.judge(SIZE)
    assert sum(arena.count("start").values()) == sum(arena.count("end").values()) == SIZE


def test_each_experiment_starts_once_though_runners_are_killed(arena: Arena, dice: random.Random) -> None:
    """Runners that share a sweep and are killed at random are replaced, and each experiment is still done once."""
    order, kills = ("sweep", f"+i=range(0,{SIZE})", "-j", "2"), 300 if FULL else 15
    runners = [arena.begin(*order, seconds=0.2) for _ in range(8 if FULL else 4)]
    for _ in range(kills):
        time.sleep(dice.random() * 0.4)
        place = dice.randrange(len(runners))
        runners[place].kill()
        runners[place].wait()
        runners[place] = arena.begin(*order, seconds=0.2)
    codes = [runner.wait() for runner in runners]

    assert codes == [0] * len(runners), arena.read_words()[-2000:]
    arena.judge(SIZE)
    assert sum(arena.count("start").values()) == sum(arena.count("end").values()) == SIZE


def test_sweeps_that_overlap(arena: Arena) -> None:
    """Different sweeps that have experiments in common, begun in the same instant, do each of them once."""
    third = SIZE // 3
    begun = [arena.begin("sweep", f"+i=range({low},{low + 2 * third})", "-j", "2") for low in (0, third, 0, third)]
    codes = [runner.wait() for runner in begun]

    assert codes == [0] * 4, arena.read_words()[-2000:]
    arena.judge(3 * third)
    assert sum(arena.count("start").values()) == 3 * third
