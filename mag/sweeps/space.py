"""The space that the overrides of a sweep span, before anything is composed."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from mag.config.composition import Composer
from mag.config.flat import is_hidden
from mag.config.override import Choice, Glob, Override
from mag.errors import SpaceError


@dataclasses.dataclass(frozen=True, slots=True)
class Dimension:
    """One override that was given several values.

    Attributes:
        override: As it was typed.
        values: Its values, in order.
    """

    override: Override
    values: tuple[Any, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Space:
    """What the overrides span; its length is the number of points of the full grid.

    Attributes:
        overrides: All overrides in the order in which they were typed.
        dimensions: Those with several values, in the same order.
    """

    overrides: tuple[Override, ...]
    dimensions: tuple[Dimension, ...]

    def __len__(self) -> int:
        return math.prod(len(dimension.values) for dimension in self.dimensions)

    def assign(self, point: Sequence[Any]) -> list[Override]:
        """Return the overrides of one point: every dimension has the one value that `point` gives it."""
        given = iter(point)
        return [o.with_value(next(given)) if o.is_sweep else o for o in self.overrides]


def build_space(overrides: Sequence[Override], composer: Composer) -> Space:
    """Return the space that the overrides span.

    Args:
        overrides: As parsed.
        composer: Knows the options that a glob stands for.

    Raises:
        SpaceError: A key is swept twice, a dimension has no values, only hidden keys are swept, or a dimension has
            infinitely many values.
    """
    dimensions = [Dimension(o, _list_values(o, composer)) for o in overrides if o.is_sweep]
    _refuse_repeated([dimension.override for dimension in dimensions])
    keys = [dimension.override.key for dimension in dimensions]
    if any(len(d.values) > 1 for d in dimensions) and all(is_hidden(key.replace("/", ".")) for key in keys):
        raise SpaceError(
            f"Only hidden keys are swept ({', '.join(keys)}), and what is hidden (a key that begins with _) does not "
            f"tell experiments apart: sweep a visible key, or rename this one without its leading underscore."
        )
    return Space(tuple(overrides), tuple(dimensions))


def _list_values(override: Override, composer: Composer) -> tuple[Any, ...]:
    match override.sweep:
        case Choice(values=values):
            if not values:
                raise SpaceError(f"The sweep {override.text!r} has no values: nothing would run.")
            return values
        case Glob() as glob:
            return _expand(glob, override, composer)
        case _:
            raise SpaceError(
                f"{override.text!r} has infinitely many values, which a grid cannot run through: give it a number of "
                f"values, as in {override.key}=lin(0,1,num=5) or {override.key}=log(1e-5,1e-1,num=5)."
            )


def _expand(glob: Glob, override: Override, composer: Composer) -> tuple[str, ...]:
    options = composer.options(override.key)
    if not options:
        raise SpaceError(f"{override.text!r} needs a group of configs, and {override.key!r} is none.")
    matched = glob.match(options)
    if not matched:
        raise SpaceError(f"{override.text!r} matches no option of {override.key!r}; there are {', '.join(options)}.")
    return matched


def _refuse_repeated(swept: Sequence[Override]) -> None:
    seen: dict[tuple[str, str | None], Override] = {}
    for override in swept:
        earlier = seen.setdefault((override.key, override.package), override)
        if earlier is not override:
            raise SpaceError(
                f"{override.key} is swept twice, by {earlier.text!r} and {override.text!r}: "
                f"write all its values in one, as in {override.key}=a,b,c."
            )
