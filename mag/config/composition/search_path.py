"""The search path: further config folders that a primary config names, as configs written for Hydra do.

hydra:
  searchpath: [file:///shared/configs, pkg://package.configs, ../more]
"""

import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mag.config.composition.interpolation import resolve
from mag.errors import ConfigError


def read_search_path(content: dict[str, Any], source: Path, home: Path | None = None) -> tuple[Path, ...]:
    """Return the folders that a primary config adds to its own; one that is not there does no harm.

    Args:
        content: What the config says.
        source: Where it is.
        home: The app's folder, where packages are looked for first.

    Raises:
        ConfigError: The search path is no list of texts, or of an unknown kind.
    """
    settings = content.get("hydra")
    if not isinstance(settings, dict) or settings.get("searchpath") is None:
        return ()
    places = resolve({"searchpath": settings["searchpath"]})["searchpath"]
    if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
        raise ConfigError(f"{source}: hydra.searchpath must be a list of folders, not {places!r}")
    return tuple(_read_place(place, source, home) for place in places)


def _read_place(place: str, source: Path, home: Path | None) -> Path:
    scheme, mark, rest = place.partition("://")
    if not mark:
        return Path(place)
    if scheme == "file":
        return Path(rest)
    if scheme != "pkg":
        raise ConfigError(f"{source}: hydra.searchpath has {place!r}; it takes file://, pkg:// or a plain path")
    package, *folders = rest.replace("/", ".").split(".")
    spec = _find_package(package, home) if package else None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"{source}: hydra.searchpath has {place!r}, but there is no package {package!r}")
    return Path(spec.submodule_search_locations[0], *folders)


def _find_package(name: str, home: Path | None) -> ModuleSpec | None:
    """Return where a package is, as the app would import it; nothing of it is run."""
    return PathFinder.find_spec(name, [*([] if home is None else [str(home)]), *sys.path]) or find_spec(name)
