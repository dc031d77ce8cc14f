"""`mag ls`: experiments as a table."""

from collections.abc import Sequence
from typing import Any

import click

from mag.cli.output import escape, find_screen, write_json, write_lines, write_table
from mag.cli.references import FILTERS_ARGUMENT, JSON_OPTION, STORE_OPTION, Selection, select, tell_corrupt
from mag.cli.wording import format_moment
from mag.compare.columns import Column, find_varying
from mag.compare.description import describe
from mag.compare.rows import MISSING, MOMENTS, Row, is_number
from mag.compare.table import build_table, sort_naturally, sort_rows
from mag.errors import UsageError

HELP = """List experiments as a table: what they are, how they stand, what came out.

\b
  mag ls                                   all of them
  mag ls status=failed                     those that failed
  mag ls 'accuracy>0.9' C=1,10             both conditions; C is 1 or 10
  mag ls model=cnn or 'started>-2h'        one of two
  mag ls --sort -accuracy --limit 3        the three best
  mag ls --columns C,accuracy,commit       chosen columns
  mag ls -q status=failed                  names alone

FILTERS are conditions, all of which must be met: KEY=VALUE, KEY=A,B, model=res*, 'KEY>VALUE', also with and, or, not;
`KEY=` means that there is no such value. KEY is a key of the config (model.C, or C where that says it all), a config
group, a result, or a fact such as status, started, sweep, tag. `mag help conditions` is the whole language.

The columns are name, status, the config keys that differ, the results, seconds and started. A terminal gets them
aligned and cut to its width; a pipe gets all of it, tab-separated, under a line of headers; --json is a list of
objects.

Exit status: 0, even if nothing matches; 2 for an unknown key.
"""

_LEADING = ("name", "status")
_TRAILING = ("seconds", "started")
_LONG = 1e15


@click.command(help=HELP, short_help="List experiments as a table.")
@FILTERS_ARGUMENT
@click.option("--sort", "keys", multiple=True, metavar="KEY", help="Sort by KEY, by -KEY from the highest; repeatable.")
@click.option("--columns", metavar="KEYS", help="What to show, with commas: name,C,accuracy.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Show the first N only.")
@click.option("-q", "--quiet", is_flag=True, help="Names only, one a line.")
@JSON_OPTION
@STORE_OPTION
def command(
    *,
    filters: tuple[str, ...],
    keys: tuple[str, ...],
    columns: str | None,
    limit: int | None,
    quiet: bool,
    as_json: bool,
    directory: str | None,
) -> None:
    """Read, filter, sort, show."""
    if (columns is not None) + quiet + as_json > 1:
        raise UsageError("--columns, --quiet and --json are three ways to show experiments: choose one of them.")
    selection = select(filters, directory)
    varying = find_varying(selection.rows)
    rows = _order(selection, varying, keys)[:limit]
    if as_json:
        write_json([describe(row) for row in rows])
    elif quiet:
        write_lines(escape(row.experiment.name) for row in rows)
    elif rows:
        chosen = _pick(columns, selection) if columns is not None else _choose(selection, varying)
        _show(rows, chosen, selection, expendable=columns is None)
    tell_corrupt(rows)


def _order(selection: Selection, varying: Sequence[Column], keys: Sequence[str]) -> list[Row]:
    rows = sort_naturally(selection.rows, varying)
    if not selection.total:
        return rows
    return sort_rows(rows, [(selection.catalog.find(key.removeprefix("-")), key.startswith("-")) for key in keys])


def _pick(columns: str, selection: Selection) -> list[Column]:
    return [selection.catalog.find(key.strip()) for key in columns.split(",")]


def _choose(selection: Selection, varying: Sequence[Column]) -> list[Column]:
    held = {key for row in selection.rows for key in row.results}
    results = [Column("results", key) for key in selection.catalog.results if key in held]
    leading, trailing = ([Column("fact", key) for key in keys] for keys in (_LEADING, _TRAILING))
    return [*leading, *varying, *results, *trailing]


def _show(rows: Sequence[Row], columns: Sequence[Column], selection: Selection, *, expendable: bool) -> None:
    table = build_table(rows, columns, selection.catalog)
    brief = find_screen().width is not None
    cells = [
        [_polish(column, cell, brief=brief) for column, cell in zip(columns, row, strict=True)] for row in table.rows
    ]
    last = [index for index, column in enumerate(columns) if column.kind == "fact" and column.key in _TRAILING]
    config = [index for index, column in enumerate(columns) if column.kind == "config"]
    # a name says what the config is, so that the config's keys go before the results
    write_table(table.headers, cells, expendable=[*reversed(last), *reversed(config)] if expendable else ())


def _polish(column: Column, cell: Any, *, brief: bool) -> Any:
    """Return a cell in the form that suits where it is read: local time, and only so many digits on a terminal."""
    if column.kind != "fact" or cell is MISSING:
        return cell
    if column.key in MOMENTS:
        return format_moment(cell, brief=brief)
    if brief and column.key.endswith("seconds") and is_number(cell) and cell < _LONG:
        return float(f"{cell:.3g}") if cell < 100 else round(cell)  # noqa: PLR2004
    return cell
