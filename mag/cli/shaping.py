"""The options that shape the space of a sweep beside its overrides."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from mag.cli.project import Project

if TYPE_CHECKING:
    from mag.plans.shapes import Shape

_OPTIONS = (
    click.option("--zip", metavar="KEYS", multiple=True, help="Keys that advance together, a,b (repeatable)."),
    click.option(
        "--where", metavar="EXPR", multiple=True, help="Only points for which this holds (repeatable: all must)."
    ),
    click.option(
        "--exclude", metavar="EXPR", multiple=True, help="No points for which this holds, a=1,b=2 (repeatable)."
    ),
    click.option("--sample", type=click.IntRange(min=1), metavar="N", help="N of the points, drawn at random."),
    click.option("--seed", type=int, metavar="S", help="What the draw depends on (0)."),
    click.option(
        "--space", metavar="SPACE", multiple=True, help="A space file, or its name (repeatable: their union)."
    ),
)


def shape_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that shape a space."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_shaping(options: dict[str, Any], project: Project) -> "Shape":
    """Return what the options ask for.

    Raises:
        MagError: One of them cannot be read.
    """
    from mag.plans.shapes import Shaping, read_shape

    shaping = Shaping(
        zip=options["zip"],
        where=options["where"],
        exclude=options["exclude"],
        sample=options["sample"],
        seed=options["seed"],
        space=options["space"],
    )
    return read_shape(shaping, project.app.config_path)
