"""Listing: `mag ls` of stores of 1,000 and 10,000 experiments, against one stat and one read of each record.

The records are made up, with configs of ten leaves and three results. They are in the page cache. "Each further one"
is what 10,000 take more than 1,000, by experiment.
"""

import sys
from pathlib import Path

from mag.config.identity import compute_identity
from mag.record.paths import StorePaths
from mag.record.records import Record, encode_record
from tests.benchmarks.projects import Bench
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case, divide, subtract

_FEW, _MANY = 1_000, 10_000
_COMMANDS = {"mag": ["ls", "--json"], "table": ["ls"], "names": ["ls", "-q"]}


def measure(bench: Bench) -> Table:
    """Return what listing each store takes."""
    cases = [case for number in (_FEW, _MANY) for case in _list_cases(bench, number)]
    found = bench.measure(cases)
    rows = []
    for number in (_FEW, _MANY):
        floor = found[f"floor {number}"]
        rows += [
            Row(f"floor, {number:,}", floor),
            Row(f"mag ls --json, {number:,}", found[f"mag {number}"], "floor", floor),
            Row(f"mag ls, {number:,}", found[f"table {number}"], "floor", floor),
            Row(f"mag ls -q, {number:,}", found[f"names {number}"], "floor", floor),
        ]
    further = {
        name: divide(subtract(found[f"{name} {_MANY}"], found[f"{name} {_FEW}"]), _MANY - _FEW)
        for name in ("floor", *_COMMANDS)
    }
    rows += [
        Row("floor, each further one", further["floor"]),
        Row("mag ls --json, each further one", further["mag"], "floor", further["floor"]),
        Row("mag ls -q, each further one", further["names"], "floor", further["floor"]),
    ]
    return Table("listing: ms for a command", rows)


def _list_cases(bench: Bench, number: int) -> list[Case]:
    store = bench.folder / f"listing-{number}"
    store.mkdir()
    for index in range(number):
        _write_record(StorePaths(str(store)), index)
    floor = str(Path(__file__).with_name("bare_listing.py"))
    return [
        Case(f"floor {number}", [sys.executable, floor, str(store)], bench.folder),
        *(
            Case(f"{name} {number}", [*bench.mag, *words, "--dir", str(store)], bench.folder)
            for name, words in _COMMANDS.items()
        ),
    ]


def _write_record(store: StorePaths, index: int) -> None:
    config = {
        "model": {"name": "svm", "kernel": "rbf", "C": index % 100, "gamma": 0.1, "sizes": [64, 64]},
        "optimizer": {"name": "adam", "lr": 1 / (1 + index // 100), "betas": [0.9, 0.999]},
        "seed": index,
        "_jobs": 1,
    }
    record = Record(
        identity=compute_identity(config),
        identifier=f"{index}",
        status="completed",
        config=config,
        results={"accuracy": index % 997 / 997, "loss": 1.5 + index, "epochs": 10},
        overrides=(f"seed={index}",),
        command=("mag", "sweep", "seed=range(10000)"),
        app="train.py:train",
        sweep="20260101-000000-abcdef",
        directory="/home/me/project",
        commit={"hash": "0123456789abcdef0123456789abcdef01234567", "branch": "main", "dirty": False, "remote": None},
        host={"name": "here", "pid": 1000 + index},
        versions={"mag": "0.1.0", "python": "3.11.7", "platform": "Linux-6.1-x86_64"},
        started="2026-01-01T00:00:00.000000+00:00",
        ended="2026-01-01T00:00:01.000000+00:00",
        seconds=1.0,
        exit={"code": 0, "signal": None, "cpu_seconds": 0.9, "peak_memory_bytes": 100_000_000},
    )
    paths = store.experiment(record.identifier)
    Path(paths.private).mkdir(parents=True)
    Path(paths.record).write_bytes(encode_record(record))
