"""Laws of what shapes a space beside the overrides."""

from pathlib import Path
from typing import Any, cast

import pytest

from mag.config.composition.composer import Composer
from mag.config.language.grammar import parse_overrides
from mag.errors import MagError, SpaceError
from mag.plans.shapes import SpaceOptions, build_spaces, read_shape
from mag.plans.space import Space

NOTHING = Composer(None, None)


def spaces_of(*texts: str, **shaping: Any) -> tuple[Space, ...]:
    """Return the spaces of overrides and what is said beside them."""
    return build_spaces(parse_overrides(texts), NOTHING, read_shape(cast("SpaceOptions", shaping), None))


def list_points(*texts: str, **shaping: Any) -> list[str]:
    """Return the overrides of all points of all grids, filters and samples left aside."""
    spaces = spaces_of(*texts, **shaping)
    return [" ".join(override.text for override in point.assign()) for space in spaces for point in space]


def write(folder: Path, text: str, name: str = "s.yaml") -> str:
    """Write a space file, and return its path."""
    (folder / name).write_text(text)
    return str(folder / name)


def test_nothing_said() -> None:
    """Without anything said the space is every combination of the overrides."""
    assert list_points("a=1,2", "b=3,4") == ["a=1 b=3", "a=1 b=4", "a=2 b=3", "a=2 b=4"]


@pytest.mark.parametrize("zipped", ["a,b", ["a,b"], (" a, b ",)])
def test_one_or_several(zipped: Any) -> None:
    """One text may stand alone or in a list."""
    assert list_points("a=1,2", "b=3,4", zip=zipped) == ["a=1 b=3", "a=2 b=4"]


def test_union(tmp_path: Path) -> None:
    """A list of grids, several files, and what a file includes are one after the other."""
    first = write(tmp_path, "grid: [{a: [1, 2]}, {b: [3]}]\ninclude: [{c: 5}]", "1.yaml")
    second = write(tmp_path, "grid: {d: 6}", "2.yaml")
    assert list_points(space=[first, second]) == ["a=1", "a=2", "b=3", "c=5", "d=6"]
    assert list_points(space=f"{first},{second}") == list_points(space=[Path(first), second])


def test_typed_overrides_belong_to_every_grid(tmp_path: Path) -> None:
    """An override belongs to every grid and every included point, and takes the place of what they say of its key."""
    path = write(tmp_path, "grid: [{a: [1, 2], b: [3, 4]}, {c: [5]}]\ninclude: [{a: 7}]")
    assert list_points("a=9", space=path) == ["a=9 b=3", "a=9 b=4", "c=5 a=9", "a=9"]
    assert list_points("z=1,2", space=path)[:3] == ["a=1 b=3 z=1", "a=1 b=3 z=2", "a=1 b=4 z=1"]


def test_typed_in_place_of_an_addition(tmp_path: Path) -> None:
    """A key that a grid adds is typed without its plus sign; several overrides of one key stay in their order."""
    path = write(tmp_path, "grid: {+a: [1, 2], b: 3}")
    assert list_points("a=9", space=path) == ["+a=9 b=3"]
    assert list_points("~b", "+b=7", space=path) == ["+a=1 ~b +b=7", "+a=2 ~b +b=7"]


def test_zips_of_file_and_command(tmp_path: Path) -> None:
    """A zip is for the grids that have all of its keys; one on the command line may name what the file sweeps."""
    path = write(tmp_path, "grid: [{a: [1, 2], b: [3, 4]}, {a: [5, 6]}]\nzip: [a, b]")
    assert list_points(space=path) == ["a=1 b=3", "a=2 b=4", "a=5", "a=6"]
    path = write(tmp_path, "grid: {a: [1, 2]}")
    assert list_points("b=3,4", space=path, zip="a,b") == ["a=1 b=3", "a=2 b=4"]


def test_filters_of_a_file_are_for_its_grids(tmp_path: Path) -> None:
    """What a file says of its points is said of its grids, not of what it includes."""
    path = write(tmp_path, "grid: {a: [1]}\nwhere: a > 0\ninclude: [{a: 2}]")
    assert [len(grid.filters) for space in spaces_of(space=path) for grid in space.grids] == [1, 0]


def test_samples(tmp_path: Path) -> None:
    """A file's sample is of its own grids; one that is asked for takes its place, and is of all."""
    path = write(tmp_path, "grid: {a: [1, 2]}\nsample: 1\nseed: 3\ninclude: [{a: 4}]")
    assert [(s.sample, s.seed, s.size) for s in spaces_of(space=path)] == [(1, 3, 2), (None, 0, 1)]
    assert [(s.sample, s.seed) for s in spaces_of(space=path, seed=5)] == [(1, 5), (None, 0)]
    assert [(s.sample, s.seed, s.size) for s in spaces_of(space=path, sample=2)] == [(2, 0, 3)]


@pytest.mark.parametrize(
    ("shaping", "said"),
    [
        ({"sample": 0}, "a sample of 0 points"),
        ({"seed": 1}, "the seed 1 has nothing to draw: add --sample N"),
        ({"zip": "a,x"}, "--zip a,x: x is given no values"),
        ({"where": "a <"}, "--where cannot read"),
        ({"exclude": "a"}, "--exclude 'a'"),
        ({"space": "nothing"}, "there is no space of that name"),
    ],
)
def test_refusals(shaping: dict[str, Any], said: str) -> None:
    """What cannot be used is refused with the option's name."""
    with pytest.raises(MagError) as error:
        list_points("a=1,2", **shaping)
    assert said in str(error.value)


def test_unknown_keyword() -> None:
    """A keyword that there is not is refused as Python would."""
    with pytest.raises(TypeError, match="unexpected keyword 'wher'"):
        list_points("a=1,2", wher="a > 1")


def test_file_errors_name_file_and_grid(tmp_path: Path) -> None:
    """An error in a grid names the file and, where there are several, which one; so does one in its zip."""
    path = write(tmp_path, "grid: [{a: [1, 2]}, {b: range(0)}]")
    with pytest.raises(SpaceError, match=r"s\.yaml: grid 2: the sweep 'b=range\(0\)' has no values"):
        list_points(space=path)
    path = write(tmp_path, "grid: {a: [1, 2]}\nzip: [a, c]")
    with pytest.raises(SpaceError, match=r"s\.yaml: zip: a,c: c is given no values, only a"):
        list_points(space=path)
