"""Searching: what a point costs that is asked for by results, beside Optuna's own loop and a sweep that asks nothing.

100 points of one key, one at a time, TPE. "Both apart" is a grid of 100 empty experiments plus Optuna's own ask and
tell of 100 points in a process of its own, which imports Optuna and NumPy as the search does.
"""

import sys

from tests.benchmarks.projects import Bench
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case, Sample, divide

_POINTS = 100
_GOAL = 1.2
_OPTUNA = f"""\
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
for _ in range({_POINTS}):
    trial = study.ask()
    study.tell(trial, (trial.suggest_float("x", 0, 1) - 0.3) ** 2)
"""


def measure(bench: Bench) -> Table:
    """Return what a point costs."""
    project = bench.make_project("searching")
    app = project / "train.py"
    app.write_text(app.read_text().replace("pass", "return {'loss': (config.x - 0.3) ** 2}"))
    (project / "configs" / "config.yaml").write_text("x: 0.0\n")
    common = ["-j", "1", "-q", "--dir"]
    search = ["x=interval(0,1)", "--trials", str(_POINTS), "--metric", "loss", "--direction", "min"]
    grid = [*bench.mag, "sweep", "train.py", f"x=range({_POINTS})", *common, "grid-{round}"]
    found = bench.measure(
        [
            Case("grid", grid, project),
            Case("optuna", [sys.executable, "-c", _OPTUNA], project),
            Case("search", [*bench.mag, "sweep", "train.py", *search, *common, "search-{round}"], project),
        ]
    )
    pairs = zip(found["grid"], found["optuna"], strict=True)
    apart = [Sample(one.wall + other.wall, one.cpu + other.cpu) for one, other in pairs]
    rows = [
        Row("mag, a grid", divide(found["grid"], _POINTS)),
        Row("Optuna, ask and tell", divide(found["optuna"], _POINTS)),
        Row("mag, a search", divide(found["search"], _POINTS), "both apart", divide(apart, _POINTS), goal=_GOAL),
    ]
    return Table(f"searching: ms for each of {_POINTS} points, processes and imports included", rows)
