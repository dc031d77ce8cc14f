"""The code record of a tree of 5,000 files, against `git status` there; and what it adds to each of 300 experiments.

A sweep asks once, while the app is imported: Python is running and GitPython is loaded when the clock starts.
"""

import os
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from mag.code.commit import read_commit
from mag.code.environment import gather_environment
from mag.code.omissions import Rules
from tests.benchmarks.projects import HEAVY, Bench
from tests.benchmarks.sweeps import command_sweep
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case, Sample, divide, subtract

_FOLDERS, _FILES, _EXPERIMENTS = 50, 100, 300
_IMPORTS = {"light": "", "heavy": HEAVY}
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
    """Return what an experiment takes in a repository more than outside of any, by its share of the whole sweep."""
    found = bench.measure([case for name in _IMPORTS for case in _list_sweeps(bench, name)])
    each = {name: divide(samples, _EXPERIMENTS) for name, samples in found.items()}
    rows = []
    for name in _IMPORTS:
        outside, inside = each[f"{name} outside"], each[f"{name} inside"]
        rows += [
            Row(f"one of {_EXPERIMENTS} experiments, {name} app, no repository", outside),
            Row(f"one of {_EXPERIMENTS} experiments, {name} app, changed tree", inside, "no repository", outside),
            Row(f"added to each, {name} app", subtract(inside, outside), most=1.0),
        ]
    return rows


def _list_sweeps(bench: Bench, name: str) -> list[Case]:
    """Return a sweep in two projects that are alike, with 5,000 files, of which one is a repository with changes."""
    cases = []
    for place in ("outside", "inside"):
        project = bench.make_project(f"snapshots-{name}-{place}", imports=_IMPORTS[name])
        (project / ".gitignore").write_text("runs-*\n")
        _write_files(project)
        if place == "inside":
            _commit(project)
            (project / "train.py").write_text((project / "train.py").read_text() + "# changed\n")
        words = command_sweep(bench, _EXPERIMENTS, f"{project}/runs-{{round}}")
        cases.append(Case(f"{name} {place}", words, project))
    return cases


def _make_tree(folder: Path) -> Path:
    _write_files(folder)
    _commit(folder)
    time.sleep(1.1)  # git looks again into files that are as young as its index
    _run_git(folder, "update-index", "-q", "--refresh")
    return folder


def _write_files(folder: Path) -> None:
    for number in range(_FOLDERS):
        place = folder / f"d{number}"
        place.mkdir(parents=True)
        for index in range(_FILES):
            (place / f"f{index}.py").write_text(f"x = {number * _FILES + index}\n")


def _commit(folder: Path) -> None:
    _run_git(folder, "init", "-q")
    _run_git(folder, "add", ".")
    _run_git(folder, *_WHO, "commit", "-q", "-m", "all")


def _run_git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env=os.environ)


def _time(act: Callable[[], object]) -> Sample:
    spent, began = _read_cpu(), time.perf_counter()
    act()
    return Sample((time.perf_counter() - began) * 1000, (_read_cpu() - spent) * 1000)


def _read_cpu() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
