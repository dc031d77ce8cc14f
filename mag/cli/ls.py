"""`mag ls`: experiments as a table."""

from collections.abc import Sequence
from typing import Any

import click

from mag.cli.output import escape, write_json, write_lines
from mag.cli.references import STORE_OPTION
from mag.cli.selection import FILTERS_ARGUMENT, Selection, select, tell_corrupt
from mag.cli.tables import pick_columns, read_style, show_rows, sort_selection, table_options
from mag.compare.columns import Column, find_results, find_varying
from mag.compare.description import describe
from mag.compare.rows import MISSING, Row, read_fact
from mag.errors import UsageError

HELP = """List experiments as a table: their status, configs and results.

\b
  mag ls                                   all of them
  mag ls status=failed                     those that failed
  mag ls 'accuracy>0.9' C=1,10             both conditions; C is 1 or 10
  mag ls model=cnn or 'started>-2h'        one of two
  mag ls --sort -accuracy --limit 3        the three best
  mag ls --columns C,accuracy,commit       chosen columns
  mag ls -q status=failed                  only the names

FILTERS are conditions, all of which must be met: KEY=VALUE, KEY=A,B, model=res*, 'KEY>VALUE', also with and, or, not;
`KEY=` finds those without such a value. KEY is a key of the config (model.C, or C where that says it all), a config
group, a result, or a fact such as status, started, sweep, tag. `mag help conditions` is the whole language.

The columns are name, status, the choices and config keys that differ, the results, seconds and started. A terminal gets
aligned columns; those that do not fit stand below the others. A pipe gets a line of headers and tab-separated values.
Results show as many digits as tell them apart; --csv and --json show all digits.

Exit status: 0, even if nothing matches; 2 for an unknown key.
"""

_LEADING = ("name", "status")
_TRAILING = ("seconds", "started")
_ADDED = ("tag", "note", "accepted")
_MANY = 1000  # of so many their files are looked into


@click.command(help=HELP, short_help="List experiments as a table.")
@FILTERS_ARGUMENT
@click.option("-q", "--quiet", is_flag=True, help="Names only, one a line.")
@table_options
@STORE_OPTION
def command(*, filters: tuple[str, ...], quiet: bool, directory: str | None, **options: Any) -> None:
    """Read, filter, sort, show."""
    style = read_style(**options)
    if quiet and (style.columns or style.format != "text"):
        raise UsageError("--quiet prints only names: leave out --columns, --csv, --markdown and --json.")
    selection = select(filters, directory)
    varying = find_varying(selection.rows)
    rows = sort_selection(selection, varying, style)[: style.limit]
    if quiet:
        write_lines(escape(row.experiment.name) for row in rows)
    elif style.is_json and style.columns is None:
        write_json([describe(row) for row in rows])
    else:
        chosen = _choose(selection, varying, rows) if style.columns is None else pick_columns(selection, style.columns)
        show_rows(rows, chosen, selection, style)
    tell_corrupt(rows)


def _choose(selection: Selection, varying: Sequence[Column], shown: Sequence[Row]) -> list[Column]:
    """Return the usual columns, and what people added to those that are shown."""
    leading, trailing = ([Column("fact", key) for key in keys] for keys in (_LEADING, _TRAILING))
    looked = shown if len(shown) <= _MANY else ()
    added = [
        Column("fact", key) for key in _ADDED if any(read_fact(row.experiment, key) is not MISSING for row in looked)
    ]
    return [*leading, *varying, *find_results(selection.rows, selection.catalog), *added, *trailing]
