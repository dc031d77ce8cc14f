"""Overrides as values and as text."""

import pytest

from mag.config.language.override import Choice, Glob, Interval, Override, format_override, format_value
from mag.errors import OverrideError


def test_overrides_are_equal_when_they_mean_the_same() -> None:
    """Law: the way an override was typed does not tell it apart."""
    assert Override("a=1", "set", "a", value=1) == Override("a= 1", "set", "a", value=1)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("adam", "adam"),
        ("a b", "a b"),
        ("${a.b}", "${a.b}"),
        ("http://x", "http://x"),
        ("naïve 模型", "naïve 模型"),
        ("c:\\x", "c:\\x"),
    ],
)
def test_texts_without_reserved_characters_stay_bare(text: str, written: str) -> None:
    """Law: quotes are written only where they are needed."""
    assert format_value(text) == written


@pytest.mark.parametrize(
    "text",
    ["", " a", "a ", "1", "1e3", "Null", "true", "nan", "a,b", "it's", "a=b", "${a:${b}}", "x\ny", "a\\,b", "9" * 5000],
)
def test_texts_that_would_mean_something_else_are_quoted(text: str) -> None:
    """Law: a text that bare would be read otherwise, or not at all, is written in single quotes."""
    assert format_value(text).startswith("'")


def test_values_of_other_types_are_refused_by_name() -> None:
    """Law: what the language cannot write is an error that names the type, at any depth."""
    with pytest.raises(OverrideError, match="type object cannot be written"):
        format_value([{"a": object()}])
    with pytest.raises(OverrideError, match="type tuple cannot be written"):
        format_value({(1, 2): 3})


def test_concrete_value_replaces_the_sweep() -> None:
    """Law: `with_value` keeps operation, key and package, and writes the text anew."""
    sweep = Override("+db@backup=a,b", "add", "db", "backup", sweep=Choice(("a", "b")))
    assert sweep.is_sweep
    concrete = sweep.with_value("b")
    assert (concrete.text, concrete.value, concrete.is_sweep) == ("+db@backup=b", "b", False)


def test_bare_delete_gets_a_value() -> None:
    """Law: `with_value` makes a concrete override of one that had none."""
    assert format_override(Override("~a", "delete", "a", has_value=False)) == "~a"
    assert Override("~a", "delete", "a", has_value=False).with_value(None).text == "~a=null"


def test_values_are_those_of_the_sweep_or_the_one_value() -> None:
    """Law: `values` lists what the override stands for."""
    assert Override("a=1,2", "set", "a", sweep=Choice((1, 2))).values == (1, 2)
    assert Override("a=1", "set", "a", value=1).values == (1,)
    assert Override("~a", "delete", "a", has_value=False).values == ()


def test_values_that_nobody_knows_yet_are_an_error() -> None:
    """Law: a glob and an interval have no list of values, and the error says what has."""
    with pytest.raises(OverrideError, match="options of the group 'db'"):
        _ = Override("db=glob(*)", "set", "db", sweep=Glob(("*",))).values
    with pytest.raises(OverrideError, match=r"type 'a=lin\(0.0,1.0,num=5\)'"):
        _ = Override("a=interval(0,1)", "set", "a", sweep=Interval(0.0, 1.0)).values


def test_glob_keeps_the_order_of_the_options() -> None:
    """Law: a glob gives the options that fit an included and no excluded pattern, case apart, in their order."""
    glob = Glob(("a*", "b"), exclude=("*z",))
    assert glob.match(["b", "az", "ab", "A", "c"]) == ("b", "ab")
    assert Glob(()).match(["a"]) == ()
