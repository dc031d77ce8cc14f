"""A sweep of experiments that do nothing: what mag costs on top of what is run.

Against Hydra with its joblib launcher, and against the floor (`bare_sweep.py`): a loop that forks, and writes and
syncs the same files; "loaded" it has imported what an experiment finds imported, and uses none of it. Times are of the
whole command, by experiment; "each further one" is what 200 take more than 50, by experiment, so that start-up stands
apart.
"""

import sys
from pathlib import Path

from tests.benchmarks.projects import NO_HYDRA, Bench
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case, divide, subtract

_MANY, _FEW, _LARGE = 200, 50, 1000
_HYDRA_JOBS = 200  # it takes a minute for 1,000, and 3 % less for each
_HYDRA = f"Hydra, joblib launcher, n_jobs=2 (of {_HYDRA_JOBS})"
_SLOW_ROUNDS = 3
_LOADED = ["mag.run.supervisor", "omegaconf"]


def measure(bench: Bench) -> Table:
    """Return what an experiment of each sweep takes."""
    project = bench.make_project("sweeps")
    cases = [case for number in (_MANY, _FEW, _LARGE) for case in _list_cases(bench, project, number)]
    loaded = [*cases[-1].words[:-1], f"{project}/{{round}}-loaded", *_LOADED]
    cases.append(Case(f"loaded {_LARGE}", loaded, project, _SLOW_ROUNDS))
    if bench.hydra:
        cases.append(Case(_HYDRA, _command_hydra(bench.hydra, project), project, rounds=_SLOW_ROUNDS))
    found = bench.measure(cases)
    each = {name: divide(samples, int(name.split()[-1])) for name, samples in found.items() if name != _HYDRA}
    peer = divide(found.get(_HYDRA, []), _HYDRA_JOBS)
    further = {
        who: divide(subtract(found[f"{who} {_MANY}"], found[f"{who} {_FEW}"]), _MANY - _FEW) for who in ("mag", "floor")
    }
    rows = [
        Row(_HYDRA if peer else f"{_HYDRA} {NO_HYDRA}", peer),
        Row(f"mag, {_MANY}", each[f"mag {_MANY}"], "Hydra", peer, goal=0.1),
        Row(f"floor, {_MANY}", each[f"floor {_MANY}"]),
        Row(f"mag, {_MANY}", each[f"mag {_MANY}"], "floor", each[f"floor {_MANY}"], goal=4),
        Row("floor, each further one", further["floor"]),
        Row("mag, each further one", further["mag"], "floor", further["floor"]),
        Row(f"floor, {_LARGE:,}", each[f"floor {_LARGE}"]),
        Row(f"mag, {_LARGE:,}", each[f"mag {_LARGE}"], "floor", each[f"floor {_LARGE}"], goal=2.5),
        Row(f"floor loaded, {_LARGE:,}", each[f"loaded {_LARGE}"]),
        Row(f"mag, {_LARGE:,}", each[f"mag {_LARGE}"], "floor loaded", each[f"loaded {_LARGE}"]),
        Row(f"mag, {_LARGE:,}", each[f"mag {_LARGE}"], "Hydra", peer, goal=1 / 30),
    ]
    return Table(f"sweeps: ms for an experiment that does nothing, two at a time, in {bench.folder}", rows)


def _list_cases(bench: Bench, project: Path, number: int) -> list[Case]:
    floor = str(Path(__file__).with_name("bare_sweep.py"))
    rounds = _SLOW_ROUNDS if number == _LARGE else bench.rounds
    folder = f"{project}/{number}-{{round}}"
    return [
        Case(f"mag {number}", command_sweep(bench, number, f"{folder}-mag"), project, rounds),
        Case(f"floor {number}", [sys.executable, floor, str(number), f"{folder}-floor"], project, rounds),
    ]


def command_sweep(bench: Bench, number: int, folder: str) -> list[str]:
    """Return the command that sweeps over so many values, two at a time, into a folder."""
    return [*bench.mag, "sweep", f"x=range({number})", "-j", "2", "--dir", folder]


def _command_hydra(hydra: Path, project: Path) -> list[str]:
    launcher = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    values = ",".join(map(str, range(_HYDRA_JOBS)))
    return [str(hydra), "peer.py", "-m", f"x={values}", *launcher, f"hydra.sweep.dir={project}/{{round}}-hydra"]
