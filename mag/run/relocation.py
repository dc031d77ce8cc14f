"""Relocation: a process that works in another work tree than the one it was started in, and imports from there."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from mag.code.checkouts import transfer
from mag.code.drift import look_into


def relocate(directory: Path, moved: Mapping[Path, Path], variables: Mapping[str, str]) -> None:
    """Make this process work in `directory`, and import from work trees that stand for others."""
    os.environ.update(variables)
    sys.path[:] = [_transfer_entry(entry, moved) for entry in sys.path]
    for name, module in list(sys.modules.items()):
        mapping = look_into(module).get("MAPPING") if name.startswith("__editable__") else None
        if isinstance(mapping, dict):  # a project that setuptools made editable
            mapping.update({key: _transfer_entry(place, moved) for key, place in mapping.items()})
    os.chdir(directory)


def _transfer_entry(entry: str, moved: Mapping[Path, Path]) -> str:
    """Return the counterpart of a place to import from, where it has one: a virtual environment has none."""
    place = transfer(os.path.abspath(entry), moved)
    return str(place) if place.exists() and "site-packages" not in place.parts else entry


def find_strays(moved: Mapping[Path, Path]) -> list[str]:
    """Return the files of modules that were imported from a work tree although another stands for it."""
    own = Path(__file__).parent.parent
    strays = []
    for name, module in list(sys.modules.items()):
        path = look_into(module).get("__file__")
        if not path or name == "__main__" or "site-packages" in path or Path(path).is_relative_to(own):
            continue
        if (counterpart := transfer(path, moved)) != Path(path) and counterpart.exists():
            strays.append(path)
    return sorted(strays)
