"""Rankings: of settings by their mean, and whether the lead is more than noise; of keys by how much they matter."""

from collections.abc import Sequence
from typing import Any

from mag.cli.output import note
from mag.cli.selection import Selection
from mag.cli.tables import Style, shape_table, show_table
from mag.cli.wording import count_experiments, list_words
from mag.compare.columns import Column, find_varying
from mag.compare.effects import Effect, decompose
from mag.compare.rows import Row, format_float, format_value
from mag.compare.summary import Contender, Group, compare_contenders, find_variations, group_rows, rank_settings
from mag.compare.table import Table

_MOST_TOLD = 5


def show_settings(
    selection: Selection,
    rows: Sequence[Row],
    metric: Column,
    by: Sequence[Column],
    over: Sequence[Column],
    *,
    lowest: bool,
    style: Style,
) -> None:
    """Show the best setting and the runner-up of each group, and say whether the lead is more than noise."""
    varying = {one.column for one in find_variations(group_rows(rows, by), find_varying(rows), over)}
    columns = [column for column in find_varying(rows) if column in varying]
    found: list[tuple[Group, list[Contender]]] = [
        (group, rank_settings(group.rows, metric, columns, lowest=lowest)[:2]) for group in group_rows(rows, by)
    ]
    label = selection.catalog.label(metric)
    lines = [
        [*group.values, *one.group.values, one.rank, *_list_figures(one)]
        for group, contenders in found
        for one in contenders
    ]
    if not lines:
        note(f"no experiment has a number as {label}")
    names = [selection.catalog.label(column) for column in (*by, *columns)]
    table = Table((*names, "place", "n", label, f"{label} sd", f"{label} ±95%"), tuple(map(tuple, lines)))
    show_table(shape_table(table, style), style, rounded=range(len(names), len(table.headers)))
    for group, contenders in found[:_MOST_TOLD]:
        place = " ".join(f"{name}={format_value(value)}" for name, value in zip(names, group.values, strict=False))
        note(f"{place}: {_judge(contenders)}" if place else _judge(contenders))


def _list_figures(one: Contender) -> list[Any]:
    return [one.statistic.n, one.statistic.mean, one.statistic.sd, one.statistic.margin]


def _judge(contenders: Sequence[Contender]) -> str:
    if len(contenders) < 2:  # noqa: PLR2004
        return "there is only one setting, so there is nothing to compare it with"
    comparison = compare_contenders(contenders[0], contenders[1])
    lead = format_float(abs(comparison.difference), 3)
    test = f" (Welch's t test, p = {comparison.p:.2g})" if comparison.p is not None else ""
    return f"the best leads the runner-up by {lead}: {comparison.verdict}{test}"


def show_importances(
    selection: Selection, rows: Sequence[Row], metric: Column, columns: Sequence[Column], style: Style
) -> None:
    """Print how much keys matter to a metric."""
    from mag.compare.importance import estimate_importances

    found = estimate_importances(rows, metric, columns)
    label = selection.catalog.label
    table = Table(("key", "share"), tuple((label(column), share) for column, share in found.shares.items()))
    show_table(shape_table(table, style), style, rounded=(1,))
    if found.shares:
        note(f"of {count_experiments(found.number)}, by Optuna's fANOVA")
    else:
        note("the values are all alike, or of too few experiments, or no key varies in all of them")
    if found.dropped:
        note(f"some experiments lack {list_words(list(map(label, found.dropped)))}: filter, to have these compared")


def show_effects(
    selection: Selection, rows: Sequence[Row], metric: Column, columns: Sequence[Column], style: Style
) -> None:
    """Print how much of the variance of a metric keys explain."""
    found = decompose(rows, metric, columns)
    table = Table(
        ("keys", "values", "share", "by chance"),
        tuple((_name_effect(one, selection), one.levels, one.share, one.chance) for one in found.effects),
    )
    show_table(shape_table(table, style), style, rounded=(2, 3))
    if found.effects and found.rest is not None:
        note(f"of {count_experiments(found.count)}; {found.rest:.1%} of the variance is explained by none of these")
    for column in found.cut:
        note(f"{selection.catalog.label(column)} has many values: four ranges of it are compared")
    for warning in found.warnings[:_MOST_TOLD]:
        note(warning)


def _name_effect(effect: Effect, selection: Selection) -> str:
    return " * ".join(selection.catalog.label(column) for column in effect.columns)
