"""Planning: what a point of a sweep takes until it could be launched: composed, resolved, hashed, named.

Measured inside warm processes, imports excluded; of mag the whole plan is shared out among its points, of Hydra it is
compose alone, and the ratios of CPU time count. Values are swept over twice: 400 points of which each also gets its
config made, as a launch does, and 100,000 of which none does, as before the first launch. "A bare loop" copies a dict
of 60 keys and dumps it as JSON. The sample out of 10^9 points is the whole command, with the start of the interpreter.
"""

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.composition import INSIDE, PEER
from tests.benchmarks.projects import NO_HYDRA, Bench
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case
from tests.benchmarks.trees import write_flat, write_large, write_small

_VALUES = ["x=range(400)"]
_GROUPS = ["g0=glob(*)", "g1=glob(*)"]
_PEER_VALUES = ["x=1,2,3"]
_PEER_GROUPS = ["g0=o1,o2", "g1=o3,o4"]
_MANY = ["a=range(1000)", "b=range(100)"]
_BILLION = ["a=range(1000)", "b=range(1000)", "key_00=range(1000)", "--sample", "1000"]


def measure(bench: Bench) -> Table:
    """Return what a point of each sweep takes."""
    flat = write_flat(bench.folder / "planning" / "configs")
    (flat.parent / "train.py").write_text(
        "import mag\n\n\n@mag.main('configs', 'config')\ndef train(config):\n    pass\n"
    )
    rows = [*_measure_trees(bench), *_measure_many(bench, flat)]
    return Table("planning: ms for a point, inside a warm process", rows)


def _measure_trees(bench: Bench) -> list[Row]:
    trees = {
        "2 groups": write_small(bench.folder / "planning-small"),
        "50 groups": write_large(bench.folder / "planning-large"),
    }
    sweeps = {"values": (_VALUES, _PEER_VALUES, 0.01), "groups": (_GROUPS, _PEER_GROUPS, 0.05)}
    names = [(tree, sweep) for tree in trees for sweep in sweeps]
    cases = []
    for tree, sweep in names:
        mine, theirs, _ = sweeps[sweep]
        words = [sys.executable, INSIDE, "plan", str(trees[tree]), *mine]
        cases.append(Case(f"mag, {tree}, over {sweep}", words, bench.folder))
        if bench.hydra:
            words = [str(bench.hydra), PEER, str(trees[tree]), *theirs]
            cases.append(Case(f"Hydra, {tree}, over {sweep}", words, bench.folder))
    found = bench.measure_inside(cases)
    rows = []
    for tree, sweep in names:
        name = f"{tree}, over {sweep}"
        peer = found.get(f"Hydra, {name}", [])
        rows += [
            Row(f"Hydra, {name}" if peer else f"Hydra, {name} {NO_HYDRA}", peer),
            Row(f"mag, {name}", found[f"mag, {name}"], "Hydra", peer, goal=sweeps[sweep][2], by_cpu=True),
        ]
    return rows


def _measure_many(bench: Bench, configs: Path) -> list[Row]:
    cases = [
        Case("floor", [sys.executable, INSIDE, "floor", "100000"], bench.folder),
        Case("mag", [sys.executable, INSIDE, "plan-only", str(configs), *_MANY], bench.folder),
    ]
    found = bench.measure_inside(cases)
    sample = Case("sample", [*bench.mag, "sweep", *_BILLION, "-n", "--json"], configs.parent)
    taken = bench.measure([sample])["sample"]
    told = subprocess.run(
        [sys.executable, INSIDE, "memory", str(configs), *_MANY], check=True, capture_output=True, text=True
    )
    return [
        Row("a bare loop, 60 keys, 100,000 points", found["floor"]),
        Row("mag, 60 keys, 100,000 points", found["mag"], "a bare loop", found["floor"], goal=10, by_cpu=True),
        Row(f"(memory of that plan: {float(told.stdout):,.0f} bytes a point; goal: under 1,024)"),
        Row("mag sweep -n --sample 1000 of 10^9 points (goal: under 1,000)", taken),
    ]
