"""The same sweep with an app that imports numpy, scipy.stats and sklearn: they are to be paid once a sweep.

"Each further one" is what 200 experiments take more than 50, by experiment: there the imports are paid already, and
what is left is that forks of a large process are dearer.
"""

import importlib.util

from tests.benchmarks.projects import HEAVY, Bench
from tests.benchmarks.sweeps import command_sweep
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case, divide, subtract

_MANY, _FEW = 200, 50


def measure(bench: Bench) -> Table:
    """Return what an experiment takes, with the imports and without."""
    title = "imports: ms for an experiment that does nothing, in an app that imports numpy, scipy.stats and sklearn"
    if importlib.util.find_spec("sklearn") is None:
        return Table(title, [Row("(not run: scikit-learn is not installed)")])
    cases = []
    for name, imports in (("light", ""), ("heavy", HEAVY)):
        project = bench.make_project(f"imports-{name}", imports=imports)
        cases += [
            Case(f"{name} {number}", command_sweep(bench, number, f"{project}/{number}-{{round}}"), project)
            for number in (_MANY, _FEW)
        ]
    found = bench.measure(cases)
    light, heavy = (divide(found[f"{name} {_MANY}"], _MANY) for name in ("light", "heavy"))
    further = [
        divide(subtract(found[f"{name} {_MANY}"], found[f"{name} {_FEW}"]), _MANY - _FEW) for name in ("light", "heavy")
    ]
    rows = [
        Row(f"light, {_MANY}", light),
        Row(f"heavy, {_MANY}", heavy, "light", light, goal=1.5),
        Row("light, each further one", further[0]),
        Row("heavy, each further one", further[1], "light", further[0]),
    ]
    return Table(title, rows)
