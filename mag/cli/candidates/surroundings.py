"""Surroundings: what the overrides before the cursor make of the configs."""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from mag.app import App
from mag.config.composition.composer import Composer
from mag.config.language.grammar import parse_override
from mag.config.language.override import Override
from mag.config.secrets import mask
from mag.errors import ConfigError

_MOST_FOLDERS = 200


class Surroundings(NamedTuple):
    """What can be overridden.

    Attributes:
        composer: Knows the groups and their options.
        root: The folder of the configs; None where there is none.
        config: The composed config, secrets masked; empty where nothing can be composed yet.
        chosen: The chosen option of each choice, such as `model` or `db@backup`, several as a list; None where nothing
            can be composed yet.
        given: What is overridden already: the overrides up to their `=`.
    """

    composer: Composer
    root: Path | None
    config: dict[str, Any]
    chosen: dict[str, Any] | None
    given: frozenset[str]

    def list_groups(self, typed: str) -> list[str]:
        """Return the groups in the folder that has been typed: `model`, `model/kernel` after `model/`.

        A group of which only inner groups have options ends in `/`.
        """
        if self.root is None:
            return []
        above = typed.rpartition("/")[0]
        names = [f"{above}/{name}" if above else name for name in _list_folders(self.root / above)]
        with_options = [name for name in names if self.composer.options(name)]
        return with_options + [f"{name}/" for name in names if self._holds_groups(self.root / name, name)]

    def _holds_groups(self, folder: Path, name: str) -> bool:
        return any(self.composer.options(f"{name}/{inner}") for inner in _list_folders(folder))


def survey(app: App, texts: Sequence[str], secrets: Sequence[str] = ()) -> Surroundings:
    """Return what the configs of an app are under some overrides; those that make no sense are left out.

    Args:
        app: The app.
        texts: The overrides as typed; of several values the first one counts.
        secrets: Patterns of further keys whose values are secret.
    """
    composer = app.compose_from()
    overrides = _choose_composable(composer, [override for text in texts for override in _read(text)])
    given = _read_keys(texts)
    try:
        config, chosen = composer.compose(overrides), composer.choices(overrides)
    except ConfigError:  # such as a choice that is still open
        return Surroundings(composer, app.config_path, {}, None, given)
    return Surroundings(composer, app.config_path, mask(config, secrets), chosen, given)


def surround(config: dict[str, Any], texts: Sequence[str]) -> Surroundings:
    """Return what can be overridden of a config alone, without the files that it came from.

    Args:
        config: The config, secrets masked.
        texts: The overrides as typed.
    """
    return Surroundings(Composer(None, None), None, config, {}, _read_keys(texts))


def _read_keys(texts: Sequence[str]) -> frozenset[str]:
    return frozenset(text.partition("=")[0] for text in texts)


def _list_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder; only the first few where configs lie amid thousands of others."""
    try:
        with os.scandir(folder) as entries:
            names = (entry.name for entry in entries if entry.is_dir() and not entry.name.startswith((".", "_")))
            return sorted(islice(names, _MOST_FOLDERS))
    except OSError:
        return []


def _read(text: str) -> list[Override]:
    try:
        override = parse_override(text)
        return [override.with_value(override.values[0]) if override.is_sweep else override]
    except (ConfigError, IndexError):
        return []


def _choose_composable(composer: Composer, overrides: Sequence[Override]) -> list[Override]:
    """Return the overrides without those that keep the others from being composed."""
    chosen = list(overrides)
    try:
        composer.compose(chosen)
    except ConfigError:
        chosen = []
        for override in overrides:
            try:
                composer.compose([*chosen, override])
            except ConfigError:
                continue
            chosen.append(override)
    return chosen
