"""Start-up: what one waits for before anything is done.

`mag --help` against an interpreter that does nothing, `mag config` against the imports that composing needs, and a dry
run of the demonstration against a single run of an app that does nothing, with the same config tree, in Hydra.
"""

import sys

from tests.benchmarks.projects import NO_HYDRA, ROOT, Bench
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case

_PASS = "python -c pass"
_IMPORTS = "import click, omegaconf"
_HYDRA = "Hydra, a run of nothing"
_DRY_RUN = ["sweep", "--dry-run", "C=1,10", "gamma=0.01,0.1"]


def measure(bench: Bench) -> Table:
    """Return what each command takes, from its start to its end."""
    project = bench.make_project("startup", configs=ROOT / "configs")
    cases = [
        Case(_PASS, [sys.executable, "-c", "pass"], ROOT),
        Case("mag --help", [*bench.mag, "--help"], ROOT),
        Case(_IMPORTS, [sys.executable, "-c", _IMPORTS], ROOT),
        Case("mag config", [*bench.mag, "config"], ROOT),
        Case("mag sweep -n", [*bench.mag, *_DRY_RUN], ROOT),
    ]
    if bench.hydra:
        words = [str(bench.hydra), "peer.py", f"hydra.run.dir={project}/outputs/{{round}}"]
        cases.append(Case(_HYDRA, words, project))
    found = bench.measure(cases, rounds=bench.rounds * 3)
    peer = found.get(_HYDRA, [])
    rows = [
        Row(_PASS, found[_PASS]),
        Row("mag --help", found["mag --help"], _PASS, found[_PASS], goal=4),
        Row(f'python -c "{_IMPORTS}"', found[_IMPORTS]),
        Row("mag config", found["mag config"], _IMPORTS, found[_IMPORTS]),
        Row(_HYDRA if peer else f"{_HYDRA} {NO_HYDRA}", peer),
        Row(" ".join(["mag", *_DRY_RUN]), found["mag sweep -n"], _HYDRA, peer, goal=0.5),
    ]
    return Table("startup: ms for a command", rows)
