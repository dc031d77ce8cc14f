"""What mag takes inside a warm process, for cases that a process start would hide.

    python inside.py compose FOLDER TIMES             one composition from nothing, all files read anew
    python inside.py plan FOLDER OVERRIDE ...         one point: composed, hashed, named, its config ready to launch
    python inside.py memory FOLDER OVERRIDE ...       bytes that a plan takes, a point
    python inside.py floor POINTS                     one point: a dict of 60 keys copied, dumped as JSON

It prints the milliseconds of wall and of CPU time, or the bytes.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import omegaconf  # noqa: F401 - what composing returns; Hydra's side has imported it too

import mag
from tests.benchmarks.trees import KEYS


def compose(folder: str, times: str) -> None:
    """Compose a config so many times, each time from files that are read anew."""
    mag.compose([], config_path=folder)
    _report(int(times), lambda: [mag.compose([], config_path=folder) for _ in range(int(times))])


def plan(folder: str, *overrides: str) -> None:
    """Plan a sweep, and make the config of each of its points."""
    points = len(mag.plan(overrides, config_path=folder, experiments_dir=f"{folder}/none"))
    _report(points, lambda: [each.resolved for each in _plan(folder, overrides)])


def plan_only(folder: str, *overrides: str) -> None:
    """Plan a sweep: compose, hash and name each of its points."""
    mag.plan(["a=1,2"], config_path=folder, experiments_dir=f"{folder}/none")
    began, spent = time.perf_counter(), time.process_time()
    points = len(_plan(folder, overrides))
    _print(points, began, spent)


def memory(folder: str, *overrides: str) -> None:
    """Tell by how much a process grows that makes a plan."""
    _plan(folder, ["a=1,2"])
    before = _read_peak()
    made = _plan(folder, overrides)
    print((_read_peak() - before) / len(made))


def floor(points: str) -> None:
    """Copy a dict, change two values and dump it, so many times."""
    config = {f"key_{number:02}": number / 4 for number in range(KEYS)}

    def work() -> None:
        for number in range(int(points)):
            copied = dict(config)
            copied["key_00"], copied["key_01"] = number // 100, number % 100
            json.dumps(copied)

    _report(int(points), work)


def _plan(folder: str, overrides: list[str] | tuple[str, ...]) -> mag.Plan:
    return mag.plan(overrides, config_path=folder, experiments_dir=f"{folder}/none")


def _report(number: int, work: Callable[[], object]) -> None:
    began, spent = time.perf_counter(), time.process_time()
    work()
    _print(number, began, spent)


def _print(number: int, began: float, spent: float) -> None:
    wall, cpu = time.perf_counter() - began, time.process_time() - spent
    print(wall * 1000 / number, cpu * 1000 / number)


def _read_peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    actions: dict[str, Callable[..., None]] = {
        "compose": compose,
        "plan": plan,
        "plan-only": plan_only,
        "memory": memory,
        "floor": floor,
    }
    actions[sys.argv[1]](*sys.argv[2:])
