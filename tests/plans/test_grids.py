"""Laws of building grids."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.composition.composer import Composer
from mag.config.language.grammar import parse_overrides
from mag.errors import SpaceError
from mag.plans.grids import build_grid, check_zips

NOTHING = Composer(None, None)


def combinations(*texts: str, zips: tuple[tuple[str, ...], ...] = ()) -> list[str]:
    """Return the overrides of every point."""
    grid = build_grid(parse_overrides(texts), NOTHING, zips=zips)
    return [" ".join(override.text for override in point.assign()) for point in grid]


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_zip(first: int, zipped: int, last: int) -> None:
    """What is zipped advances together, stands where its first key stands, and is crossed with everything else."""
    sweeps = (f"a=range({first})", f"b=range({zipped})", f"c=range({last})", f"d=range({zipped})")
    expected = [f"a={a} b={b} c={c} d={b}" for a in range(first) for b in range(zipped) for c in range(last)]
    assert combinations(*sweeps, zips=(("d", "b"),)) == expected


def test_several_zips() -> None:
    """Several zips are crossed with each other."""
    points = combinations("a=1,2", "b=3,4", "c=5,6", "d=7,8", zips=(("a", "b"), ("c", "d")))
    assert points == ["a=1 b=3 c=5 d=7", "a=1 b=3 c=6 d=8", "a=2 b=4 c=5 d=7", "a=2 b=4 c=6 d=8"]


def test_zip_of_single_values() -> None:
    """One value is a list of one: what is zipped may be narrowed to it."""
    assert combinations("a=1", "b=2", zips=(("a", "b"),)) == ["a=1 b=2"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["a=1,2", "b=1,2,3"], "a has 2 values and b has 3 values"),
        (["a=1", "b=1,2,3"], "a has 1 value and b has 3 values"),
    ],
)
def test_lengths(texts: list[str], said: str) -> None:
    """What is zipped has equally many values; the error names how many there are."""
    with pytest.raises(SpaceError, match=said):
        combinations(*texts, zips=(("a", "b"),))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["a=1,2", "a=3,4"], "a is swept twice, by 'a=1,2' and 'a=3,4'"),
        (["a=1,2", "++a=3,4"], "a is swept twice"),
        (["a=1,2", "a=3"], "a is swept by 'a=1,2' and has one value in 'a=3'"),
        (["a=3", "a=1,2"], "a is swept by 'a=1,2' and has one value in 'a=3'"),
        (["a=range(0)"], "'a=range\\(0\\)' has no values"),
        (["a=interval(0,1)"], "'a=lin\\(0.0,1.0,num=5\\)'"),
        (["a=glob(x*)"], "'a' is none"),
    ],
)
def test_refusals(texts: list[str], said: str) -> None:
    """A key that is given twice, and a sweep that has no end, no values or no effect, are refused."""
    with pytest.raises(SpaceError, match=said):
        combinations(*texts)


def test_the_last_of_single_values_counts() -> None:
    """The same key may be given one value after another, as everywhere."""
    assert combinations("a=1", "a=2", "b=1,2") == ["a=1 a=2 b=1", "a=1 a=2 b=2"]


def test_origin() -> None:
    """An error names the part of the file that the grid was read from."""
    with pytest.raises(SpaceError, match=r"^space\.yaml: grid 2: a is swept twice"):
        build_grid(parse_overrides(["a=1,2", "a=3,4"]), NOTHING, origin="space.yaml: grid 2")


@pytest.mark.parametrize(
    ("zips", "said"),
    [
        ([("a", "x")], "--zip a,x: x is given no values, only a, b, c"),
        ([("a", "bb")], "did you mean b?"),
        ([("a",)], "--zip a names one key"),
        ([("a b",)], "as in --zip a,b"),
        ([("a",), ("b",)], "as in --zip a,b"),
        ([("a", "b"), ("b", "c")], "--zip b,c: b advances with others already, in --zip a,b"),
        ([("a", "a")], "a advances with others already"),
    ],
)
def test_refused_zips(zips: list[tuple[str, ...]], said: str) -> None:
    """A zip names two keys or more that are given values, each in one zip only."""
    with pytest.raises(SpaceError) as error:
        check_zips(zips, [parse_overrides(["a=1,2", "b=1,2", "c=1,2"])], "--zip ")
    assert said in str(error.value)


def test_zip_of_keys_in_different_grids() -> None:
    """Keys that no grid has together cannot be zipped."""
    with pytest.raises(SpaceError, match="no grid has all of these keys"):
        check_zips([("a", "b")], [parse_overrides(["a=1,2"]), parse_overrides(["b=1,2"])], "zip: ")


def test_glob(tmp_path: Path) -> None:
    """A glob is the options of its group that match; where none does, the error lists those that there are."""
    (tmp_path / "db").mkdir()
    for name in ("mysql", "sqlite", "mongo"):
        (tmp_path / "db" / f"{name}.yaml").write_text("x: 1\n")
    composer = Composer(tmp_path, None)
    grid = build_grid(parse_overrides(["+db=glob(m*)"]), composer)
    assert grid.dimensions[0].columns == (("mongo", "mysql"),)
    with pytest.raises(SpaceError, match="there are mongo, mysql, sqlite"):
        build_grid(parse_overrides(["+db=glob(x*)"]), composer)
