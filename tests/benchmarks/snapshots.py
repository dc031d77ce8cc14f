"""The code record of a tree of 5,000 files, against `git status` there; and what it adds to each of 200 experiments.

A sweep asks once, while the app is imported: Python is running and GitPython is loaded when the clock starts.
"""

import os
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from mag.record.commit import read_commit
from mag.record.environment import gather_environment
from mag.record.omissions import Rules
from tests.benchmarks.projects import Bench
from tests.benchmarks.sweeps import command_sweep
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case, Sample, divide

_FOLDERS, _FILES, _EXPERIMENTS = 50, 100, 200
_WHO = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")


def measure(bench: Bench) -> Table:
    """Return what the record of the code takes: clean, changed for the first time, changed and known."""
    clean, changed = (_make_tree(bench.folder / name) for name in ("tree-clean", "tree-changed"))
    counter = iter(range(1_000_000))

    def change() -> None:
        (changed / "new.py").write_text(f"x = {next(counter)}\n")
        (changed / "d0" / "f0.py").write_text(f"y = {next(counter)}\n")

    change()
    actions: dict[str, Callable[[], object]] = {
        "git status": lambda: _run_git(clean, "status", "--porcelain"),
        "clean tree": lambda: read_commit(clean, rules=Rules()),
        "changed tree, stored already": lambda: read_commit(changed, rules=Rules()),
        "environment": lambda: gather_environment(clean).digest,
    }
    samples: dict[str, list[Sample]] = {name: [] for name in [*actions, "changed tree, new"]}
    for _ in range(max(5, bench.rounds)):
        for name, act in actions.items():
            samples[name].append(_time(act))
        change()
        samples["changed tree, new"].append(_time(lambda: read_commit(changed, rules=Rules())))
    goals = {"clean tree": 3.0}
    status = samples.pop("git status")
    rows = [Row("git status", status)]
    rows += [Row(name, taken, "git status", status, goals.get(name)) for name, taken in samples.items()]
    return Table("snapshots: ms for the record of the code, 5,000 files", [*rows, *_measure_sweeps(bench)])


def _measure_sweeps(bench: Bench) -> list[Row]:
    """Return what an experiment takes with a code record and without, in projects that are alike otherwise."""
    cases = []
    for name in ("without", "with"):
        project = bench.make_project(f"snapshots-{name}")
        if name == "with":
            (project / ".gitignore").write_text("runs-*\n")
            _run_git(project, "init", "-q")
        words = command_sweep(bench, _EXPERIMENTS, f"{project}/runs-{{round}}")
        cases.append(Case(name, words, project))
    found = bench.measure(cases)
    without, recorded = (divide(found[name], _EXPERIMENTS) for name in ("without", "with"))
    return [
        Row(f"one of {_EXPERIMENTS} experiments, no repository", without),
        Row(f"one of {_EXPERIMENTS} experiments, new files", recorded, "no repository", without),
    ]


def _make_tree(folder: Path) -> Path:
    for number in range(_FOLDERS):
        place = folder / f"d{number}"
        place.mkdir(parents=True)
        for index in range(_FILES):
            (place / f"f{index}.py").write_text(f"x = {number * _FILES + index}\n")
    _run_git(folder, "init", "-q")
    _run_git(folder, "add", ".")
    _run_git(folder, *_WHO, "commit", "-q", "-m", "all")
    time.sleep(1.1)  # git looks again into files that are as young as its index
    _run_git(folder, "update-index", "-q", "--refresh")
    return folder


def _run_git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env=os.environ)


def _time(act: Callable[[], object]) -> Sample:
    spent, began = _read_cpu(), time.perf_counter()
    act()
    return Sample((time.perf_counter() - began) * 1000, (_read_cpu() - spent) * 1000)


def _read_cpu() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
