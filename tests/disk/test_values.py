"""Laws of stored values."""

import json

from hypothesis import given
from hypothesis import strategies as st

from mag.disk.values import decode, dump_json, encode

FLOATS = st.floats(allow_nan=True, allow_infinity=True)
TEXTS = st.text().filter(lambda text: text not in {"nan", "inf", "-inf"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


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
