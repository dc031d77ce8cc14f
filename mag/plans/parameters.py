"""Parameters: the keys of a space that a search is free to choose, as Optuna and as the override language have them."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mag.compare.rows import is_number
from mag.config.composition.composer import Composer
from mag.config.flat import flatten
from mag.config.language.override import Interval, Override, format_value
from mag.plans.grids import build_grid, list_values
from mag.plans.space import name_key
from mag.record.store import StoredExperiment
from mag.suggestion import name_nearest

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import BaseDistribution

_DIGITS = 5
"""Significant digits of a value that is asked for."""


class Parameter(NamedTuple):
    """One key that is searched.

    Attributes:
        name: What Optuna calls it.
        override: As it was typed.
        values: Its values; empty for an interval.
        chooses: Whether it chooses an option of a group.
    """

    name: str
    override: Override
    values: tuple[Any, ...]
    chooses: bool

    @property
    def interval(self) -> Interval | None:
        """The interval that it is taken from, if it is one."""
        return self.override.sweep if isinstance(self.override.sweep, Interval) else None

    def suggest(self, trial: "Trial") -> Any:
        """Return the value that a trial asks for."""
        if self.interval is None:
            labels = [format_value(value) for value in self.values]
            return self.values[labels.index(trial.suggest_categorical(self.name, labels))]
        low, high = self.interval.start, self.interval.end
        if isinstance(low, int) and isinstance(high, int):
            return trial.suggest_int(self.name, low, high, log=self.interval.log)
        return round_value(trial.suggest_float(self.name, low, high, log=self.interval.log), low, high)

    @property
    def distribution(self) -> "BaseDistribution":
        """What it is taken from, as Optuna has it."""
        from optuna.distributions import (  # noqa: PLC0415 - an extra
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        if self.interval is None:
            return CategoricalDistribution([format_value(value) for value in self.values])
        low, high = self.interval.start, self.interval.end
        if isinstance(low, int) and isinstance(high, int):
            return IntDistribution(low, high, log=self.interval.log)
        return FloatDistribution(low, high, log=self.interval.log)

    def label(self, value: Any) -> Any:
        """Return a value as Optuna has it.

        Raises:
            ValueError: It is none of this key's.
        """
        if self.interval is None:
            return format_value(self.values[self.values.index(value)])
        low, high = self.interval.start, self.interval.end
        is_integer = isinstance(low, int) and isinstance(high, int)
        if not is_number(value) or (is_integer and not isinstance(value, int)) or not low <= value <= high:
            raise ValueError(value)
        return value


def round_value(value: float, low: float, high: float) -> float:
    """Return a value of an interval with as many digits as matter, so that names stay readable.

    >>> round_value(0.123456789, 0.0, 1.0), round_value(0.9999999, 0.0, 1.0)
    (0.12346, 1.0)
    """
    return min(max(float(f"{value:.{_DIGITS}g}"), float(low)), float(high))


class Branch(NamedTuple):
    """One grid of the searched space; the space is their union, of keys that only one of them may have."""

    overrides: tuple[Override, ...]
    parameters: tuple[Parameter, ...]


def find_values(branch: Branch, one: StoredExperiment) -> list[Any] | None:
    """Return the value of each parameter in an experiment; None where one is none of its values."""
    record = one.record
    if record is None:
        return None
    flat = flatten(record.config)
    values = []
    for each in branch.parameters:
        where = record.choices if each.chooses else flat
        value = where.get(name_key(each.override))
        try:
            each.label(value)
        except ValueError:
            return None
        values.append(value)
    return values


def read_branches(grids: Sequence[Sequence[Override]], composer: Composer) -> list[Branch]:
    """Return the grids of a searched space with their parameters; what they have alike, they learn together.

    Raises:
        SpaceError: A key is given twice, or has no values.
    """
    branches, seen = [], dict[str, Any]()
    for number, overrides in enumerate(grids):
        swept = [override for override in overrides if override.is_sweep]
        build_grid([each for each in overrides if not isinstance(each.sweep, Interval)], composer)  # or an error
        parameters = []
        for each in swept:
            values = () if isinstance(each.sweep, Interval) else tuple(list_values(each, composer))
            same = seen.setdefault(name_key(each), (each.sweep, values)) == (each.sweep, values)
            name = name_key(each) if same else f"{name_key(each)} of grid {number + 1}"
            parameters.append(Parameter(name, each, values, composer.is_group_override(each)))
        branches.append(Branch(tuple(overrides), tuple(parameters)))
    return branches


def explain_lacking(name: str, metric: str, results: Mapping[str, Any]) -> str:
    """Return what to say of an experiment that completed without the result that counts."""
    near = name_nearest(metric, results)
    known = f"did you mean {near!r}?" if near else f"it registered {', '.join(results) or 'nothing at all'}."
    return f"{name} completed without {metric!r}, which --metric names: {known}"


def read_number(value: Any) -> float | None:
    """Return a result as a number to be compared; None where it is none, or not finite."""
    return float(value) if is_number(value) and math.isfinite(value) else None
