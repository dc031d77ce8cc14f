"""`mag summarize`: results side by side."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import click

from mag.cli.output import note, write_json
from mag.cli.rankings import show_effects, show_importances, show_settings
from mag.cli.references import STORE_OPTION
from mag.cli.selection import FILTERS_ARGUMENT, Selection, select
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
from mag.cli.wording import count_experiments, list_words
from mag.compare.columns import Column, find_results, find_varying
from mag.compare.description import describe
from mag.compare.rows import MISSING, Row, format_float, format_numbers, format_value
from mag.compare.summary import (
    Group,
    Pivot,
    compute_statistic,
    find_best,
    find_gaps,
    find_metrics,
    find_variations,
    group_rows,
    pivot_rows,
    tabulate_grid,
    tabulate_groups,
)
from mag.compare.table import Table
from mag.disk.values import encode_config
from mag.errors import UsageError

HELP = """Put the results of completed experiments side by side, next to the choices and keys that differ.

\b
  mag summarize                                    all results
  mag summarize model=svm 'C>1'                    of some experiments, filtered as by `mag ls`
  mag summarize --by C                             mean, sd, 95 % interval and n for each C
  mag summarize --by model,C --over seed           for each pair, over the seeds
  mag summarize --best accuracy                    the experiment with the highest accuracy
  mag summarize --best loss --min --by model       the one with the lowest loss for each model
  mag summarize --best accuracy --over seed        the best setting by its mean over seeds, and the runner-up
  mag summarize --pivot accuracy C gamma           a grid: C down, gamma across, mean and sd in the cells
  mag summarize --effects accuracy                 how much each key matters
  mag summarize --importance accuracy              the same after a search, where points are not spread evenly

sd is the standard deviation of the sample (n - 1), ±95% the margin of the 95 % interval of the mean by Student's t; a
single value has neither. Welch's t test judges whether a best setting leads by more than noise. --effects is the share
of the variance that lies between the values of a key, or comes from two keys together beyond what each does alone (as
in an analysis of variance), beside the share that chance alone would give. A mean over NaN is NaN; true counts as 1,
false as 0.

--importance is Optuna's fANOVA (pip install 'mag-sweep[tune]' scikit-learn): the share that each key has over its whole
range, by a model of all results.

mag names keys that vary within groups: add them to --by, filter, or name them with --over if they should. Experiments
that did not complete are counted, but are in no mean. If several directories have one identity, one of them counts.

Exit status: 0, even if there is nothing to show; 2 for an unknown key.
"""

_MOST_TOLD = 5


@click.command(help=HELP, short_help="Put results side by side.")
@FILTERS_ARGUMENT
@click.option("--by", multiple=True, metavar="KEYS", help="Group by KEYS (repeatable): mean, sd and n of the rest.")
@click.option("--over", multiple=True, metavar="KEYS", help="Take the mean over KEYS, seed for example.")
@click.option(
    "--best", metavar="METRIC", help="Show the experiment (with --over: the setting) with the highest METRIC."
)
@click.option("--min", "lowest", is_flag=True, help="With --best: the lowest instead.")
@click.option(
    "--pivot", nargs=3, metavar="METRIC ROWS COLS", help="Show the mean of METRIC for each pair of values of two keys."
)
@click.option("--effects", metavar="METRIC", help="Show how much of the variance of METRIC each key explains.")
@click.option("--importance", metavar="METRIC", help="Show how much each key matters to METRIC, by Optuna's fANOVA.")
@table_options
@STORE_OPTION
def command(
    *,
    filters: tuple[str, ...],
    by: tuple[str, ...],
    over: tuple[str, ...],
    best: str | None,
    lowest: bool,
    pivot: tuple[str, str, str] | None,
    effects: str | None,
    importance: str | None,
    directory: str | None,
    **options: Any,
) -> None:
    """Select, show in one of several ways."""
    style = read_style(**options)
    _check_views(by, best, pivot, effects, lowest=lowest)
    if importance and (pivot or best or effects):
        raise UsageError("--importance is a view of its own: leave out --pivot, --best and --effects.")
    selection = select(filters, directory)
    find = selection.catalog.find
    if not _has_completed(selection):
        show_table(Table((), ()), style)
        return
    columns, mean_over = _find_keys(selection, by), _find_keys(selection, over)
    if pivot:
        _show_pivot(selection, [find(key) for key in pivot], mean_over, style)
    elif effects or importance:
        kept = _keep_completed(selection.rows)
        rest = columns or [column for column in find_varying(kept) if column not in mean_over]
        show = show_effects if effects else show_importances
        show(selection, kept, find(effects or importance or ""), rest, style)
    elif best and over:
        show_settings(
            selection, _keep_completed(selection.rows), find(best), columns, mean_over, lowest=lowest, style=style
        )
    elif best:
        _show_best(selection, find(best), columns, lowest=lowest, style=style)
    elif by or over:
        _show_groups(selection, columns or _find_rest(selection, mean_over), mean_over, style)
    else:
        _show_rows(selection, _keep_completed(selection.rows), style)


def _check_views(
    by: Sequence[str], best: str | None, pivot: Sequence[str] | None, effects: str | None, *, lowest: bool
) -> None:
    if pivot and (by or best):
        raise UsageError("--pivot groups by two keys of its own: leave out --by and --best.")
    if effects and (pivot or best):
        raise UsageError("--effects is a view of its own: leave out --pivot and --best.")
    if lowest and not best:
        raise UsageError("--min needs --best: add --best METRIC.")


def _has_completed(selection: Selection) -> bool:
    """Say how many experiments did not complete or count elsewhere, and tell whether any are left."""
    copies = [row for row in selection.rows if row.experiment.status == "duplicate"]
    selection.rows[:] = [row for row in selection.rows if row.experiment.status != "duplicate"]
    left, total = len(selection.rows) - len(_keep_completed(selection.rows)), len(selection.rows)
    if left:
        note(f"{left} of {total} experiments did not complete and {'is' if left == 1 else 'are'} left out")
    if copies:
        verb = "counts" if len(copies) == 1 else "count"
        note(f"{count_experiments(len(copies))} with the same identity as another {verb} once")
    return left < total


def _keep_completed(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.experiment.status == "completed"]


def _find_keys(selection: Selection, keys: Sequence[str]) -> list[Column]:
    return [selection.catalog.find(key.strip()) for text in keys for key in text.split(",")]


def _find_rest(selection: Selection, known: Sequence[Column]) -> list[Column]:
    """Return what varies beside some keys."""
    return [column for column in find_varying(selection.rows) if column not in known]


def _show_rows(selection: Selection, rows: Sequence[Row], style: Style) -> None:
    varying = find_varying(_keep_completed(selection.rows))
    chosen = dataclasses.replace(selection, rows=list(rows))
    ordered = sort_selection(chosen, varying, style)[: style.limit]
    if style.is_json and style.columns is None:
        write_json([describe(row) for row in ordered])
        return
    columns = [Column("fact", "name"), *varying, *find_results(ordered, selection.catalog)]
    show_rows(ordered, pick_columns(selection, style.columns) if style.columns else columns, selection, style)


def _show_best(selection: Selection, metric: Column, columns: Sequence[Column], *, lowest: bool, style: Style) -> None:
    groups = group_rows(_keep_completed(selection.rows), columns)
    best = [row for group in groups for row in find_best(group.rows, metric, lowest=lowest)]
    if not best:
        note(f"no experiment has a number as {selection.catalog.label(metric)}")
    _show_rows(selection, best, style)


def _show_groups(selection: Selection, columns: Sequence[Column], over: Sequence[Column], style: Style) -> None:
    groups = group_rows(selection.rows, columns)
    metrics = find_metrics(_keep_completed(selection.rows), selection.catalog)
    _tell_variations(selection, groups, [*columns, *over])
    _tell_gaps(selection, groups, columns)
    if style.is_json and style.columns is None:
        write_json([_describe_group(group, columns, metrics, selection) for group in groups][: style.limit])
        return
    table = shape_table(tabulate_groups(groups, columns, metrics, selection.catalog), style)
    keys = {selection.catalog.label(column) for column in columns}
    show_table(table, style, rounded=[i for i, header in enumerate(table.headers) if header not in keys])


def _tell_variations(selection: Selection, groups: Sequence[Group], known: Sequence[Column]) -> None:
    """Say which other keys vary within groups, so that nobody takes a mean over them for something else."""
    completed = [dataclasses.replace(group, rows=tuple(_keep_completed(group.rows))) for group in groups]
    varying = find_varying(_keep_completed(selection.rows))
    found = find_variations(completed, varying, known)
    for one in found[:_MOST_TOLD]:
        label = selection.catalog.label(one.column)
        number = "a group" if one.groups == 1 else f"{one.groups} groups"
        note(f"{label} varies within {number}: add --by {label}, or filter; if it should, add --over {label}")
    if found[_MOST_TOLD:]:
        note(f"and so do {list_words([selection.catalog.label(one.column) for one in found[_MOST_TOLD:]])}")


def _tell_gaps(selection: Selection, groups: Sequence[Group], columns: Sequence[Column]) -> None:
    """Say which combinations were never tried."""
    if gaps := find_gaps(groups):
        labels = [selection.catalog.label(column) for column in columns]
        shown = [
            " ".join(f"{label}={format_value(value)}" for label, value in zip(labels, gap, strict=True))
            for gap in gaps[:_MOST_TOLD]
        ]
        more = f" and {len(gaps) - len(shown)} more" if gaps[_MOST_TOLD:] else ""
        number = "1 combination was" if len(gaps) == 1 else f"{len(gaps)} combinations were"
        note(f"{number} not tried: {', '.join(shown)}{more}")


def _describe_group(
    group: Group, columns: Sequence[Column], metrics: Sequence[Column], selection: Selection
) -> dict[str, Any]:
    named = zip(columns, group.values, strict=True)
    rows = _keep_completed(group.rows)
    return {
        "by": {selection.catalog.label(column): encode_config(_or_null(value)) for column, value in named},
        "n": len(rows),
        "failed": len(group.rows) - len(rows),
        "names": [row.experiment.name for row in rows],
        "results": {metric.key: _describe_statistic(rows, metric) for metric in metrics},
    }


def _describe_statistic(rows: Sequence[Row], metric: Column) -> dict[str, Any]:
    found = compute_statistic(rows, metric)
    if found is None:
        return {"mean": None, "sd": None, "margin": None, "interval": "95 % by Student's t", "n": 0}
    values = {name: encode_config(_or_null(getattr(found, name))) for name in ("mean", "sd", "margin")}
    return {**values, "interval": "95 % by Student's t", "n": found.n}


def _or_null(value: Any) -> Any:
    return None if value is MISSING else value


def _show_pivot(selection: Selection, keys: Sequence[Column], over: Sequence[Column], style: Style) -> None:
    metric, down, across = keys
    groups = group_rows(selection.rows, [down, across])
    _tell_variations(selection, groups, [down, across, *over])
    if style.is_json and style.columns is None:
        write_json([_describe_group(group, [down, across], [metric], selection) for group in groups][: style.limit])
        return
    grid = pivot_rows(selection.rows, metric, down, across, selection.catalog)
    table = tabulate_grid(grid)
    shaped = shape_table(_write_cells(grid, table) if style.format in {"text", "markdown"} else table, style)
    show_table(shaped, style)
    if any(one and one.n > 1 for cells in grid.cells for one in cells):
        note(f"a cell is the mean of {selection.catalog.label(metric)} ± sd (n experiments)")


def _write_cells(grid: Pivot, table: Table) -> Table:
    """Return a grid with `mean ± sd (n)` in its cells, and the word failed where nothing completed."""
    means = iter(format_numbers([one.mean for cells in grid.cells for one in cells if one]))
    several = any(one and one.n > 1 for cells in grid.cells for one in cells)
    lines = []
    for name, cells, failed in zip(grid.down[1], grid.cells, grid.failed, strict=True):
        line: list[Any] = [name]
        for one, count in zip(cells, failed, strict=True):
            if one is None:
                line.append(f"{count} failed" if count else MISSING)
                continue
            sd = f" ± {format_float(one.sd, 2)}" if one.sd is not MISSING else ""
            line.append(f"{next(means)}{sd} ({one.n})" if several else next(means))
        lines.append(tuple(line))
    return Table(table.headers, tuple(lines))
