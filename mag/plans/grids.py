"""Grids: from overrides, some with several values, to the dimensions that they span."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from mag.config.composition.composer import Composer
from mag.config.language.lexer import write_word
from mag.config.language.override import Choice, Glob, Interval, Override, format_override
from mag.errors import SpaceError
from mag.plans.intervals import Draws
from mag.plans.space import Dimension, Filter, Grid, name_key
from mag.suggestion import list_names, name_nearest

Zip: TypeAlias = tuple[str, ...]
"""Keys that advance together."""


def build_grid(
    overrides: Sequence[Override],
    composer: Composer,
    *,
    zips: Sequence[Zip] = (),
    filters: Sequence[Filter] = (),
    origin: str = "",
    drawn: bool = False,
) -> Grid:
    """Return the grid that overrides span; only where points are drawn of it may it have intervals.

    Raises:
        SpaceError: A key is given twice, a dimension has no values or infinitely many, what is zipped differs in
            length.
    """
    try:
        _refuse_repeated(overrides)
        columns = {place: list_values(o, composer, drawn=drawn) for place, o in enumerate(overrides) if o.is_sweep}
        groups = list(_group_places(overrides, columns, zips))
        dimensions = tuple(_build_dimension(places, overrides, columns, composer) for places in sorted(groups))
    except SpaceError as error:
        raise SpaceError(f"{origin}: {error}" if origin else str(error)) from None
    return Grid(overrides, dimensions, filters, origin)


def check_zips(zips: Sequence[Zip], grids: Sequence[Sequence[Override]], origin: str) -> None:
    """Refuse a zip whose keys are not all in one grid, or that shares a key with another zip.

    Raises:
        SpaceError: As said.
    """
    names = [set(map(name_key, overrides)) for overrides in grids]
    seen: dict[str, Zip] = {}
    for each in zips:
        text = f"{origin}{','.join(each)}"
        if len(each) < 2:  # noqa: PLR2004 - one key alone has nothing to advance with
            better = ",".join(_guess_zip(each[0], zips, grids))
            raise SpaceError(f"{text} names one key, but takes those that advance together, as in {origin}{better}")
        for key in each:
            if seen.setdefault(key, each) is not each or each.count(key) > 1:
                raise SpaceError(f"{text}: {key} advances with others already, in {origin}{','.join(seen[key])}")
        if not any(set(each) <= given for given in names):
            raise SpaceError(f"{text}: {_explain_unknown(each, sorted(set().union(*names)))}")


def _guess_zip(named: str, zips: Sequence[Zip], grids: Sequence[Sequence[Override]]) -> list[str]:
    """Return the keys that were probably meant where a zip names one: `a b`, or `a` and `b` apart."""
    alone = [each[0] for each in zips if len(each) == 1]
    swept = [name_key(each) for overrides in grids for each in overrides if each.is_sweep and name_key(each) != named]
    words = named.split()
    return words if words[1:] else alone if alone[1:] else [named, *swept[:1]] if swept else [named, "OTHER"]


def list_values(override: Override, composer: Composer, *, drawn: bool = False) -> Sequence[Any]:
    """Return the values that an override with several stands for; those of an interval only to draw from them.

    Raises:
        SpaceError: It has no values, or infinitely many.
    """
    match override.sweep:
        case Choice(values=values):
            if not values:
                raise SpaceError(f"the sweep {override.text!r} has no values: nothing would run")
            return values
        case Glob() as glob:
            return _expand(glob, override, composer)
        case Interval() as interval if drawn:
            return Draws(interval)
        case _:
            raise SpaceError(
                f"{override.text!r} has infinitely many values, which a grid cannot run through: draw some of the "
                f"points with --sample N, or give it a number of values, as in {write_word(_make_finite(override))}"
            )


def _make_finite(override: Override) -> str:
    """Return an interval as five values of it."""
    name = format_override(replace(override, value="", sweep=None)).removesuffix("''")
    if not isinstance(override.sweep, Interval):
        return f"{name}lin(0,1,num=5)"
    function = "log" if override.sweep.log else "lin"
    return f"{name}{function}({override.sweep.start!r},{override.sweep.end!r},num=5)"


def _expand(glob: Glob, override: Override, composer: Composer) -> tuple[str, ...]:
    options = composer.options(override.key)
    if not options:
        raise SpaceError(f"{override.text!r} needs a group of configs, and {override.key!r} is none")
    matched = glob.match(options)
    if not matched:
        raise SpaceError(f"{override.text!r} matches no option of {override.key!r}; there are {', '.join(options)}")
    return matched


def _group_places(
    overrides: Sequence[Override], columns: Mapping[int, Sequence[Any]], zips: Sequence[Zip]
) -> Iterator[tuple[int, ...]]:
    """Yield the places of the overrides of each dimension: zipped ones together, every other sweep alone."""
    named = {name_key(override): place for place, override in enumerate(overrides)}
    zipped: set[int] = set()
    for keys in zips:
        if all(key in named for key in keys):
            places = tuple(sorted(named[key] for key in keys))
            _check_lengths([overrides[place] for place in places], [len(columns.get(p, (None,))) for p in places])
            zipped.update(places)
            yield places
    yield from ((place,) for place in columns if place not in zipped)


def _build_dimension(
    places: tuple[int, ...], overrides: Sequence[Override], columns: Mapping[int, Sequence[Any]], composer: Composer
) -> Dimension:
    members = tuple(overrides[place] for place in places)
    values = tuple(columns.get(place, (overrides[place].value,)) for place in places)
    return Dimension(places, members, values, any(map(composer.is_group_override, members)))


def _check_lengths(members: Sequence[Override], lengths: Sequence[int]) -> None:
    if len(set(lengths)) > 1:
        counts = " and ".join(
            f"{name_key(member)} has {length} value{'' if length == 1 else 's'}"
            for member, length in zip(members, lengths, strict=True)
        )
        raise SpaceError(f"what is zipped must have equally many values, but {counts}")


def _refuse_repeated(overrides: Sequence[Override]) -> None:
    swept: dict[str, Override] = {}
    for override in overrides:
        key = name_key(override)
        if override.is_sweep and swept.setdefault(key, override) is not override:
            raise SpaceError(
                f"{key} is swept twice, by {swept[key].text!r} and {override.text!r}: write all its values in one, "
                f"as in {key}=a,b,c"
            )
    for override in overrides:
        several = swept.get(name_key(override), override)
        if several is not override:
            raise SpaceError(
                f"{name_key(override)} is swept by {several.text!r} and has one value in {override.text!r}: "
                f"leave one of them out"
            )


def _explain_unknown(keys: Zip, known: Sequence[str]) -> str:
    for key in keys:
        if key not in known:
            near = name_nearest(key, known)
            return f"{key} is given no values, {f'did you mean {near}?' if near else f'only {list_names(known)}'}"
    return "no grid has all of these keys"
