"""The functions of the override language."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.language.calls import Call
from mag.config.language.functions import FUNCTIONS, evaluate
from mag.config.language.override import Choice, Glob, Interval
from mag.errors import OverrideError

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


def call(name: str, *positional: Any, text: str = "x=...", **named: Any) -> Any:
    """Evaluate a call that stands in the override `text`."""
    return evaluate(Call(name, positional, named, text))


@given(st.lists(scalars, min_size=2), st.text())
def test_shuffle_keeps_the_values(values: list[Any], text: str) -> None:
    """Law: shuffling loses and invents nothing."""
    shuffled = call("shuffle", *values, text=text).values
    assert sorted(map(repr, shuffled)) == sorted(map(repr, values))


def test_shuffle_depends_on_the_text_or_the_seed_alone() -> None:
    """Law: the same override gives the same order for ever; a seed overrules the text."""
    assert call("shuffle", *range(9), text="a=shuffle(range(9))").values == (6, 7, 4, 1, 2, 0, 3, 5, 8)
    assert call("shuffle", *range(9), text="b") != call("shuffle", *range(9), text="c")
    assert call("shuffle", *range(9), text="b", seed=1) == call("shuffle", *range(9), text="c", seed=1)


@given(st.lists(st.integers() | st.floats(allow_nan=False), min_size=2), st.booleans())
def test_sort_is_python_s(numbers: list[float], reverse: bool) -> None:
    """Law: values, lists and sweeps are all sorted alike, `reverse` included."""
    expected = sorted(numbers, reverse=reverse)
    assert list(call("sort", *numbers, reverse=reverse).values) == expected
    assert call("sort", numbers, reverse=reverse) == expected
    assert list(call("sort", Choice(tuple(numbers)), reverse=reverse).values) == expected


def test_sort_and_shuffle_keep_a_list_a_list() -> None:
    """Law: only several values or a sweep make a sweep."""
    assert call("sort", [3, 1]) == [1, 3]
    assert sorted(call("shuffle", list=[3, 1])) == [1, 3]
    assert call("sort", 5) == call("shuffle", 5) == 5


def test_tags_add_up() -> None:
    """Law: the tags of a sweep are those of every `tag` around it, each once."""
    assert call("tag", "a", "b", call("tag", "b", "c", Choice((1,)))).tags == ("a", "b", "c")


def test_log_and_tagged_interval_mean_the_same_scale() -> None:
    """Law: `log(a,b)` and Hydra's `tag(log,interval(a,b))` both draw on a logarithmic scale."""
    assert call("log", 1, 10) == Interval(1.0, 10.0, log=True)
    assert call("tag", "log", call("interval", 1, 10)).log


def test_casts_reach_into_containers_and_sweeps() -> None:
    """Law: a cast applies to every element, and to a range by its bounds and step."""
    assert call("int", {"a": [1.9, "5"]}) == {"a": [1, 5]}
    assert call("str", 1, True, 1.5).values == ("1", "true", "1.5")
    assert call("int", call("range", 0, 3, 1.5)).values == (0, 1, 2)
    assert call("float", call("range", 3)).values == (0.0, 1.0, 2.0)
    assert call("int", call("interval", 1, 9.5)) == Interval(1, 9)


def test_glob_takes_one_pattern_or_a_list() -> None:
    """Law: a single pattern is a list of one."""
    assert call("glob", "a*", exclude="b") == call("glob", ["a*"], ["b"]) == Glob(("a*",), ("b",))


@pytest.mark.parametrize("cast", ["int", "float", "str", "bool"])
def test_casts_without_meaning_are_refused(cast: str) -> None:
    """Law: what has no meaning in a type is an error, never a guess."""
    for value in (Glob(("a",)), None if cast != "bool" else "yes", ["x"] if cast != "str" else [None]):
        with pytest.raises(OverrideError, match=f"{cast}\\(\\) has no meaning"):
            call(cast, value)


@pytest.mark.parametrize(
    ("name", "positional", "named", "message"),
    [
        ("range", (1, 2, 3, 4), {}, "takes 3 values, not 4"),
        ("range", (1,), {"start": 2}, "two values for 'start'"),
        ("range", (), {"stop": 2}, "lacks 'start'"),
        ("range", (True,), {}, "finite numbers, not true"),
        ("choice", (), {}, "at least one value"),
        ("choice", (1,), {"a": 1}, "no argument named 'a'"),
        ("interval", (0, float("inf")), {}, "finite numbers, not inf"),
        ("log", (0, 1), {}, "two different positive ends"),
        ("lin", (0, 1), {"num": 1}, "at least 2"),
        ("sort", (3, "a"), {}, "different types"),
        ("sort", ([1], [2]), {}, "several scalars"),
        ("sort", (3, 1), {"reverse": 1}, "reverse=true"),
        ("sort", (3, 1), {"list": [1]}, "not both"),
        ("tag", ("a", 1), {}, "ends with a choice"),
        ("tag", (1, Choice((1,))), {}, "takes texts"),
        ("glob", (1,), {}, "patterns such as"),
        ("Choice", (1,), {}, "did you mean choice"),
        ("quux", (1,), {}, "known are choice, range"),
        ("str", (Choice((0, 1), span=(0, 2, 1)),), {}, r"write str\(0,1\)"),
        ("choice", (Choice((1, 2)), 3), {}, r"that is choice\(1,2,3\)"),
    ],
)
def test_arguments_that_do_not_fit_are_named(name: str, positional: Any, named: Any, message: str) -> None:
    """Law: a call that makes no sense is an error that names what does not fit."""
    with pytest.raises(OverrideError, match=message):
        evaluate(Call(name, positional, named, ""))


def test_every_function_says_what_it_is() -> None:
    """Law: the docstrings of the functions are their manual, and begin with how they are typed."""
    for name, function in FUNCTIONS.items():
        assert f"`{name}(" in (function.__doc__ or "")
