"""Relocation: a process that works in another work tree than the one it was started in, and imports from there."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from mag.code.checkouts import transfer
from mag.code.drift import look_into
from mag.code.repository import LEFT_ASIDE


def relocate(directory: Path, moved: Mapping[Path, Path], variables: Mapping[str, str]) -> None:
    """Make this process work in `directory`, and import from work trees that stand for others.

    A `PYTHONPATH` among the variables takes the place of this process's own.
    """
    before = os.environ.get("PYTHONPATH")
    os.environ.update(variables)
    for name in LEFT_ASIDE:  # those of a git hook are about its repository, not about the one that stands for it
        os.environ.pop(name, None)
    sys.path[:] = [_transfer_entry(entry, moved) for entry in sys.path]
    if "PYTHONPATH" in variables:
        os.environ["PYTHONPATH"] = path = transfer_path(variables["PYTHONPATH"], directory, moved)
        _replace_entries(_split_path(before or "", Path.cwd()), _split_path(path, directory))
    for name, module in list(sys.modules.items()):
        mapping = look_into(module).get("MAPPING") if name.startswith("__editable__") else None
        if isinstance(mapping, dict):  # a project that setuptools made editable
            mapping.update({key: _transfer_entry(place, moved) for key, place in mapping.items()})
    os.chdir(directory)


def transfer_path(path: str, directory: Path, moved: Mapping[Path, Path]) -> str:
    """Return a recorded `PYTHONPATH` as it is where the code is; mag itself stays where it is imported from."""
    entries = [str(transfer(entry, moved)) for entry in _split_path(path, _find_origin(directory, moved))]
    own = str(Path(__file__).parents[2])
    keeps = own in _split_path(os.environ.get("PYTHONPATH", ""), Path.cwd()) and own not in entries
    return os.pathsep.join([*entries, own] if keeps else entries)


def _find_origin(directory: Path, moved: Mapping[Path, Path]) -> Path:
    """Return the directory that one in a copied work tree stands for: what lies beside the tree was not copied."""
    places = (top / directory.relative_to(copy) for top, copy in moved.items() if directory.is_relative_to(copy))
    return next(places, directory)


def _split_path(path: str, directory: Path) -> list[str]:
    return [os.path.abspath(directory / entry) for entry in path.split(os.pathsep) if entry]


def _replace_entries(before: list[str], now: list[str]) -> None:
    """Import from some places instead of others; they come after the program's own."""
    kept = [entry for entry in sys.path if os.path.abspath(entry) not in before or not entry]
    first = next((number for number, entry in enumerate(kept) if _is_of_python(entry)), len(kept))
    sys.path[:] = [*kept[:first], *now, *kept[first:]]


def _is_of_python(entry: str) -> bool:
    return any(entry.startswith(place) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix) if place)


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
