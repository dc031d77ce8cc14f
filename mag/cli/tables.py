"""Tables as the options of a command ask for them: sorted, with chosen columns, as text, CSV, Markdown or JSON."""

import dataclasses
from collections.abc import Callable, Container, Sequence
from typing import Any, TypeVar

import click

from mag.cli.output import escape_lines, find_screen, write_json, write_lines, write_table
from mag.cli.references import JSON_OPTION
from mag.cli.selection import Selection
from mag.cli.wording import format_moment
from mag.compare.columns import Column
from mag.compare.exporters import format_csv, format_markdown, list_objects
from mag.compare.rows import MISSING, MOMENTS, Row, is_number
from mag.compare.table import Table, build_table, sort_naturally, sort_rows, sort_table
from mag.errors import UsageError
from mag.suggestion import list_names, name_nearest

_LONG = 1e15
_EXPENDABLE = frozenset({"seconds", "started"})
_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--sort", "keys", multiple=True, metavar="KEY", help="Sort by KEY; -KEY sorts from the highest (repeatable)."
    ),
    click.option("--columns", metavar="KEYS", help="Which columns, with commas: name,C,accuracy."),
    click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Show only the first N."),
    click.option("--csv", "as_csv", is_flag=True, help="Print CSV, numbers in full."),
    click.option("--markdown", "as_markdown", is_flag=True, help="Print a Markdown table."),
    JSON_OPTION,
)


def table_options(command: _F) -> _F:
    """Give a command the options that all tables have; it gets them as `keys`, `columns`, `limit` and the formats."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclasses.dataclass(frozen=True, slots=True)
class Style:
    """How a table was asked for.

    Attributes:
        keys: What to sort by, `-accuracy` from the highest.
        columns: Which columns; None for those that suit.
        limit: How many rows; None for all.
        format: "text", "csv", "markdown" or "json".
    """

    keys: tuple[str, ...]
    columns: tuple[str, ...] | None
    limit: int | None
    format: str

    @property
    def is_json(self) -> bool:
        """Whether data is asked for."""
        return self.format == "json"

    @property
    def is_brief(self) -> bool:
        """Whether people read it on a terminal."""
        return self.format == "text" and find_screen().width is not None


def read_style(
    *, keys: Sequence[str], columns: str | None, limit: int | None, as_csv: bool, as_markdown: bool, as_json: bool
) -> Style:
    """Return how a table was asked for.

    Raises:
        UsageError: In two formats at once, or without any column.
    """
    asked = [name for name, is_set in (("csv", as_csv), ("markdown", as_markdown), ("json", as_json)) if is_set]
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} are two formats: choose one of them.")
    names = None if columns is None else tuple(name.strip() for name in columns.split(",") if name.strip())
    if names == ():
        raise UsageError("--columns names none: write them with commas, as in --columns name,accuracy.")
    wanted = tuple(key.strip() for text in keys for key in text.split(",") if key.strip())
    return Style(wanted, names, limit, asked[0] if asked else "text")


def shape_table(table: Table, style: Style) -> Table:
    """Return a table with the rows and columns that were asked for, by header.

    Raises:
        UsageError: There is no such column.
    """
    keys = [(find_header(table, key.removeprefix("-")), key.startswith("-")) for key in style.keys]
    table = sort_table(table, keys)
    table = dataclasses.replace(table, rows=table.rows[: style.limit])
    if style.columns is None:
        return table
    chosen = [find_header(table, name) for name in style.columns]
    headers = tuple(table.headers[index] for index in chosen)
    return Table(headers, tuple(tuple(row[index] for index in chosen) for row in table.rows))


def find_header(table: Table, name: str) -> int:
    """Return the index of the column that a name means: its header, or the end of it.

    Raises:
        UsageError: There is none, or there are several.
    """
    found = [i for i, header in enumerate(table.headers) if header == name]
    found = found or [i for i, header in enumerate(table.headers) if header.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{name!r} may mean {' or '.join(table.headers[i] for i in found)}: type it in full.")
    near = name_nearest(name, table.headers)
    hint = f"did you mean {near!r}?" if near else f"there are {list_names(table.headers)}."
    raise UsageError(f"The table has no column {name!r}: {hint}")


def show_table(table: Table, style: Style, *, expendable: Sequence[int] = (), rounded: Container[int] = ()) -> None:
    """Write a table to standard output in the format that was asked for.

    Args:
        table: What to show.
        style: How.
        expendable: The columns that a narrow terminal may do without, by index.
        rounded: The columns whose numbers may be rounded, by index.
    """
    if style.format == "json":
        write_json(list_objects(table))
    elif style.format == "csv":
        write_lines(escape_lines(format_csv(table)) if table.rows else [])
    elif style.format == "markdown":
        write_lines(escape_lines(format_markdown(table)) if table.rows else [])
    else:
        write_table(table.headers, table.rows, expendable=expendable, rounded=rounded)


def polish(table: Table, columns: Sequence[Column], *, brief: bool) -> Table:
    """Return a table with dates in local time, and on a terminal with as many digits of seconds as people read."""
    rows = (
        tuple(_polish(column, cell, brief=brief) for column, cell in zip(columns, row, strict=True))
        for row in table.rows
    )
    return dataclasses.replace(table, rows=tuple(rows))


def _polish(column: Column, cell: Any, *, brief: bool) -> Any:
    if column.kind != "fact" or cell is MISSING:
        return cell
    if column.key in MOMENTS:
        return format_moment(cell, brief=brief)
    if column.key == "tag":
        return ", ".join(map(str, cell))
    if brief and column.key.endswith("seconds") and is_number(cell) and cell < _LONG:
        return float(f"{cell:.3g}") if cell < 100 else round(cell)  # noqa: PLR2004
    return cell


def sort_selection(selection: Selection, varying: Sequence[Column], style: Style) -> list[Row]:
    """Return the rows of a selection in natural order, or as was asked for."""
    rows = sort_naturally(selection.rows, varying)
    if not selection.total:
        return rows
    return sort_rows(rows, [(selection.catalog.find(key.removeprefix("-")), key.startswith("-")) for key in style.keys])


def pick_columns(selection: Selection, keys: Sequence[str]) -> list[Column]:
    """Return the columns that keys name; none where there are no experiments."""
    return [selection.catalog.find(key) for key in keys] if selection.total else []


def show_rows(rows: Sequence[Row], columns: Sequence[Column], selection: Selection, style: Style) -> None:
    """Write experiments under columns to standard output."""
    table = build_table(rows, columns, selection.catalog)
    if style.format == "text":
        table = polish(table, columns, brief=style.is_brief)
    facts = [index for index, column in enumerate(columns) if column.kind == "fact"]
    expendable = [index for index in reversed(facts) if columns[index].key in _EXPENDABLE]
    rounded = {index for index, column in enumerate(columns) if column.kind in {"results", "metrics"} or style.is_brief}
    show_table(table, style, expendable=expendable if style.columns is None else (), rounded=rounded - {*facts})
