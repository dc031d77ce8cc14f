"""The laws of exporters."""

import csv
import io
import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.exporters import (
    EXPORTERS,
    GROUP,
    ParquetExporter,
    find_exporter,
    format_csv,
    format_jsonl,
    format_markdown,
)
from mag.compare.rows import MISSING
from mag.compare.table import Table
from mag.errors import UsageError

CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just(MISSING)
TABLES = st.lists(st.tuples(CELLS, CELLS)).map(lambda rows: Table(("a", "b,c"), tuple(rows)))


@pytest.mark.parametrize("name", EXPORTERS)
@given(table=TABLES)
def test_every_exporter_keeps_the_contract(name: str, table: Table, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever experiments hold, each writes one file, in the place of one that was there, and nothing beside it."""
    if name == "parquet":
        pytest.importorskip("polars")
    exporter, folder = EXPORTERS[name], tmp_path_factory.mktemp("out")
    target = folder / f"table{exporter.suffix}"
    target.write_bytes(b"old")
    exporter.write(table, [], target)
    assert [path.name for path in folder.iterdir()] == [target.name]
    assert target.read_bytes() != b"old"
    assert find_exporter(None, target) is find_exporter(name, None) is exporter


def test_exporters_of_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point names one; what is none, or fails to load, is an error that names it; mag's own come first."""
    entries = [
        EntryPoint("mine", "mag.compare.exporters:ParquetExporter", GROUP),
        EntryPoint("csv", "os:path", GROUP),
        EntryPoint("none", "os:path", GROUP),
        EntryPoint("gone", "no_such_module:x", GROUP),
    ]
    monkeypatch.setattr("mag.compare.exporters.entry_points", lambda group: entries)  # noqa: ARG005
    assert isinstance(find_exporter("mine", None), ParquetExporter)
    assert find_exporter("csv", None) is EXPORTERS["csv"]
    for name, said in {
        "none": "it has no method `write`",
        "gone": "cannot be loaded",
        "min": "did you mean 'mine'",
    }.items():
        with pytest.raises(UsageError, match=said):
            find_exporter(name, None)


def test_parquet_reads_back(tmp_path: Path) -> None:
    """Columns come back with their types."""
    polars = pytest.importorskip("polars")
    EXPORTERS["parquet"].write(Table(("C", "x"), ((1, 0.5), (2, MISSING))), [], tmp_path / "t.parquet")
    frame = polars.read_parquet(tmp_path / "t.parquet")
    assert frame.to_dicts() == [{"C": 1, "x": 0.5}, {"C": 2, "x": None}]


@given(st.lists(st.tuples(st.floats(allow_nan=False), st.text().filter(lambda text: "\r" not in text))))
def test_csv_reads_back(rows: list[tuple[float, str]]) -> None:
    """Numbers come back exactly, and texts, but for an apostrophe before what would be a formula."""
    read = list(csv.reader(io.StringIO(format_csv(Table(("x", "y"), tuple(rows))), newline="")))
    assert [float(row[0]) for row in read[1:]] == [row[0] for row in rows]
    assert [row[1].removeprefix("'") for row in read[1:]] == [row[1].removeprefix("'") for row in rows]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-cmd", "@x"])
def test_no_text_is_a_formula(text: str) -> None:
    """A spreadsheet shows such a text, and computes nothing; numbers stay numbers."""
    assert format_csv(Table(("x", text), ((-1.5, text),))).splitlines() == [f"x,'{text}", f"-1.5,'{text}"]


def test_markdown_is_safe() -> None:
    """Names and values are text in Markdown, never a column, a tag or a line."""
    table = Table(("a|b", "x"), (("<b>\n|", 1 / 3), (MISSING, 0.5)))
    assert format_markdown(table) == "| a\\|b | x |\n| --- | ---: |\n| &lt;b> \\| | 0.3333 |\n|  | 0.5 |\n"


def test_json_lines() -> None:
    """Each line is an object; what is missing is null, NaN a text."""
    table = Table(("a", "b"), ((1, float("nan")), ([1], MISSING)))
    lines: list[Any] = [json.loads(line) for line in format_jsonl(table).splitlines()]
    assert lines == [{"a": 1, "b": "nan"}, {"a": [1], "b": None}]
