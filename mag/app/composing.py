"""Configs that only the imported app knows: Hydra composes each point from its ConfigStore."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from mag.app.definition import App
from mag.app.hydra import HydraFunction
from mag.config.composition.composer import Composer
from mag.config.composition.interpolation import has_interpolations
from mag.config.composition.merging import copy_value
from mag.config.language.override import Override

_KEPT = 128


class Composed(NamedTuple):
    """What Hydra made of overrides: the config as plain data, and what is chosen from each group."""

    config: dict[str, Any]
    choices: dict[str, Any]


Ask = Callable[[Callable[[Any], Any]], Any]
"""Has a question answered where the app is imported."""


class HydraComposer(Composer):
    """Composes by asking Hydra: slower than reading files, but right where files are not everything."""

    def __init__(self, app: App, ask: Ask) -> None:
        super().__init__(app.config_path, app.config_name, more=app.further, home=app.file.parent)
        self._ask = ask
        self._composed: dict[tuple[str, ...], Composed] = {}
        self._groups: dict[str, tuple[str, ...]] | None = None

    def compose(self, overrides: Sequence[Override]) -> dict[str, Any]:
        """Return the config that the overrides make: plain dicts and lists, interpolations as they are written."""
        config: dict[str, Any] = copy_value(self._find(overrides).config)
        return config

    def choices(self, overrides: Sequence[Override]) -> dict[str, Any]:
        """Return what is chosen from each group."""
        return dict(self._find(overrides).choices)

    def has_interpolations(self, overrides: Sequence[Override]) -> bool:
        """Tell whether the config of these overrides has interpolations."""
        return has_interpolations(self._find(overrides).config)

    def parts(self, overrides: Sequence[Override]) -> tuple[()]:  # noqa: ARG002
        """Return nothing: what is merged, and from where, only Hydra knows."""
        return ()

    def find_options_with(self, key: str, overrides: Sequence[Override]) -> list[str]:  # noqa: ARG002
        """Return nothing, likewise."""
        return []

    def is_group(self, key: str) -> bool:
        """Tell whether a key is a config group, of files or of the ConfigStore."""
        return key in self._list_groups()

    def groups(self) -> tuple[str, ...]:
        """Return the names of all config groups, sorted."""
        return tuple(sorted(self._list_groups()))

    def options(self, group: str) -> tuple[str, ...]:
        """Return the names of a group's options, sorted."""
        return self._list_groups().get(group, ())

    def is_group_override(self, override: Override) -> bool:
        """Tell whether an override chooses an option of a group, as opposed to setting a value."""
        return self.is_group(override.key) and not isinstance(override.value, dict)

    def _list_groups(self) -> Mapping[str, tuple[str, ...]]:
        if self._groups is None:
            self._groups = self._ask(HydraFunction.list_groups)
        return self._groups

    def _find(self, overrides: Sequence[Override]) -> Composed:
        texts = tuple(override.text for override in overrides)
        if texts not in self._composed:
            if len(self._composed) >= _KEPT:
                del self._composed[next(iter(self._composed))]
            self._composed[texts] = self._ask(partial(_compose, texts))
        return self._composed[texts]


def _compose(texts: tuple[str, ...], function: HydraFunction) -> Composed:
    return Composed(*function.compose_plain(texts))
