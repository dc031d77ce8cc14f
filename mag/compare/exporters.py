"""Exporters: a table as the files that other programs read."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mag.compare.digits import format_numbers
from mag.compare.rows import MISSING, format_value, read_rows
from mag.compare.table import Table
from mag.disk.values import encode_config
from mag.errors import UsageError
from mag.record.store import StoredExperiment

if TYPE_CHECKING:
    from pandas import DataFrame

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def format_csv(table: Table) -> str:
    r"""Return a table as CSV: numbers in full, nothing where there is no value.

    A text that a spreadsheet would take for a formula gets an apostrophe, which spreadsheets do not show.

    >>> format_csv(Table(("C", "x"), ((1, "=1+1"),)))
    "C,x\n1,'=1+1\n"
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(_defuse, table.headers))
    writer.writerows([_defuse(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def _defuse(cell: Any) -> str:
    text = format_value(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA) else text


def format_markdown(table: Table) -> str:
    """Return a table as Markdown, as GitHub draws it; numbers have the digits that tell them apart."""
    columns = [format_numbers([row[index] for row in table.rows]) for index in range(len(table.headers))]
    lines = [table.headers, ["---:" if _holds_numbers(table, i) else "---" for i in range(len(columns))]]
    rows = zip(*columns, strict=True) if columns else iter(())
    return "".join(f"| {' | '.join(map(_quote, line))} |\n" for line in (*lines, *rows))


def _holds_numbers(table: Table, index: int) -> bool:
    return all(isinstance(row[index], int | float) or row[index] is MISSING for row in table.rows)


def _quote(text: str) -> str:
    for mark, meant in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("`", "\\`"), ("\r", " "), ("\n", " ")):
        text = text.replace(mark, meant)
    return text


def list_objects(table: Table) -> list[dict[str, Any]]:
    """Return a table as data for JSON, an object for each row; what a row lacks is null."""
    return [
        {name: None if cell is MISSING else encode_config(cell) for name, cell in zip(table.headers, row, strict=True)}
        for row in table.rows
    ]


def format_jsonl(table: Table) -> str:
    """Return a table as a JSON object for each line."""
    return "".join(_dump_lines(table))


def _dump_lines(table: Table) -> Iterator[str]:
    return (json.dumps(each, ensure_ascii=False) + "\n" for each in list_objects(table))


def format_json(table: Table) -> str:
    """Return a table as a JSON list of objects."""
    return json.dumps(list_objects(table), ensure_ascii=False, indent=1) + "\n"


TEXTS: dict[str, Callable[[Table], str]] = {
    "csv": format_csv,
    "json": format_json,
    "jsonl": format_jsonl,
    "markdown": format_markdown,
}
"""The exporters that make a text, by name."""


def make_frame(experiments: Iterable[StoredExperiment]) -> "DataFrame":
    """Return a pandas table of experiments: a row each, with status, config and results.

    A result that is called as a key of a config is has `results.` before its name.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        from pandas import DataFrame  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError("to_pandas() needs pandas: pip install 'mag-sweep[pandas]'.") from error
    rows = read_rows(experiments)
    taken = {"status", *(key for row in rows for key in row.config)}
    table = [
        {"status": row.experiment.status}
        | row.config
        | {f"results.{name}" if name in taken else name: value for name, value in row.results.items()}
        for row in rows
    ]
    return DataFrame(table, index=[row.experiment.name for row in rows])
