"""Exporters: a table as the files that other programs read."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol

from mag.compare.frames import make_polars
from mag.compare.rows import MISSING, Row, format_numbers, format_value
from mag.compare.table import Table
from mag.disk.files import write_file
from mag.disk.values import encode_config
from mag.errors import UsageError
from mag.suggestion import name_nearest

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


class Exporter(Protocol):
    """A way to hand experiments to other programs; one of another package is found by the entry point `mag.exporters`.

    Attributes:
        suffix: What the names of its files end in, `.csv`.
    """

    suffix: str

    def write(self, table: Table, rows: Sequence[Row], target: Path) -> None:
        """Write experiments.

        Args:
            table: A row for each experiment, with the columns that were asked for.
            rows: The same experiments, with everything that is known of them.
            target: The file; it may be there, and is replaced in one step.

        Raises:
            MagError: It cannot be written.
        """


class TextExporter:
    """An exporter of a text, which can be printed as well.

    Args:
        suffix: What the names of its files end in.
        format: Returns a table as a text.
    """

    def __init__(self, suffix: str, format_table: Callable[[Table], str]) -> None:
        self.suffix = suffix
        self.format = format_table

    def write(self, table: Table, rows: Sequence[Row], target: Path) -> None:  # noqa: ARG002
        """Write the text."""
        write_file(str(target), self.format(table).encode("utf-8", "backslashreplace"))


class ParquetExporter:
    """Columns of the type of their values, by polars."""

    suffix = ".parquet"

    def write(self, table: Table, rows: Sequence[Row], target: Path) -> None:  # noqa: ARG002
        """Write the frame."""
        file = io.BytesIO()
        make_polars(table).write_parquet(file)
        write_file(str(target), file.getvalue())


EXPORTERS: dict[str, Exporter] = {
    "csv": TextExporter(".csv", format_csv),
    "json": TextExporter(".json", format_json),
    "jsonl": TextExporter(".jsonl", format_jsonl),
    "markdown": TextExporter(".md", format_markdown),
    "parquet": ParquetExporter(),
}
"""The exporters that come with mag, by name."""

GROUP = "mag.exporters"
"""The entry points that name exporters of other packages."""


def find_exporter(name: str | None, target: Path | None) -> Exporter:
    """Return an exporter by its name, or by what the file's name ends in; CSV where nothing is said.

    Raises:
        UsageError: There is none.
    """
    known: dict[str, EntryPoint | Exporter] = {each.name: each for each in entry_points(group=GROUP)}
    known |= EXPORTERS
    if name is None:
        if target is None:
            return EXPORTERS["csv"]
        for each in EXPORTERS.values():
            if target.name.endswith(each.suffix):
                return each
        raise UsageError(f"What format is {target.name}? Write --format, one of {', '.join(known)}.")
    found = known.get(name)
    if found is None:
        near = name_nearest(name, known)
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}."
        raise UsageError(f"There is no format {name!r}: {hint}")
    return _load(found) if isinstance(found, EntryPoint) else found


def _load(entry: EntryPoint) -> Exporter:
    try:
        loaded = entry.load()
        exporter: Exporter = loaded() if isinstance(loaded, type) else loaded
    except Exception as error:
        raise UsageError(f"The exporter {entry.name!r} ({entry.value}) cannot be loaded: {error}.") from error
    if not callable(getattr(exporter, "write", None)):
        raise UsageError(f"The exporter {entry.name!r} ({entry.value}) is none: it has no method `write`.")
    return exporter
