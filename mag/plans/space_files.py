"""Space files: spaces that have a name, written down in YAML.

grid:                            # or a list of such mappings: their union
  model: [svm, mlp]              # a list: these values
  C: log(1e-3,1e3,num=7)         # a text: the override language
zip: [C, gamma]                  # these advance together; or a list of such lists
include: [{model: svm, C: 7}]    # single points, added to the others
exclude: {model: mlp, C: 1}      # points to leave out; or a list of such mappings
where: C < 100 or model == "svm" # a condition that must hold; or a list of them
sample: 100                      # so many of the points, drawn at random
seed: 0                          # what the draw depends on
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mag.config.language.grammar import read_override
from mag.config.language.override import Choice, Override, format_override, format_value
from mag.errors import MagError, SpaceError, UsageError
from mag.plans.filters import exclude_values, read_exclude, read_where
from mag.plans.override_files import read_file, set_value
from mag.plans.space import Filter
from mag.suggestion import list_names, name_nearest

FOLDER = "spaces"
"""The folder beside, or inside, the config path in which a space is looked up by its name."""


@dataclass(frozen=True, slots=True)
class SpaceFile:
    """What a space file asks for.

    Attributes:
        path: The file.
        grids: The overrides of each grid.
        include: The overrides of each single point.
        zips: Keys that advance together.
        filters: What the points of the grids must fulfil; those of `include` need not.
        sample: How many points are drawn; None for all.
        seed: What the draw depends on.
    """

    path: str
    grids: tuple[tuple[Override, ...], ...] = ()
    include: tuple[tuple[Override, ...], ...] = ()
    zips: tuple[tuple[str, ...], ...] = ()
    filters: tuple[Filter, ...] = ()
    sample: int | None = None
    seed: int = 0


def find_space(name: str, config_path: Path | None) -> Path:
    """Return the space file that a name means.

    Raises:
        UsageError: There is no such file.
    """
    if os.sep in name or name.endswith((".yaml", ".yml")):
        if os.path.isfile(name):
            return Path(name)
        near = name_nearest(os.path.basename(name), [path.name for path in Path(name).parent.glob("*.yaml")])
        hint = f", did you mean {Path(name).with_name(near)}?" if near else ""
        raise UsageError(f"--space {name}: there is no such file{hint}")
    folders = [] if config_path is None else [config_path.parent / FOLDER, config_path / FOLDER]
    for folder in folders:
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    known = sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})
    near = name_nearest(name, known)
    places = " and ".join(map(str, folders)) or "no folder, since there are no configs"
    hint = f"did you mean {near}?" if near else f"there are: {list_names(known)} (looked up in {places})"
    raise UsageError(f"--space {name}: there is no space of that name, {hint}; a file is named with its .yaml")


def read_space_file(path: Path) -> SpaceFile:
    """Return what a space file asks for.

    Raises:
        SpaceError: A part of it cannot be used; the message names file and key.
        YamlError: It is no YAML; the message names file and line.
    """
    content = read_file(path, f"--space {path}")
    if not isinstance(content, dict):
        raise SpaceError(f"{path} is a list, but a space file is a mapping, as in 'grid: {{C: [1, 10]}}'")
    for key in content:
        if key not in PARTS:
            near = name_nearest(str(key), PARTS)
            hint = f"did you mean {near}?" if near else f"there are: {list_names(PARTS)}"
            raise SpaceError(f"{path}: {key} is no part of a space file, {hint}")
    parts = {PARTS[key][0]: _read_part(path, key, value) for key, value in content.items()}
    filters = (*parts.pop("where", ()), *parts.pop("exclude", ()))
    if not {"grids", "include"} & parts.keys():
        parts["grids"] = ((),)  # conditions alone, for what is typed beside the file
    return SpaceFile(str(path), filters=filters, **parts)


def _read_part(path: Path, key: str, value: Any) -> Any:
    try:
        return PARTS[key][1](value, f"{path}: {key}: ")
    except SpaceError as error:
        raise SpaceError(_begin(str(error), f"{path}: {key}: ")) from None
    except MagError as error:
        raise SpaceError(f"{path}: {key}: {error}") from None


def _begin(message: str, origin: str) -> str:
    return message if message.startswith(origin) else origin + message


def _read_grids(value: Any, _: str) -> tuple[tuple[Override, ...], ...]:
    grids = _list(value, dict, "a mapping of keys to values, as in {C: [1, 10]}, or a list of them")
    if not grids:
        raise SpaceError("the list is empty: nothing would run")
    return tuple(tuple(read_values(key, values) for key, values in grid.items()) for grid in grids)


def read_values(key: Any, value: Any) -> Override:
    """Return the override that a key of a grid stands for.

    Raises:
        MagError: It cannot be read.

    >>> read_values("C", [1, "1,10"]).values, read_values("C", "1,10").values, read_values("C", 1).values
    ((1, '1,10'), (1, 10), (1,))
    """
    if isinstance(value, str):
        return read_override(f"{key}={value}")
    if isinstance(value, dict):
        inner = next(iter(value), "C")
        raise SpaceError(f"{key} is a mapping; write {key}.{inner}: ... for a key in it, [{{...}}] for it as a value")
    if not isinstance(value, list):
        return set_value(key, value)
    if not value:
        raise SpaceError(f"{key} has no values: nothing would run")
    swept = replace(set_value(key, ""), value=None, sweep=Choice(tuple(value)))
    return replace(swept, text=format_override(swept))


def _read_include(value: Any, _: str) -> tuple[tuple[Override, ...], ...]:
    points = _list(value, dict, "a list of points, as in [{C: 7, gamma: 0.1}]")
    return tuple(tuple(set_value(key, one) for key, one in point.items()) for point in points)


def _read_zips(value: Any, _: str) -> tuple[tuple[str, ...], ...]:
    wanted = "a list of keys, as in [C, gamma], or a list of such lists"
    zips = [value] if isinstance(value, list) and all(isinstance(key, str) for key in value) else value
    zips = [value.split(",")] if isinstance(value, str) else _list(zips, list, wanted)
    if not all(isinstance(key, str) for each in zips for key in each) or not all(zips):
        raise SpaceError(f"{_show(value)} is not {wanted}")
    return tuple(tuple(key.strip() for key in each) for each in zips)


def _read_wheres(value: Any, origin: str) -> tuple[Filter, ...]:
    return tuple(
        read_where(each, origin) for each in _list(value, str, "a condition, as in C < 100, or a list of them")
    )


def _read_excludes(value: Any, origin: str) -> tuple[Filter, ...]:
    wanted = "a mapping of keys to values, as in {C: 1, gamma: 0.1}, or a list of them"
    return tuple(_read_excluded(each, origin) for each in _list(value, (dict, str), wanted))


def _read_excluded(value: Any, origin: str) -> Filter:
    if isinstance(value, str):
        return read_exclude(value, origin)
    overrides = [read_values(key, each) for key, each in value.items()]
    if not overrides:
        raise SpaceError("an empty mapping would leave out every point")
    return exclude_values(overrides, origin + _show(value))


def _read_number(value: Any, least: int) -> int:
    if type(value) is not int or value < least:
        raise SpaceError(f"{_show(value)} is no integer from {least} on")
    return value


def _list(value: Any, kind: type | tuple[type, ...], wanted: str) -> list[Any]:
    """Return a value of a kind, or the list of such values, as a list."""
    values = value if isinstance(value, list) else [value]
    for each in values:
        if not isinstance(each, kind):
            raise SpaceError(f"{_show(each)} is not {wanted}")
    return values


def _show(value: Any) -> str:
    return f"{format_value(value):.60}"


PARTS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "grid": ("grids", _read_grids),
    "zip": ("zips", _read_zips),
    "include": ("include", _read_include),
    "exclude": ("exclude", _read_excludes),
    "where": ("where", _read_wheres),
    "sample": ("sample", lambda value, _: _read_number(value, 1)),
    "seed": ("seed", lambda value, _: _read_number(value, 0)),
}
"""What may stand in a space file: what it is called here, and what reads it."""
