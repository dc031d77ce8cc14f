"""Shapes: what a command says about its points beside the overrides, and the spaces that come of both."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypedDict

from mag.config.composition.composer import Composer
from mag.config.language.override import Override, format_override
from mag.errors import SpaceError
from mag.plans.goals import SEARCHING, Goal, read_goal
from mag.plans.grids import Zip, build_grid, check_zips
from mag.plans.space import Filter, Space, name_key
from mag.suggestion import list_names, name_nearest

if TYPE_CHECKING:
    from mag.plans.point_files import Row
    from mag.plans.space_files import SpaceFile


Texts: TypeAlias = str | Sequence[str]


class SpaceOptions(TypedDict, total=False):
    """What shapes a space beside the overrides; `mag.plan` and `mag.sweep` take it as keywords.

    Attributes:
        zip: Keys that advance together, `"a,b"`, or several of such texts.
        where: A condition that every point must fulfil, `"C > 1 or model == 'svm'"`, or several.
        exclude: Values of points to leave out, `"a=1,b=2"`, or several.
        sample: How many points are drawn at random; all if None.
        seed: What the draw depends on; 0 if None.
        space: A space file, or the name of one, or several: their union.
        sampler: How a sample is drawn: `"random"` (if None), `"sobol"` or `"halton"`.
        points: A table with one point a row: a CSV, TSV, JSON or Parquet file.
        shuffle: Run all in a random order, which `seed` decides.
        trials: How many points a search is to know in the end.
        metric: The result that a search looks at.
        direction: Whether it looks for the largest, "max", or the smallest, "min".
        constraint: What results must fulfil besides, `"latency <= 20"`, or several.
    """

    zip: Texts
    where: Texts
    exclude: Texts
    sample: int | None
    seed: int | None
    space: str | Path | Sequence[str | Path]
    sampler: str | None
    points: str | Path | None
    shuffle: bool
    trials: int | None
    metric: str | None
    constraint: Texts
    direction: str | None


class Shape(NamedTuple):
    """What shapes a space beside the overrides, read.

    Attributes:
        zips: Keys that advance together.
        filters: What every point must fulfil.
        sample: How many points are drawn; None for as many as the space files say.
        seed: What the draw depends on; None for what the space files say, else 0.
        files: The space files; their union is meant.
        sampler: Which of `SAMPLERS` says in which order points come; None for the usual one.
        points: The rows of a table, with their places.
        goal: What is searched for; None where points do not depend on results.
    """

    zips: tuple[Zip, ...] = ()
    filters: tuple[Filter, ...] = ()
    sample: int | None = None
    seed: int | None = None
    files: "tuple[SpaceFile, ...]" = ()
    sampler: str | None = None
    points: "tuple[Row, ...]" = ()
    goal: Goal | None = None


_DRAWING = ("random", "sobol", "halton")
"""The samplers that draw: those of `SAMPLERS` but the grid, which need not be loaded to be named."""

PLAIN = Shape()
"""Nothing said: every combination of the overrides."""


def read_shape(shaping: SpaceOptions, config_path: Path | None) -> Shape:
    """Return the shape that options or keywords ask for.

    Raises:
        MagError: A part of it cannot be read.
    """
    unknown = sorted(shaping.keys() - SpaceOptions.__annotations__.keys())
    if unknown:
        raise TypeError(f"unexpected keyword {unknown[0]!r}, there are {', '.join(SpaceOptions.__annotations__)}")
    sample, seed = shaping.get("sample"), shaping.get("seed")
    if sample is not None and sample < 1:
        raise SpaceError(f"a sample of {sample} points would run nothing: ask for one at least")
    files = _read_files(shaping.get("space", ()), config_path)
    draws = sample is not None or any(file.sample for file in files)
    goal = read_goal(shaping)
    if seed is not None and not draws and not shaping.get("shuffle") and goal is None:
        raise SpaceError(f"the seed {seed} has nothing to draw: add --sample N")
    sampler = _choose_sampler(shaping, draws=draws) if goal is None else None
    zips = tuple(tuple(key.strip() for key in text.split(",")) for text in _list(shaping.get("zip", ())))
    filters = _read_filters(_list(shaping.get("where", ())), _list(shaping.get("exclude", ())))
    return Shape(zips, filters, sample, seed, files, sampler, _read_points(shaping.get("points"), files), goal)


def _choose_sampler(shaping: SpaceOptions, *, draws: bool) -> str | None:
    """Return which sampler is meant; None for the usual one.

    Raises:
        SpaceError: There is none of that name, or it has nothing to draw.
    """
    name = shaping.get("sampler")
    if name is None:
        return "random" if shaping.get("shuffle") else None
    if name not in _DRAWING:
        near = name_nearest(name, (*_DRAWING, *SEARCHING))
        hint = f"did you mean {near}?" if near else f"there are {list_names((*_DRAWING, *SEARCHING))}"
        raise SpaceError(f"there is no sampler {name!r}, {hint}")
    if not draws:
        raise SpaceError(f"the sampler {name} draws points, and no number is given: add --sample N")
    return name


def _read_points(name: "str | Path | None", files: "tuple[SpaceFile, ...]") -> "tuple[Row, ...]":
    if name is None:
        return ()
    if files:
        raise SpaceError("--points and --space both say which points are run: leave one of them out")
    from mag.plans.point_files import read_points  # noqa: PLC0415 - few sweeps need them

    return tuple(read_points(str(name)))


def _read_filters(wheres: Sequence[str], excludes: Sequence[str]) -> tuple[Filter, ...]:
    if not wheres and not excludes:
        return ()
    from mag.plans.filters import read_exclude, read_where  # noqa: PLC0415 - few sweeps need them

    return (*map(read_where, wheres), *map(read_exclude, excludes))


def _read_files(spaces: str | Path | Sequence[str | Path], config_path: Path | None) -> "tuple[SpaceFile, ...]":
    names = _split_spaces(spaces)
    if not names:
        return ()
    from mag.plans.space_files import find_space, read_space_file  # noqa: PLC0415 - few sweeps need them

    return tuple(read_space_file(find_space(name, config_path)) for name in names)


def build_spaces(overrides: Sequence[Override], composer: Composer, shape: Shape) -> tuple[Space, ...]:
    """Return the spaces whose union is asked for: that of the overrides alone, or one for each space file.

    Raises:
        SpaceError: The overrides and files span nothing that can be run.
    """
    given: list[Sequence[Override]] = [] if shape.files else [overrides]
    for file in shape.files:
        check_zips(file.zips, [merge_overrides(grid, overrides) for grid in file.grids], f"{file.path}: zip: ")
        given += [merge_overrides(grid, overrides) for grid in (*file.grids, *file.include)]
    check_zips(shape.zips, given, "--zip ")
    seed = shape.seed or 0
    if shape.points:
        rows = [build_grid(merge_overrides(row, overrides), composer, origin=place) for place, row in shape.points]
        return (Space(rows, shape.sample, seed, shape.sampler),)
    if not shape.files:
        return (
            Space(
                (build_grid(overrides, composer, zips=shape.zips, drawn=shape.sample is not None),),
                shape.sample,
                seed,
                shape.sampler,
            ),
        )
    spaces = [space for file in shape.files for space in _build_from(file, overrides, composer, shape)]
    if shape.sample is None:
        return tuple(spaces)
    return (Space(tuple(grid for space in spaces for grid in space.grids), shape.sample, seed, shape.sampler),)


def _build_from(file: "SpaceFile", overrides: Sequence[Override], composer: Composer, shape: Shape) -> Iterable[Space]:
    """Yield the space of a file's grids, and that of the points it includes."""
    zips = (*file.zips, *shape.zips)
    drawn = shape.sample is not None or file.sample is not None
    grids = [
        build_grid(
            merge_overrides(grid, overrides),
            composer,
            zips=zips,
            filters=file.filters,
            origin=_place(file, "grid", number, grid, overrides),
            drawn=drawn,
        )
        for number, grid in enumerate(file.grids, start=1)
    ]
    included = [
        build_grid(
            merge_overrides(point, overrides),
            composer,
            zips=shape.zips,
            origin=_place(file, "include", number, point, overrides),
            drawn=shape.sample is not None,
        )
        for number, point in enumerate(file.include, start=1)
    ]
    seed = file.seed if shape.seed is None else shape.seed
    yield Space(tuple(grids), file.sample, seed, shape.sampler)
    yield Space(tuple(included))


def _place(file: "SpaceFile", part: str, number: int, own: Sequence[Override], typed: Sequence[Override]) -> str:
    """Return how messages call a grid or point: file and part, and what was typed in the place of its own values."""
    place = f"{file.path}: {part}" + (f" {number}" if len(file.grids) > 1 or part == "include" else "")
    names = set(map(name_key, own))
    replaced = [override.text for override in typed if name_key(override) in names]
    return f"{place}, with {' '.join(replaced)} in the place of its own" if replaced else place


def merge_overrides(own: Sequence[Override], typed: Sequence[Override]) -> tuple[Override, ...]:
    """Return the overrides of a file's grid with those that were typed, which stand in the place of its own."""
    named: dict[str, list[Override]] = {}
    for override in typed:
        named.setdefault(name_key(override), []).append(override)
    merged: list[Override] = []
    for override in own:
        if name_key(override) in named:
            merged += [_adapt(each, override) for each in named[name_key(override)]]
        else:
            merged.append(override)
    replaced = set(map(name_key, own))
    return (*merged, *(override for override in typed if name_key(override) not in replaced))


def _adapt(typed: Override, own: Override) -> Override:
    """Return what was typed as `key=value` as the `+key=value` that it replaces, where it replaces such a one."""
    if typed.operation != "set" or own.operation not in {"add", "force"}:
        return typed
    adapted = replace(typed, operation=own.operation)
    return replace(adapted, text=format_override(adapted))


def _list(texts: Texts) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


def _split_spaces(spaces: str | Path | Sequence[str | Path]) -> list[str]:
    several = [spaces] if isinstance(spaces, str | Path) else spaces
    return [name for each in several for name in (each.split(",") if isinstance(each, str) else [str(each)])]
