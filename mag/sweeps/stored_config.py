"""Stored configs: experiments that are planned from a record, with no config file composed."""

from typing import Any, NamedTuple

from mag.config.composition.composer import Composer
from mag.config.composition.keys import KeyPath
from mag.config.composition.merging import copy_value
from mag.plans.plan import Plan, PlannedExperiment
from mag.plans.resolver import find_late
from mag.plans.space import Grid, Point
from mag.record.paths import StorePaths


class StoredConfig(NamedTuple):
    """What a record tells of a config: it is what a plan's point and the config files are for other experiments."""

    resolved: dict[str, Any]
    composed: dict[str, Any] | None
    choices: dict[str, Any]
    overrides: tuple[str, ...]

    def resolve(self, point: Point) -> dict[str, Any]:  # noqa: ARG002 - there is one
        """Return the config as the experiment gets it."""
        return dict(copy_value(self.resolved))

    def list_late(self) -> tuple[KeyPath, ...]:
        """Return the paths of the values that only the experiment can resolve."""
        return find_late(self.resolved, self.composed or {})


class RepeatedExperiment(PlannedExperiment):
    """An experiment whose config is stored, and was not composed for the plan."""

    __slots__ = ()

    @property
    def _stored(self) -> StoredConfig:
        assert isinstance(self.source, StoredConfig)
        return self.source

    @property
    def overrides(self) -> tuple[str, ...]:
        """What was typed."""
        return self._stored.overrides

    @property
    def composed(self) -> dict[str, Any]:
        """Its config as it was composed, as far as that is stored."""
        return self._stored.composed or self._stored.resolved

    @property
    def written(self) -> dict[str, Any] | None:
        """Its config as it was composed; None where that has no interpolations."""
        return self._stored.composed

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen from each config group."""
        return self._stored.choices


def plan_one(config: StoredConfig, identity: str, store: StorePaths, name: str, *, attempt: int = 0) -> Plan:
    """Return the plan of one experiment whose config is stored."""
    nowhere = Point(Grid((), ()), ()), Composer(None, None)
    return Plan((RepeatedExperiment(0, identity, name, "new", *nowhere, config, attempt=attempt),), store)
