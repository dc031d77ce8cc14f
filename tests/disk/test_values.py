"""Laws of stored values."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.disk.values import decode, dump_json, encode, encode_config, encode_result
from mag.errors import ResultError

FLOATS = st.floats(allow_nan=True, allow_infinity=True)
TEXTS = st.text().filter(lambda text: text not in {"nan", "inf", "-inf"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_round_trip(value: object) -> None:
    """What is stored is read back the same, NaN and infinities included."""
    stored = json.loads(dump_json(encode_result("x", value)))

    assert repr(decode(stored)) == repr(value)


@given(st.text(st.characters()))
def test_a_lone_surrogate_survives(text: str) -> None:
    """What `os.listdir` gives for names that are no UTF-8 is stored as valid UTF-8, and read back."""
    stored = dump_json({"name": text})
    assert json.loads(stored.decode("utf-8")) == json.loads(json.dumps({"name": text}))


KEYS = st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False) | st.sampled_from(["=1", "==", "=nan"])
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text() | st.sampled_from(["nan", "inf", "=-inf", "==nan"]),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(TREES)
def test_configs_come_back(tree: object) -> None:
    """A config comes back with its types, those of its keys included: a text that reads like a number stays a text."""
    assert repr(decode(json.loads(dump_json(encode(tree))))) == repr(tree)


@given(VALUES)
def test_configs_are_stored_by_the_same_rule(value: object) -> None:
    """A config's value is written as a result's is."""
    assert encode_config(value) == encode_result("x", value)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (np.float64(0.5), 0.5),
        (np.int32(3), 3),
        (np.bool_(True), True),
        (np.array([1.0, math.inf]), [1.0, "inf"]),
        ((1, 2), [1, 2]),
        (np.str_("a"), "a"),
    ],
)
def test_numpy_converts(value: object, stored: object) -> None:
    """NumPy's scalars and arrays become plain data."""
    assert encode_result("x", value) == stored
    assert type(encode_result("x", value)) is type(stored)


@pytest.mark.parametrize("value", [object(), {1}, b"x", {"a": [print]}, 1j])
def test_anything_else_is_refused_by_name(value: object) -> None:
    """What JSON cannot hold is an error that names the result."""
    with pytest.raises(ResultError, match="'loss"):
        encode_result("loss", value)


def test_keys_must_be_strings() -> None:
    """A mapping with other keys would not come back the same."""
    with pytest.raises(ResultError, match="'1'"):
        encode_result("confusion", {1: 2})
