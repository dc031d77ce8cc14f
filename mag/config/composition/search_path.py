"""The search path: further config folders that a primary config names, as configs written for Hydra do.

hydra:
  searchpath: [file:///shared/configs, pkg://package.configs, ../more]
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mag.config.composition.interpolation import resolve
from mag.errors import ConfigError


def read_search_path(content: dict[str, Any], source: Path) -> tuple[Path, ...]:
    """Return the folders that a primary config adds to its own; one that is not there does no harm.

    Raises:
        ConfigError: The search path is no list of texts, or of an unknown kind.
    """
    settings = content.get("hydra")
    if not isinstance(settings, dict) or settings.get("searchpath") is None:
        return ()
    places = resolve({"searchpath": settings["searchpath"]})["searchpath"]
    if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
        raise ConfigError(f"{source}: hydra.searchpath must be a list of folders, not {places!r}")
    return tuple(_read_place(place, source) for place in places)


def _read_place(place: str, source: Path) -> Path:
    scheme, mark, rest = place.partition("://")
    if not mark:
        return Path(place)
    if scheme == "file":
        return Path(rest)
    if scheme != "pkg":
        raise ConfigError(f"{source}: hydra.searchpath has {place!r}; it takes file://, pkg:// or a plain path")
    package, *folders = rest.replace("/", ".").split(".")
    spec = find_spec(package) if package else None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"{source}: hydra.searchpath has {place!r}, but there is no package {package!r}")
    return Path(spec.submodule_search_locations[0], *folders)
