"""Run the benchmarks, by hand: `python tests/benchmarks/run.py [NAME ...] [--hydra PYTHON]`.

Each prints a plain table: the median milliseconds of a case, the CPU time of all its processes, the median over the
rounds of its ratio to a peer or to a floor that was measured in the same rounds, and the goal. Compare ratios, not
milliseconds; on a busy machine trust those of CPU time alone. Creating files is many times dearer for minutes after
thousands were deleted (on ext4), so nothing is deleted before the end: wait before you run it again.

Hydra needs an environment of its own (it pins another OmegaConf): `--hydra` or the variable MAG_BENCH_HYDRA names a
Python that has hydra-core and hydra-joblib-launcher.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks import (
    composition,
    imports,
    inspection,
    listing,
    output,
    planning,
    scale,
    searching,
    snapshots,
    startup,
    sweeps,
)
from tests.benchmarks.projects import Bench
from tests.benchmarks.tables import Table

BENCHMARKS: dict[str, Callable[[Bench], Table]] = {
    "startup": startup.measure,
    "sweeps": sweeps.measure,
    "imports": imports.measure,
    "listing": listing.measure,
    "scale": scale.measure,
    "composition": composition.measure,
    "planning": planning.measure,
    "searching": searching.measure,
    "inspection": inspection.measure,
    "snapshots": snapshots.measure,
    "output": output.measure,
}


def main() -> None:
    """Run the benchmarks that the command line names, all of them if none, and print what they found."""
    options = _read_options()
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        sys.exit(f"There is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}.")
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs")
    with tempfile.TemporaryDirectory(prefix="mag-bench-", dir=options.folder) as folder:
        bench = Bench(Path(folder), _find_hydra(options.hydra), options.rounds, options.seconds)
        bench.install()
        print(f"mag: {' '.join(bench.mag)}; Hydra: {bench.hydra or 'none'}")
        for name in options.names or BENCHMARKS:
            print(f"\n{_measure(name, bench)}", flush=True)


def _measure(name: str, bench: Bench) -> str:
    """Return a benchmark's table, and how busy the machine was: on a busy one only the ratios of CPU time count."""
    before = os.getloadavg()[0]
    table = BENCHMARKS[name](bench).format()
    return f"{table}\n  (load {before:.1f} before, {os.getloadavg()[0]:.1f} after)"


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure mag against peers and floors.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(BENCHMARKS)}")
    parser.add_argument("--hydra", default=os.environ.get("MAG_BENCH_HYDRA"), help="a Python that has hydra-core")
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is run at most (default: 5)")
    parser.add_argument("--seconds", type=float, default=120, help="when a benchmark begins no further round")
    parser.add_argument("--folder", help="where the temporary folder is made, on the disk to be measured")
    return parser.parse_args()


def _find_hydra(path: str | None) -> Path | None:
    if path is None:
        return None
    if not Path(path).is_file():
        sys.exit(f"There is no Python at {path}, which --hydra or MAG_BENCH_HYDRA names.")
    return Path(path).absolute()


if __name__ == "__main__":
    main()
