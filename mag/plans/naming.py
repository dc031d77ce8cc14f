"""Naming: the names of many configs, as the project's settings say."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT
from mag.config.flat import flatten
from mag.config.identifier import check_separator, encode_change, encode_value, fill_template, fits, join_values
from mag.config.identity import Visibility, canonical_json, is_hidden, keep_visible, read_visibility
from mag.config.language.grammar import read_override
from mag.config.language.override import Override, format_value
from mag.errors import ConfigError
from mag.record.names import choose_keys, refuse_template
from mag.settings import Settings

_KEPT = 100_000
_KEPT_BASELINES = 4096

NamePart = tuple[str, Any]
"""A choice or key that differs, and its value; `ABSENT` where the config has none."""


class Naming:
    """Names configs as the project's settings say; the same as `build_identifier`, for many of them.

    Raises:
        UsageError: The settings' separator cannot join the values of a name.
    """

    def __init__(self, settings: Settings) -> None:
        check_separator(settings.separator)
        self.visibility = read_visibility(settings)
        self._separator = settings.separator
        self._settings = settings
        self._secrets = settings.secrets
        self._encoded: dict[tuple[str, type, Any], str] = {}

    def choose(self, visible: Mapping[str, Any]) -> list[str]:
        """Return the keys whose values make up the name, in order; none where a template does.

        Raises:
            UsageError: The settings name keys, and none of them is in the config.
        """
        return choose_keys(visible, self._settings)

    def encode(self, key: str, value: Any) -> str:
        """Return the part of the name that a value makes."""
        if isinstance(value, dict | list):
            return encode_value(key, value, separator=self._separator, secrets=self._secrets)
        known = (key, type(value), value)
        part = self._encoded.get(known)
        if part is None:
            if len(self._encoded) >= _KEPT:
                self._encoded.clear()
            part = self._encoded[known] = encode_value(key, value, separator=self._separator, secrets=self._secrets)
        return part

    def encode_change(self, key: str, value: Any) -> str:
        """Return the part of the name that a choice or a value makes which differs from a config without overrides."""
        return encode_change(key, value, separator=self._separator, secrets=self._secrets)

    def advise_visible(self, keys: Sequence[str]) -> str:
        """Return what to write into the settings so that keys which are hidden count."""
        visible = [*self._settings.visible, *keys]
        by_settings = [key for key in keys if not is_hidden(key)]
        words = f"visible = {json.dumps(visible)}"
        if by_settings:
            words += f", or take {', '.join(by_settings)} out of hidden = {json.dumps(self._settings.hidden)},"
        return f"to have it tell them apart write {words} into the settings, [tool.mag]"

    def glue(self, parts: Iterable[str]) -> str:
        """Return several parts of a name as one."""
        return self._separator.join(parts)

    def join(
        self,
        parts: Sequence[str],
        identity: str,
        find: Callable[[str], Any],
        tell_apart: Callable[[], Sequence[str] | None],
    ) -> str:
        """Return the name of a config.

        Args:
            parts: Those that its values make.
            identity: Its identity.
            find: Returns the value of a key, or what is chosen from a group; for a template.
            tell_apart: Returns the parts that tell it from the one without overrides, where that is known; for a name
                in which not all parts have room.

        Raises:
            UsageError: The template names a key that the config does not have.
        """
        if isinstance(self._settings.identifier, str):
            parts = [self._fill(self._settings.identifier, find)]
        elif self._settings.identifier is None and not fits(parts, self._separator):
            found = tell_apart()
            parts = parts if found is None else found
        return join_values(parts, identity, separator=self._separator)

    def _fill(self, template: str, find: Callable[[str], Any]) -> str:
        def find_visible(key: str) -> Any:
            """Return the value of a key, unless it is hidden."""
            value = ABSENT if self.visibility.hides(key) else find(key)
            if value is ABSENT:
                raise refuse_template(self._settings, key)
            return value

        return fill_template(template, find_visible, separator=self._separator, secrets=self._secrets)


class Baseline(NamedTuple):
    """The config that choices of options make, without any value override.

    Attributes:
        chosen: The choices that make it, by group; as few as do.
        flat: What is visible of it, interpolations as written.
    """

    chosen: tuple[NamePart, ...]
    flat: Mapping[str, Any]

    def differs(self, key: str, value: Any) -> bool:
        """Tell whether a value of a config, as written, is not that of the baseline."""
        base = self.flat.get(key, ABSENT)
        if type(base) is type(value) and type(value) in {str, int, bool}:
            return bool(base != value)
        return base is ABSENT or canonical_json(base) != canonical_json(value)

    def list_lost(self, written: Mapping[str, Any]) -> list[str]:
        """Return the keys that a config does not have any more."""
        return [key for key in self.flat if key not in written]


class Distinction:
    """Finds in what configs differ from the one without overrides: the choices, and the values that they do not give.

    The same config is told by the same differences, however its overrides were spelled.
    """

    def __init__(self, composer: Composer, visibility: Visibility) -> None:
        self._composer = composer
        self._visibility = visibility
        self._baselines: dict[str, Baseline | None] = {}

    def find_baseline(self, choices: Mapping[str, Any]) -> Baseline | None:
        """Return the baseline of some choices; None where they cannot be made by themselves."""
        key = repr(sorted(choices.items()))
        if key not in self._baselines:
            if len(self._baselines) >= _KEPT_BASELINES:
                self._baselines.clear()
            try:
                self._baselines[key] = self._make_baseline(choices)
            except ConfigError:
                self._baselines[key] = None
        return self._baselines[key]

    def show(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is visible of a config as it was composed, flat."""
        return keep_visible(flatten(written), self._visibility)

    def _make_baseline(self, choices: Mapping[str, Any]) -> Baseline | None:
        chosen = self._choose({}, choices)
        if chosen is None:
            return None
        for key in [*chosen] if len(chosen) > 1 else ():  # a later choice may bring an earlier one along
            fewer = {other: text for other, text in chosen.items() if other != key}
            if self._reach(fewer) == choices:
                chosen = fewer
        overrides = self._read(chosen)
        flat = self.show(self._composer.compose(overrides))
        return Baseline(tuple((key, choices.get(key, ABSENT)) for key in sorted(chosen)), flat)

    def _choose(self, chosen: dict[str, str], choices: Mapping[str, Any]) -> dict[str, str] | None:
        """Return the overrides that make some choices, by their groups; one after the other, outer groups first."""
        while (reached := self._reach(chosen)) is not None and reached != choices:
            differing = [key for key in {*reached, *choices} if reached.get(key, ABSENT) != choices.get(key, ABSENT)]
            key = min(differing, key=lambda each: (each.count("/"), each in reached, each))
            if key in chosen:
                return None
            value = choices.get(key)
            sign = "~" if value is None else "" if key in reached else "+"
            chosen = {**chosen, key: f"~{key}" if sign == "~" else f"{sign}{key}={format_value(value)}"}
        return None if reached is None else chosen

    def _reach(self, chosen: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the choices that overrides make; None where they do not compose."""
        try:
            return self._composer.choices(self._read(chosen))
        except ConfigError:
            return None

    def _read(self, chosen: Mapping[str, str]) -> list[Override]:
        return [read_override(text) for text in chosen.values()]


def list_changes(baseline: Baseline, written: Mapping[str, Any], shown: Mapping[str, Any]) -> list[NamePart]:
    """Return in what a config differs from the one without overrides, choices first.

    Args:
        baseline: That of its choices.
        written: What is visible of it as it was composed.
        shown: The same, resolved.
    """
    values = [(key, shown.get(key, value)) for key, value in written.items() if baseline.differs(key, value)]
    values += [(key, ABSENT) for key in baseline.list_lost(written)]
    return [*baseline.chosen, *sorted(values, key=lambda part: part[0])]
