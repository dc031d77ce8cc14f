"""Composition: one config from nothing, all files read anew, against Hydra's compose of the same tree.

Both are measured inside a warm process of their own, imports excluded; the ratios of CPU time count.
"""

import sys
from pathlib import Path

from tests.benchmarks.projects import NO_HYDRA, Bench
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case
from tests.benchmarks.trees import write_large, write_small

_TREES = {"2 groups": write_small, "50 groups, 1,500 nodes": write_large}
INSIDE = str(Path(__file__).with_name("inside.py"))
PEER = str(Path(__file__).with_name("peer_inside.py"))


def measure(bench: Bench) -> Table:
    """Return what one composition of each tree takes."""
    cases: list[Case] = []
    for name, write in _TREES.items():
        folder = str(write(bench.folder / f"composition-{len(cases)}"))
        cases.append(Case(f"mag, {name}", [sys.executable, INSIDE, "compose", folder, "5"], bench.folder))
        if bench.hydra:
            cases.append(Case(f"Hydra, {name}", [str(bench.hydra), PEER, folder], bench.folder))
    found = bench.measure_inside(cases)
    rows = []
    for name in _TREES:
        peer = found.get(f"Hydra, {name}", [])
        rows += [
            Row(f"Hydra, {name}" if peer else f"Hydra, {name} {NO_HYDRA}", peer),
            Row(f"mag, {name}", found[f"mag, {name}"], "Hydra", peer, goal=1 / 3, by_cpu=True),
        ]
    return Table("composition: ms for one config, inside a warm process", rows)
