"""Recomposition: the config that a command would compose from an experiment's code, or the stored one as it is."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mag.app import App
from mag.config.composition.assignment import assign_values
from mag.config.composition.composer import Composer
from mag.config.composition.interpolation import resolve
from mag.config.composition.keys import ABSENT, KeyPath, find_value
from mag.config.composition.merging import copy_value
from mag.config.language.grammar import parse_overrides
from mag.config.language.lexer import quote
from mag.config.language.override import Override, format_override
from mag.config.secrets import MASK, mask
from mag.errors import MagError, UsageError
from mag.plans.plan import Plan, PlannedExperiment
from mag.plans.resolver import find_late
from mag.plans.space import Grid, Point
from mag.record.paths import StorePaths
from mag.record.records import Record
from mag.settings import Settings

Ask = Callable[[str], str]
"""Returns the value of a key that was masked when it was recorded."""


class Recomposition:
    """The config of an experiment, composed again from the configs among its code and from its recorded overrides.

    It is faithful where that makes what was recorded. It is not where the experiment had its configs from elsewhere, or
    where its config has been changed since, as by `mag migrate`.

    Attributes:
        composer: Composes from the configs among the code; None where there are none.
    """

    def __init__(self, record: Record, app: App, settings: Settings, *, debug: bool = False) -> None:
        self._record = record
        self._secrets = settings.secrets
        self._recorded: list[Override] = []
        self._composed: dict[str, Any] | None = None
        self.composer: Composer | None = None
        try:
            self._recorded = parse_overrides(record.overrides)
            self.composer = app.compose_typed(debug=debug)
            self._composed = self.composer.compose(self._recorded)
        except MagError:
            self.composer = None

    @property
    def is_faithful(self) -> bool:
        """Whether the recorded overrides make the recorded config, apart from what is masked."""
        stored = self._record.composed or self._record.config
        return self._composed is not None and mask(self._composed, self._secrets) == mask(stored, self._secrets)

    def find(self, key: str) -> Any:
        """Return the value at a key that is masked in the record; `ABSENT` where it was typed, or is not known."""
        if self._composed is None:
            return ABSENT
        try:
            value = find_value(resolve(self._composed), key)
        except MagError:
            return ABSENT
        return ABSENT if isinstance(value, str) and MASK in value else value

    def merge(self, overrides: Sequence[Override], ask: Ask) -> list[Override]:
        """Return the recorded overrides and some more, as if all of them had been typed in one command."""
        merged = {(each.key, each.package): each for each in self._recorded}
        for each in overrides:
            place = each.key, each.package
            was_added = place in merged and merged[place].operation == "add"
            if was_added and each.operation == "delete":
                del merged[place]
            else:
                merged[place] = _change(each, "add") if was_added and each.operation == "set" else each
        return [self._complete(each, ask) for each in merged.values()]

    def _complete(self, override: Override, ask: Ask) -> Override:
        if MASK not in override.text:
            return override
        return parse_overrides([f"{override.text.partition('=')[0]}={quote(ask(override.key))}"])[0]

    def assign(self, overrides: Sequence[Override]) -> dict[str, Any]:
        """Return the recorded config with values changed and interpolations resolved anew; nothing is composed.

        Raises:
            UsageError: An override chooses an option of a group, which only composing can.
        """
        stored, groups = self._record.composed or self._record.config, self._record.choices
        for each in overrides:
            if each.package is not None or "/" in each.key or each.key in groups:
                raise UsageError(
                    f"{each.text!r} chooses an option of a group, but the recorded configs do not compose the config "
                    f"of {self._record.identifier!r}: change only values, or compose with today's by --here."
                )
        return resolve(assign_values(stored, overrides))


def _change(override: Override, operation: Any) -> Override:
    changed = dataclasses.replace(override, operation=operation)
    return dataclasses.replace(changed, text=format_override(changed))


class StoredConfig(NamedTuple):
    """A config as a record has it; it takes the place of a plan's point and the config files."""

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
