"""The options that say which points a sweep has: filters, samples, space files, a search."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mag.plans.shapes import SpaceOptions

_SHAPE_OPTIONS = (
    click.option("--zip", metavar="KEYS", multiple=True, help="Advance these keys together: a,b (repeatable)."),
    click.option(
        "--where", metavar="EXPR", multiple=True, help="Run only points where this holds (repeatable: all must)."
    ),
    click.option(
        "--exclude", metavar="EXPR", multiple=True, help="Leave out points where this holds: a=1,b=2 (repeatable)."
    ),
    click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Run N of the points, drawn at random."),
    click.option("--seed", type=int, metavar="S", help="Seed of the random draw (0)."),
    click.option("--sampler", metavar="NAME", help="How to draw: random, sobol, halton; to search: tpe, gp, cmaes."),
    click.option("--trials", type=click.IntRange(min=1), metavar="N", help="Search: N points, chosen by results."),
    click.option("--metric", metavar="NAME", help="The result that a search, or a pruner, looks at."),
    click.option("--direction", metavar="max|min", help="Whether it looks for the largest or the smallest."),
    click.option(
        "--constraint", metavar="EXPR", multiple=True, help="What results of a search must fulfil: 'latency <= 20'."
    ),
    click.option(
        "--space", metavar="SPACE", multiple=True, help="A space file, or its name (repeatable: their union)."
    ),
    click.option("--points", metavar="FILE", help="A table, each row a point: .csv, .tsv, .json or .parquet."),
    click.option("--shuffle", is_flag=True, help="Run all points in random order."),
)


def shape_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that shape a space."""
    for option in reversed(_SHAPE_OPTIONS):
        command = option(command)
    return command


def read_shaping(options: Mapping[str, Any]) -> "SpaceOptions":
    """Return what the options ask for, as typed."""
    compares_only = options.get("pruner") is not None and options["trials"] is None
    return {
        "zip": options["zip"],
        "where": options["where"],
        "exclude": options["exclude"],
        "sample": options["sample"],
        "seed": options["seed"],
        "space": options["space"],
        "sampler": options["sampler"],
        "points": options["points"],
        "shuffle": options["shuffle"],
        "trials": options["trials"],
        "metric": options["metric"],
        "constraint": options["constraint"],
        "direction": None if compares_only else options["direction"],
    }


def read_pruner(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variable that tells experiments of the pruner; none where there is no pruner.

    Raises:
        UsageError: There is none of that name, Optuna is not installed, or it is not said what is compared.
    """
    if options["pruner"] is None:
        return {}
    from mag.plans.goals import name_pruner

    return name_pruner(options["pruner"], options["metric"], options["direction"])
