"""Laws of conditions: they mean what they mean in Python, as far as they go, and nothing else is run."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.conditions.expressions import Expression, parse_expression
from mag.errors import SpaceError

KEYS = {"a": 2, "b": -1.5, "c": 0}
ATOMS = st.integers(0, 5).map(str) | st.sampled_from([*KEYS, "1.5", "(a)", "-a", "- -b", "[1, a]"])
NUMBERS = st.recursive(
    ATOMS.filter(lambda text: "[" not in text),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(" ".join)
        | st.tuples(inner, st.sampled_from(["** 2", "** -1", "** 0.5"])).map(" ".join)
        | inner.map(lambda text: f"({text})")
    ),
    max_leaves=5,
)
COMPARISONS = st.lists(NUMBERS, min_size=2, max_size=4).flatmap(
    lambda terms: st.lists(
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), min_size=len(terms) - 1, max_size=len(terms) - 1
    ).map(lambda names: " ".join([terms[0], *(f"{n} {t}" for n, t in zip(names, terms[1:], strict=True))]))
)
CONDITIONS = st.recursive(
    COMPARISONS | NUMBERS.map(lambda text: f"{text} in [1, 2, a]") | NUMBERS.map(lambda text: f"{text} not in [0, b]"),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join)
        | inner.map(lambda text: f"not {text}")
        | inner.map(lambda text: f"({text})")
    ),
    max_leaves=5,
)


def judge(text: str, **values: Any) -> Any:
    """Return the value of a condition; keys that are not given are null."""
    return parse_expression(text).evaluate(values.get)


def attempt(work: Callable[[], Any]) -> Any:
    """Return what comes of some work, or the words of its error."""
    try:
        return work()
    except SpaceError as error:
        return str(error)


@given(CONDITIONS)
def test_means_what_python_means(text: str) -> None:
    """A condition of numbers holds if it does in Python, chains and precedence included."""
    try:
        expected = eval(text, {}, KEYS)
    except (ZeroDivisionError, OverflowError, TypeError):  # a TypeError is an order of complex numbers
        return
    found = attempt(lambda: judge(text, **KEYS))
    assert found is expected or "no real number" in str(found) or "too large" in str(found)


@given(st.text("ab.'\"()[]<>=!+-*/% andortrue1,", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is typed is a condition or an error of one sentence that quotes it."""
    found = attempt(lambda: parse_expression(text))
    assert isinstance(found, Expression) or repr(text) in found


def test_absent_keys() -> None:
    """A key that is not there is null: it equals only null, has no order, and is false."""
    assert judge("x == null")
    assert judge("x != 1")
    assert judge("not x < 1 and not x >= 1")
    assert judge("x + 1 == null")
    assert judge("x not in [1, 2]")
    assert not judge("x in y")
    assert not judge("x or false")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('m.lambda == "a"', "m.lambda"),
        ("m.class", "m.class"),
        ('key("db@b") == 1 or m.1 == 2', "db@b m.1"),
        ("é > 1", "é"),
        ("in_ < not_", "in_ not_"),
    ],
)
def test_keys(text: str, keys: str) -> None:
    """A key is dotted, of any script, may be a word of Python, and is named by its text where it is odd."""
    assert parse_expression(text).keys == tuple(keys.split())


def test_keys_once() -> None:
    """Each key is named once, in the order of first appearance."""
    assert parse_expression("b < a < b").keys == ("b", "a")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("C >", "something is missing at the end"),
        ("(C > 1", "')' is missing at the end"),
        ("C in (1, 2)", "a list is written in brackets"),
        ("[1, 2", "']' is missing at the end"),
        ("C 1", "'1' is not expected here"),
        ("max(1)", 'only isnan, isinf, isfinite, and key("...")'),
        ("key(1)", 'key("...") for a key'),
        ("__import__('os')", "there is no function __import__()"),
        ("a not b", "'b' is not expected here"),
        ("(" * 60 + "1" + ")" * 60, "more than 50 deep"),
        ("not " * 60 + "1", "more than 50 deep"),
        ("2" + "**2" * 60, "more than 50 deep"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    """What cannot be read is refused, with a place and a reason."""
    with pytest.raises(SpaceError) as error:
        parse_expression(text)
    assert said in str(error.value)


def test_long_chains() -> None:
    """A condition may be long, as one that a program wrote."""
    assert judge(" or ".join(["a == 1"] * 5000) + " or true") is True
    assert judge(" + ".join(["1"] * 5000)) == 5000


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("x is nan", [True, False, False, False]),
        ("x is not nan", [False, True, True, True]),
        ("isnan(x)", [True, False, False, None]),
        ("isinf(x)", [False, True, False, None]),
        ("isfinite(x)", [False, False, True, None]),
        ("isfinite(x - x)", [False, False, True, None]),
        ("x is null", [False, False, False, True]),
        ("x is 10", [False, False, True, False]),
    ],
)
def test_what_is_no_number(text: str, holds: list[bool | None]) -> None:
    """`is` knows nan, as the functions do; null is neither finite nor not."""
    assert [judge(text, x=x) for x in (float("nan"), float("inf"), 10, None)] == holds


@pytest.mark.parametrize(("typed", "meant"), [("x == nan", "x is nan"), ("x != nan", "x is not nan")])
def test_nothing_equals_nan(typed: str, meant: str) -> None:
    """A comparison that could never hold is refused, and what to write instead is right."""
    with pytest.raises(SpaceError, match=meant.removeprefix("x ")):
        parse_expression(typed)
    assert judge(meant, x=float("nan")) is (typed == "x == nan")


@given(st.lists(COMPARISONS, min_size=1, max_size=4))
def test_parts_of_an_or(texts: list[str]) -> None:
    """A condition holds if one of its parts does, and has their keys."""
    whole = parse_expression(" or ".join(texts))

    assert [part.text for part in whole.parts] == texts
    assert whole.keys == tuple(dict.fromkeys(key for part in whole.parts for key in part.keys))
