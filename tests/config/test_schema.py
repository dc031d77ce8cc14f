"""Laws of schemas: what is of a type, becomes of it, or is refused with the key that it is at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.schema import Either, Field, Items, Kind, Mapped, OneOf, Scalar, Schema
from mag.errors import SchemaError

INT, FLOAT, BOOL, STR, NULL = (Scalar(name) for name in ("int", "float", "bool", "str", "null"))
INNER = Schema("Inner", {"x": Field(INT, 1), "y": Field(STR, "???")})
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


def convert(kind: Kind, value: Any) -> Any:
    """Return what a value of a key `k` becomes."""
    return Schema("Config", {"k": Field(kind, None)}).convert({"k": value})["k"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (FLOAT, 1, 1.0),
        (FLOAT, "1e-3", 0.001),
        (INT, "1", 1),
        (STR, 10, "10"),
        (BOOL, "yes", True),
        (BOOL, 0, False),
        (Items(FLOAT), [1, 2], [1.0, 2.0]),
        (Mapped(INT), {"a": "1"}, {"a": 1}),
        (Mapped(Scalar("float"), INT), {"1": 3, 2: "4"}, {1: 3.0, 2: 4.0}),
        (Either((FLOAT, NULL)), None, None),
        (Either((FLOAT, INT)), 1, 1),
        (OneOf(("RED",), ((1, "RED"),)), 1, "RED"),
        (INNER, {"x": "2"}, {"x": 2, "y": "???"}),
        (INT, "${other}", "${other}"),
    ],
)
def test_conversion(kind: Kind, value: Any, expected: Any) -> None:
    """A value becomes of the type that is expected, by OmegaConf's rules."""
    converted = convert(kind, value)
    assert (converted, type(converted)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (INT, 1.0, "k is 1.0, but must be int"),
        (INT, True, "k is true, but must be int"),
        (FLOAT, "fast", "k is 'fast', but must be float"),
        (FLOAT, None, "k is null, but must be float"),
        (Items(INT), [1, "x"], "k.1 is 'x', but must be int"),
        (Items(INT, 2), [1], "a list of length 2 of int"),
        (OneOf(("adam", "sgd")), "adma", "did you mean adam"),
        (INNER, 3, "must be a mapping"),
        (INNER, {"xx": 1}, "k.xx is no key of the schema Inner: did you mean k.x"),
        (Either((INNER, NULL)), {"x": "a"}, "k.x is 'a', but must be int"),
    ],
)
def test_refusal(kind: Kind, value: Any, message: str) -> None:
    """What cannot be of the type is refused: the key, the value, and what is expected."""
    with pytest.raises(SchemaError) as raised:
        convert(kind, value)
    assert message in str(raised.value)


@given(PLAIN, st.sampled_from([INT, FLOAT, BOOL, STR, Either((INT, NULL)), Either((STR, FLOAT))]))
def test_converting_twice(value: Any, kind: Kind) -> None:
    """What was converted is of its type: converting it again changes nothing."""
    try:
        once = convert(kind, value)
    except SchemaError:
        return
    assert repr(convert(kind, once)) == repr(once)


def test_defaults_share_nothing() -> None:
    """A config that gets a default may be changed without changing the next one's."""
    schema = Schema("Config", {"sizes": Field(Items(INT), [8])})
    schema.complete({})["sizes"].append(9)
    assert schema.complete({}) == {"sizes": [8]}
