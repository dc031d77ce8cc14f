"""The override language, read."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.language.grammar import parse_override, parse_overrides, read_override
from mag.config.language.override import Choice, Glob, Interval, Operation, Override, format_override
from mag.errors import OverrideError

TRICKY = [
    "",
    " ",
    "1",
    "1_0",
    "1e-3",
    "nan",
    "-inf",
    "null",
    "True",
    "???",
    "${a.b}",
    "${a:${b}}",
    "a\\",
    "\\'",
    "it's",
    "a,b",
    "[1]",
    "f(x)",
    "日本",
]
texts = (
    st.text(alphabet=st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(TRICKY)
    | st.text(alphabet="a1 \\'\",:[]{}$=()")
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars, inner, max_size=3), max_leaves=8
)
operations: st.SearchStrategy[Operation] = st.sampled_from(["set", "add", "force", "delete"])
keys = st.sampled_from(["x", "model.C", "a.0.b", "db/engine", "$x", "", "模型.größe", "a-b_c"])
packages = st.sampled_from([None, "", "_global_", "a.b", "größe"])


def same(left: object, right: object) -> bool:
    """Tell whether two values are equal in value and type; NaN is equal to itself."""
    return repr(left) == repr(right)


@given(values, operations, keys, packages)
def test_every_value_survives_being_written(value: Any, operation: Operation, key: str, package: str | None) -> None:
    """Law: parse(format(override)) is the override, for any value, key and operation."""
    override = Override("", operation, key, package, value).with_value(value)
    assert same(parse_override(override.text), override)


@given(st.lists(values, min_size=1, max_size=4), st.lists(texts, max_size=2, unique=True))
def test_every_choice_survives_being_written(options: list[Any], tags: list[str]) -> None:
    """Law: parse(format(override)) is the override, for any choice."""
    override = Override("", "set", "x", sweep=Choice(tuple(options), tuple(tags)))
    assert same(parse_override(format_override(override)).sweep, override.sweep)


@pytest.mark.parametrize(
    "text",
    [
        "x=range(3,1)",
        "x=range(0,1,0.25)",
        "x=shuffle(range(9))",
        "x=int(interval(1,9))",
        "x=log(1,9)",
        "x=tag(log,interval(1,9))",
        "x=glob([a*,b],exclude=c)",
        "x=tag(a,range(2))",
        "x=lin(0,1,num=3)",
        "x={str('1'):{null:${a}}}",
        "~x",
        "~x=",
        "x@=1",
    ],
)
def test_writing_is_canonical(text: str) -> None:
    """Law: what was read means the same when written, and is then written the same again."""
    override = parse_override(text)
    again = parse_override(format_override(override))
    assert again == override
    assert format_override(again) == format_override(override)


@given(st.text() | st.text(alphabet="key@/.+~=01a,()[]{}:'\"\\$ \t#-"))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Law: whatever is typed is an override or an OverrideError, never another exception."""
    with suppress(OverrideError):
        assert parse_override(text).text == text


@given(st.text(alphabet="abc019._/+-*%@?|"))
def test_simple_overrides_have_no_meaning_of_their_own(value: str) -> None:
    """Law: the short cut for `key=word` reads what the whole grammar reads."""
    assert parse_override(f"a.b={value}") == parse_override(f"a.b= {value}")


@pytest.mark.parametrize(
    ("text", "operation", "key", "package"),
    [
        ("a.b=1", "set", "a.b", None),
        ("+a=1", "add", "a", None),
        ("++a=1", "force", "a", None),
        ("~a=1", "delete", "a", None),
        ("a/b/c=d", "set", "a/b/c", None),
        ("a@b.c=d", "set", "a", "b.c"),
        ("a@=d", "set", "a", ""),
        ("a.0.$b=1", "set", "a.0.$b", None),
        ("größe.β=1", "set", "größe.β", None),
        ("🎉=1", "set", "🎉", None),
    ],
)
def test_key_operation_and_package_are_told_apart(text: str, operation: str, key: str, package: str | None) -> None:
    """Law: what stands before `=` is operation, key and package."""
    override = parse_override(text)
    assert (override.operation, override.key, override.package) == (operation, key, package)


@pytest.mark.parametrize("key", ["1", "2nd_order", "pre.20s_labels", "a/1", r"a.b\.c", "m.'1'", r"\.a"])
def test_names_may_begin_with_a_digit_and_hold_dots(key: str) -> None:
    """What a YAML file can call a key can be typed."""
    assert [read_override(f"{sign}{key}=1").key for sign in ("", "+", "++", "~")] == [key] * 4


@pytest.mark.parametrize("key", ["1", "1a", "a.01", "a/1"])
def test_the_public_parser_refuses_what_hydra_refuses(key: str) -> None:
    """It knows of no config in which a name could begin with a digit."""
    with pytest.raises(OverrideError, match="begins with a digit"):
        parse_override(f"{key}=1")


@pytest.mark.parametrize(
    "key",
    [
        "a..b",
        ".a",
        "a.",
        "a//b",
        "/a",
        "$a/b",
        "a/b.c",
        "a b",
        "a\u00a0b",
        "a,b",
        "a@b@c",
        "+++a",
    ],
)
def test_other_keys_are_refused(key: str) -> None:
    """Law: a key is names joined by dots or slashes."""
    with pytest.raises(OverrideError):
        parse_override(f"{key}=1")


def test_only_delete_does_without_a_value() -> None:
    """Law: `~key` has no value, `key=` the empty text."""
    assert not parse_override("~a@b").has_value
    assert parse_override("~a=").has_value
    assert parse_override("a=").value == parse_override("a= ").value == ""


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("a b ", "a b"),
        ("à la carte", "à la carte"),
        ("'a' ", None),
        ("[ a , [ ] ,{}]", ["a", [], {}]),
        ("[a:b, 'c,d']", ["a:b", "c,d"]),
        ("{a: b: c, 1: 2.0, null: x}", {"a": "b: c", 1: 2.0, None: "x"}),
        (r"{a\:b: 1, c d: ' '}", {"a:b": 1, "c d": " "}),
        ("{str('x,y'): 1, int('3'): 2}", {"x,y": 1, 3: 2}),
        ("{a:1,a:2}", {"a": 2}),
        ('"it\'s"', "it's"),
        ("pre${a.b}post", "pre${a.b}post"),
        ("${f:[1,2],'x'}", "${f:[1,2],'x'}"),
        ("int (3.9)", 3),
        ("[int(3.9),str(1)]", [3, "1"]),
        ("sort([2,1])", [1, 2]),
    ],
)
def test_values_mean_what_they_say(value: str, meaning: Any) -> None:
    """Law: words, quotes, lists, dicts, interpolations and casts nest as the grammar says; the rest is refused."""
    if meaning is None:
        with pytest.raises(OverrideError):
            parse_override(f"x={value}")
    else:
        assert same(parse_override(f"x={value}").value, meaning)


@pytest.mark.parametrize(
    ("value", "sweep"),
    [
        ("1, a ,'1'", Choice((1, "a", "1"))),
        ("[1,2],[3]", Choice(([1, 2], [3]))),
        ("int(1.5),4", Choice((1, 4))),
        ("choice( null )", Choice((None,))),
        ("range(1,10,3)", Choice((1, 4, 7))),
        ("range(0,0.3,0.1)", Choice((0.0, 0.1, 0.2))),
        ("range(start=2,stop=4)", Choice((2, 3))),
        ("sort(3,1,2,reverse=true)", Choice((3, 2, 1))),
        ("str(1,2)", Choice(("1", "2"))),
        ("lin(0,1,num=5)", Choice((0.0, 0.25, 0.5, 0.75, 1.0))),
        ("log(1e-5,1e-1,num=5)", Choice((1e-05, 0.0001, 0.001, 0.01, 0.1))),
        ("log(1e-5,1e-1)", Interval(1e-5, 1e-1, log=True)),
        ("interval(0,1)", Interval(0.0, 1.0)),
        ("glob(a*,exclude=[b])", Glob(("a*",), ("b",))),
        ("tag(a,b,choice(1,2))", Choice((1, 2), tags=("a", "b"))),
    ],
)
def test_sweeps_mean_what_they_say(value: str, sweep: object) -> None:
    """Law: a comma or a function of sweeps makes a sweep, with its values typed and in order."""
    override = parse_override(f"x={value}")
    assert override.is_sweep
    assert override.sweep == sweep
    assert override.value is None


@pytest.mark.parametrize(
    "value",
    [
        "[choice(a,b)]",
        "{a:range(3)}",
        "choice(choice(a,b))",
        "range(3),4",
        "[[glob(*)]]",
        "int([choice(1,2)])",
        "sort([interval(0,1)])",
    ],
)
def test_a_sweep_inside_a_value_is_refused(value: str) -> None:
    """Law: a sweep is the whole value of its key, never a part of it."""
    with pytest.raises(OverrideError, match="sweep"):
        parse_override(f"x={value}")


def test_shuffles_are_repeatable_and_differ_between_keys() -> None:
    """Law: a sweep typed again plans the same points; two keys do not share their order."""
    first = parse_override("a=shuffle(range(50))").values
    assert first == parse_override("a=shuffle(range(50))").values
    assert first != parse_override("b=shuffle(range(50))").values
    assert sorted(first) == list(range(50))


def test_overrides_are_read_in_order() -> None:
    """Law: several overrides are read one by one, and the first that cannot be read is named."""
    assert [override.key for override in parse_overrides(iter(["b=1", "a=2"]))] == ["b", "a"]
    with pytest.raises(OverrideError, match="cannot read c"):
        parse_overrides(["a=1", "c", "d"])
