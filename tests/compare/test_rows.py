"""The laws of rows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.rows import FACTS, MISSING, Row, read_fact, spread
from mag.config.flat import escape_key, flatten

TREES = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3),
)


@given(st.dictionaries(st.text("ab.", min_size=1, max_size=3), TREES, max_size=3))
def test_spread_agrees_with_flatten(config: dict[str, Any]) -> None:
    """A config is shown under the very keys of its flat form."""
    assert spread(config, escape_key) == flatten(config)


def test_spread_refuses_nothing() -> None:
    """Names that spread to the same one, as results may have, lose to the shorter path instead of stopping a table."""
    assert spread({"a": {"b": 1}, "a.b": 2}) == {"a.b": 2}


@pytest.mark.parametrize("fact", FACTS)
def test_a_corrupt_experiment_has_name_and_status_alone(corrupt_row: Row, fact: str) -> None:
    """No other fact of an experiment that cannot be read is known, and none of them fails."""
    known = {"name": "torn", "status": "corrupt"}
    assert read_fact(corrupt_row.experiment, fact) == known.get(fact, MISSING)
