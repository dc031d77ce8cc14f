"""Scale: a sweep of 10,000 of which nothing is left to do, and how soon the first experiment of 100,000 starts.

The first against one stat and one read of each record (`bare_listing.py`); "each further one" is what 10,000 take more
than 1,000, by experiment, so that start-up stands apart. The records are written by mag's own functions, and are in the
page cache. The second is the wall time from the command to the first line of the app's function, which writes down the
time; then the sweep is stopped by two interrupts. Its runner's memory, and that of an experiment, is compared with that
of a sweep of 100.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import mag
from mag.record.paths import StorePaths
from mag.record.records import Record, encode_record
from tests.benchmarks.projects import Bench
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case, divide, subtract

_FEW, _MANY = 1_000, 10_000
_LONG, _SHORT = 100_000, 100
_KEYS = ("two keys", "one key")
_LONGEST_SECONDS = 120
_APP = """\
import os
import resource
import time

import mag


@mag.main(config_path="configs", config_name="config")
def train(config):
    first = os.environ["FIRST"]
    if not os.path.exists(first):
        with open(f"{first}.{os.getpid()}", "w") as file:
            file.write(f"{time.time()} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
        os.replace(file.name, first)
"""


def measure(bench: Bench) -> Table:
    """Return what a done sweep takes, and say when the first of a long one starts; swept over one key, and over two."""
    project = bench.make_project("scale")
    rows = [row for keys in _KEYS for row in _measure_done(bench, project, keys)]
    (project / "train.py").write_text(_APP)
    for keys in _KEYS:
        short, long = (_start(bench, project, keys, number) for number in (_SHORT, _LONG))
        memory, growth = (long.memory - short.memory) / _LONG, long.experiment - short.experiment
        rows += [
            Row(f"({keys}: the first of {_LONG:,} after {long.seconds:.2f} s, CPU {long.spent:.2f} s; goal: within 5)"),
            Row(f"({keys}: the runner's memory: {memory:,.0f} bytes an experiment; goal: under 1,024)"),
            Row(f"({keys}: the process of one of {_LONG:,} is {growth:+,} KB larger than that of one of {_SHORT})"),
        ]
    return Table("scale: ms for a command", rows)


def _measure_done(bench: Bench, project: Path, keys: str) -> list[Row]:
    cases = [case for number in (_FEW, _MANY) for case in _list_cases(bench, project, keys, number)]
    found = bench.measure(cases)
    further = [
        divide(subtract(found[f"{who} {_MANY}"], found[f"{who} {_FEW}"]), _MANY - _FEW) for who in ("floor", "mag")
    ]
    floor, done = found[f"floor {_MANY}"], found[f"mag {_MANY}"]
    return [
        Row(f"floor, {_MANY:,}", floor),
        Row(f"mag sweep of {keys}, {_MANY:,}, all done (goal: under 2,000)", done, "floor", floor),
        Row("floor, each further one", further[0]),
        Row("mag sweep, all done, each further one", further[1], "floor", further[0], goal=3, by_cpu=True),
    ]


def _write_overrides(keys: str, number: int) -> list[str]:
    return [f"x=range({number})"] if keys == "one key" else [f"x=range({number // 100})", "+y=range(100)"]


def _list_cases(bench: Bench, project: Path, keys: str, number: int) -> list[Case]:
    store = bench.folder / f"scale-{keys.replace(' ', '-')}-{number}"
    overrides = _write_overrides(keys, number)
    for planned in mag.plan(overrides, config_path=project / "configs", experiments_dir=store):
        record = Record(
            identity=planned.identity,
            identifier=planned.identifier,
            status="completed",
            config=planned.resolved,
            overrides=planned.overrides,
            command=("mag", "sweep", *overrides),
            app="train.py:train",
        )
        paths = StorePaths(str(store)).experiment(planned.identifier)
        Path(paths.private).mkdir(parents=True)
        Path(paths.record).write_bytes(encode_record(record))
    floor = str(Path(__file__).with_name("bare_listing.py"))
    return [
        Case(f"floor {number}", [sys.executable, floor, str(store)], bench.folder),
        Case(f"mag {number}", [*bench.mag, "sweep", *overrides, "--dir", str(store)], project),
    ]


class _Start(NamedTuple):
    """After how many seconds the first experiment started, the runner's CPU seconds and bytes, the experiment's KB."""

    seconds: float
    spent: float
    memory: int
    experiment: int


def _start(bench: Bench, project: Path, keys: str, number: int) -> _Start:
    name = f"{keys.replace(' ', '-')}-{number}"
    first = project / f"first-{name}"
    words = [*bench.mag, "sweep", *_write_overrides(keys, number), "-j", "2", "-q", "--dir", str(project / name)]
    began = time.time()
    environment = os.environ | bench.environment | {"FIRST": str(first)}
    with subprocess.Popen(words, cwd=project, env=environment, stdin=subprocess.DEVNULL) as runner:
        while not first.exists() and runner.poll() is None and time.time() - began < _LONGEST_SECONDS:
            time.sleep(0.01)
        memory, spent = _read_peak(runner.pid), _read_seconds(runner.pid)
        for _ in range(2):
            runner.send_signal(signal.SIGINT)
            time.sleep(0.5)
    moment, experiment = first.read_text().split()
    return _Start(float(moment) - began, spent, memory, int(experiment))


def _read_peak(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _read_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
