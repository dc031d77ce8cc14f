"""Laws of filters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.language.override import format_value
from mag.errors import MagError, SpaceError
from mag.plans.filters import read_exclude, read_where

VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "x,y=1", "[", ""]) | st.just([1, 2])
POINTS = st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1)


@given(POINTS, POINTS)
def test_exclude(excluded: dict[str, object], point: dict[str, object]) -> None:
    """A point is left out exactly if it has every one of the values; what it does not have is null."""
    text = ",".join(f"{key}={format_value(value)}" for key, value in excluded.items())
    has_all = all(repr(point.get(key)) == repr(value) for key, value in excluded.items())
    assert read_exclude(text).keeps(point.get) is not has_all


def test_any_of_several() -> None:
    """Several values of a key mean any of them, typed as the command line types them."""
    exclude = read_exclude("a=1,2,b=range(3)")
    kept = [(a, b) for a in (1, 2, 3) for b in (0, 3) if exclude.keeps({"a": a, "b": b}.get)]
    assert kept == [(1, 3), (2, 3), (3, 0), (3, 3)]
    assert exclude.keys == ("a", "b")


@given(POINTS, POINTS)
def test_where_is_the_opposite_of_exclude(asked: dict[str, object], point: dict[str, object]) -> None:
    """One language: what `--exclude` leaves out, `--where` keeps."""
    text = ",".join(f"{key}={format_value(value)}" for key, value in asked.items())
    assert read_where(text).keeps(point.get) is not read_exclude(text).keeps(point.get)


def test_exclude_takes_any_condition() -> None:
    """What a point is left out for may be a comparison, with `or`, and with wild texts."""
    exclude = read_exclude("C > 5 and gamma > 0.05 or model=res*")
    points: list[dict[str, object]] = [
        {"C": 10, "gamma": 0.1},
        {"C": 10, "gamma": 0.01},
        {"model": "resnet", "C": 1},
        {"model": "vit", "C": 1},
    ]
    assert [exclude.keeps(point.get) for point in points] == [False, True, False, True]


def test_where() -> None:
    """A condition keeps the points for which it is true."""
    where = read_where("C > 1")
    assert (where.keeps({"C": 2}.get), where.keeps({"C": 1}.get)) == (True, False)
    assert (where.text, where.keys) == ("--where 'C > 1'", ("C",))


@pytest.mark.parametrize("text", ["a", "", "1,a=2", "+a=1", "~a", "a=glob(*)", "a=interval(0,1)", "a=1,a=2", "a=>1"])
def test_refused_excludes(text: str) -> None:
    """What is no condition is refused."""
    with pytest.raises(MagError):
        read_exclude(text)


def test_messages_name_the_option() -> None:
    """An error says which option it is about."""
    with pytest.raises(SpaceError, match=r"--where cannot read the condition 'a <'"):
        read_where("a <")
    with pytest.raises(SpaceError, match=r"--exclude 'x' is no condition"):
        read_exclude("x")
