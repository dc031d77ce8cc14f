"""Inspection: `mag config` and a press of Tab, from start to end.

Against the imports that composing needs, against Hydra's `--cfg job` and its answer to Tab on the same config tree,
and against a Tab for an app that imports numpy, scipy.stats and sklearn, which must cost no more than for one that
does not.
"""

import sys

from tests.benchmarks.projects import HEAVY, NO_HYDRA, ROOT, Bench
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case

_IMPORTS = "import click, omegaconf"
_TAB = ["completion", "bash", "--answer", "mag sweep C="]
_CASES = {"config": "mag config", "tab": "mag, Tab after C="}


def measure(bench: Bench) -> Table:
    """Return what each command takes."""
    light = bench.make_project("inspection", configs=ROOT / "configs")
    heavy = bench.make_project("inspection-heavy", configs=ROOT / "configs", imports=HEAVY)
    cases = [
        Case("imports", [sys.executable, "-c", _IMPORTS], ROOT),
        Case("config", [*bench.mag, "config"], light),
        Case("tab", [*bench.mag, *_TAB], light),
        Case("heavy", [*bench.mag, *_TAB], heavy),
    ]
    if bench.hydra:
        query = ["env", "COMP_LINE=python peer.py C=", str(bench.hydra), "peer.py", "-sc", "query=bash"]
        cases += [
            Case("Hydra config", [str(bench.hydra), "peer.py", "--cfg", "job"], light),
            Case("Hydra tab", query, light),
        ]
    found = bench.measure(cases, rounds=bench.rounds * 2)
    rows = [Row(f'python -c "{_IMPORTS}"', found["imports"])]
    for name, title in _CASES.items():
        peer = found.get(f"Hydra {name}", [])
        rows += [
            Row(title, found[name], "imports", found["imports"], goal=2.5, by_cpu=True),
            Row(f"Hydra, the same{'' if peer else ' ' + NO_HYDRA}", peer),
            Row(title, found[name], "Hydra", peer, goal=1 / 3, by_cpu=True),
        ]
    rows.append(Row("mag, Tab, heavy app", found["heavy"], "light app", found["tab"], goal=1.1, by_cpu=True))
    return Table("inspection: ms for a command", rows)
