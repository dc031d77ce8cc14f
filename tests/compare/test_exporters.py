"""The laws of exporters."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.exporters import TEXTS, format_csv, format_jsonl, format_markdown
from mag.compare.rows import MISSING
from mag.compare.table import Table

CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just(MISSING)
TABLES = st.lists(st.tuples(CELLS, CELLS)).map(lambda rows: Table(("a", "b,c"), tuple(rows)))


@pytest.mark.parametrize("name", TEXTS)
@given(TABLES)
def test_every_exporter_takes_every_table(name: str, table: Table) -> None:
    """Whatever experiments hold, each format has a line at least for each row."""
    assert TEXTS[name](table).count("\n") >= len(table.rows)


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
