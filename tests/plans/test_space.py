"""Laws of spaces, grids and points."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mag.config.composition.composer import Composer
from mag.config.language.grammar import parse_override, parse_overrides
from mag.plans.grids import build_grid
from mag.plans.space import Grid, Space, name_key

SIZES = st.lists(st.integers(1, 4), max_size=4)


def grid_of(sizes: list[int]) -> Grid:
    """Return a grid of so many values of each key."""
    texts = [f"+k{number}=range({size})" for number, size in enumerate(sizes)]
    return build_grid(parse_overrides(texts), Composer(None, None))


def read(point: object) -> list[str]:
    """Return the overrides of a point as text."""
    return [override.text for override in point.assign()]  # type: ignore[attr-defined]


@given(SIZES)
def test_a_grid_is_the_product(sizes: list[int]) -> None:
    """Every combination is there once, in order of first appearance, the last key fastest."""
    points = [read(point) for point in grid_of(sizes)]
    product = itertools.product(*map(range, sizes))
    assert points == [[f"+k{number}={value}" for number, value in enumerate(values)] for values in product]


@given(st.lists(SIZES, min_size=1, max_size=3))
def test_locate(several: list[list[int]]) -> None:
    """A space has as many points as its grids together, and finds each by its place without running through them."""
    space = Space([grid_of(sizes) for sizes in several])
    points = list(space)
    assert len(points) == space.size
    assert [space.locate(index) for index in range(space.size)] == points


def test_a_space_beyond_counting() -> None:
    """A space may have more points than a list could."""
    grid = grid_of([1000] * 30)
    assert grid.size == 10**90
    assert read(grid.locate(10**90 - 1)) == [f"+k{number}=999" for number in range(30)]


def test_corners(tmp_path: object) -> None:
    """There is one corner for each choice of options, whatever values are swept besides."""
    folder = tmp_path / "db"  # type: ignore[operator]
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.yaml").write_text("x: 1\n")
    composer = Composer(tmp_path, None)  # type: ignore[arg-type]
    grid = build_grid(parse_overrides(["+C=1,2,3", "+db=a,b", "+D=1,2"]), composer)
    assert [read(point) for point in grid.corners()] == [["+C=1", "+db=a", "+D=1"], ["+C=1", "+db=b", "+D=1"]]
    assert grid.choosing == (1,)


def test_name_key() -> None:
    """An override is called by its key and its package."""
    assert [name_key(parse_override(text)) for text in ("+a.b=1", "db@x=1", "~c")] == ["a.b", "db@x", "c"]
