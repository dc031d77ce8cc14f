"""`mag summarize`: results side by side."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import click

from mag.cli.output import note, write_json
from mag.cli.references import FILTERS_ARGUMENT, STORE_OPTION, Selection, select
from mag.cli.tables import (
    Style,
    pick_columns,
    read_style,
    shape_table,
    show_rows,
    show_table,
    sort_selection,
    table_options,
)
from mag.compare.columns import Column, find_results, find_varying
from mag.compare.description import describe
from mag.compare.rows import MISSING, Row
from mag.compare.summary import (
    Group,
    compute_statistic,
    find_best,
    find_metrics,
    group_rows,
    pivot_rows,
    tabulate_groups,
)
from mag.compare.table import Table
from mag.disk.values import encode_config
from mag.errors import UsageError

HELP = """Put the results of completed experiments side by side, next to the config keys in which they differ.

\b
  mag summarize                                  all results
  mag summarize model.name=svm 'C>1'             of some experiments, filtered as by `mag ls`
  mag summarize --by C                           mean, sd and n for each C, over all the rest
  mag summarize --by model.name --by C           for each pair
  mag summarize --best accuracy                  the experiment with the highest accuracy
  mag summarize --best loss --min --by kernel    the one with the lowest loss for each model
  mag summarize --pivot accuracy C gamma         a grid: C down, gamma across, mean accuracy in the cells

sd is the standard deviation of the sample (n - 1), so that a single value has none. A mean over NaN is NaN; true counts
as 1, false as 0, and results that are no numbers are left out. Of experiments that are equally good --best shows all.
Experiments that did not complete are left out, and counted on standard error.

Exit status: 0, even if there is nothing to show; 2 for an unknown key.
"""


@click.command(help=HELP, short_help="Put results side by side.")
@FILTERS_ARGUMENT
@click.option("--by", multiple=True, metavar="KEY", help="Group by KEY (repeatable): mean, sd and n of the rest.")
@click.option("--best", metavar="METRIC", help="Show the experiment with the highest METRIC, with --by of each group.")
@click.option("--min", "lowest", is_flag=True, help="With --best: the lowest instead.")
@click.option("--pivot", nargs=3, metavar="METRIC ROWS COLS", help="Mean METRIC for each value of two keys.")
@table_options
@STORE_OPTION
def command(
    *,
    filters: tuple[str, ...],
    by: tuple[str, ...],
    best: str | None,
    lowest: bool,
    pivot: tuple[str, str, str] | None,
    directory: str | None,
    **options: Any,
) -> None:
    """Select the completed ones, show them in one of four ways."""
    style = read_style(**options)
    if pivot and (by or best):
        raise UsageError("--pivot groups by two keys of its own: leave out --by and --best.")
    if lowest and not best:
        raise UsageError("--min says which is the best: write --best METRIC with it.")
    selection = _keep_completed(select(filters, directory))
    if not selection.rows:
        show_table(Table((), ()), style)
    elif pivot:
        _show_pivot(selection, *map(selection.catalog.find, pivot), style=style)
    elif best:
        _show_best(selection, selection.catalog.find(best), _find_keys(selection, by), lowest=lowest, style=style)
    elif by:
        _show_groups(selection, _find_keys(selection, by), style)
    else:
        _show_rows(selection, selection.rows, style)


def _keep_completed(selection: Selection) -> Selection:
    rows = [row for row in selection.rows if row.experiment.status == "completed"]
    if left := len(selection.rows) - len(rows):
        note(
            f"{left} of {len(selection.rows)} experiments did not complete and {'is' if left == 1 else 'are'} left out"
        )
    return Selection(rows, selection.catalog, selection.total, selection.root)


def _find_keys(selection: Selection, keys: Sequence[str]) -> list[Column]:
    return [selection.catalog.find(key.strip()) for text in keys for key in text.split(",")]


def _show_rows(selection: Selection, rows: Sequence[Row], style: Style) -> None:
    varying = find_varying(selection.rows)
    chosen = dataclasses.replace(selection, rows=list(rows))
    ordered = sort_selection(chosen, varying, style)[: style.limit]
    if style.is_json and style.columns is None:
        write_json([describe(row) for row in ordered])
        return
    columns = [Column("fact", "name"), *varying, *find_results(ordered, selection.catalog)]
    show_rows(ordered, pick_columns(selection, style.columns) if style.columns else columns, selection, style)


def _show_best(selection: Selection, metric: Column, columns: Sequence[Column], *, lowest: bool, style: Style) -> None:
    groups = group_rows(selection.rows, columns)
    best = [row for group in groups for row in find_best(group.rows, metric, lowest=lowest)]
    if not best:
        note(f"no experiment has a number as {selection.catalog.label(metric)}")
    _show_rows(selection, best, style)


def _show_groups(selection: Selection, columns: Sequence[Column], style: Style) -> None:
    groups, metrics = group_rows(selection.rows, columns), find_metrics(selection.rows, selection.catalog)
    if style.is_json and style.columns is None:
        write_json([_describe_group(group, columns, metrics, selection) for group in groups][: style.limit])
        return
    table = shape_table(tabulate_groups(groups, columns, metrics, selection.catalog), style)
    show_table(table, style, rounded=range(len(columns), len(table.headers)))


def _describe_group(
    group: Group, columns: Sequence[Column], metrics: Sequence[Column], selection: Selection
) -> dict[str, Any]:
    named = zip(columns, group.values, strict=True)
    statistics = {metric.key: _describe_statistic(group.rows, metric) for metric in metrics}
    return {
        "by": {selection.catalog.label(column): encode_config(_or_null(value)) for column, value in named},
        "n": len(group.rows),
        "names": [row.experiment.name for row in group.rows],
        "results": statistics,
    }


def _describe_statistic(rows: Sequence[Row], metric: Column) -> dict[str, Any]:
    found = compute_statistic(rows, metric)
    if found is None:
        return {"mean": None, "sd": None, "n": 0}
    return {"mean": encode_config(found.mean), "sd": encode_config(_or_null(found.sd)), "n": found.n}


def _or_null(value: Any) -> Any:
    return None if value is MISSING else value


def _show_pivot(selection: Selection, metric: Column, down: Column, across: Column, *, style: Style) -> None:
    if style.is_json and style.columns is None:
        groups = group_rows(selection.rows, [down, across])
        write_json([_describe_group(group, [down, across], [metric], selection) for group in groups][: style.limit])
        return
    table = shape_table(pivot_rows(selection.rows, metric, down, across, selection.catalog), style)
    show_table(table, style, rounded=range(1, len(table.headers)))
    if any(len(group.rows) > 1 for group in group_rows(selection.rows, [down, across])):
        note(f"a cell is the mean of {selection.catalog.label(metric)} over several experiments; --json has sd and n")
