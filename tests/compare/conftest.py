"""What the tests of comparing share: rows of experiments that are on no disk."""

from collections.abc import Callable
from typing import Any

import pytest

from mag.compare.rows import Row, read_rows
from mag.record.paths import ExperimentPaths
from mag.record.records import Record
from mag.record.store import StoredExperiment

MakeRow = Callable[..., Row]


@pytest.fixture(scope="session")
def make_row() -> MakeRow:
    """Return a function that makes the row of a completed experiment."""

    def make(config: dict[str, Any], results: dict[str, Any] | None = None, **fields: Any) -> Row:
        name = fields.pop("name", "|".join(map(str, config.values())) or "default")
        record = Record(
            identity=fields.pop("identity", "0" * 64),
            identifier=name,
            status=fields.pop("status", "completed"),
            config=config,
            results=results or {},
            **fields,
        )
        (row,) = read_rows([StoredExperiment(name, ExperimentPaths(f"experiments/{name}"), record, record.status)])
        return row

    return make


@pytest.fixture(scope="session")
def corrupt_row() -> Row:
    """Return the row of an experiment of which the record cannot be read."""
    experiment = StoredExperiment("torn", ExperimentPaths("experiments/torn"), None, "corrupt", "Cannot read it.")
    (row,) = read_rows([experiment])
    return row
