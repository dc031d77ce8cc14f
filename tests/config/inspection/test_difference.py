"""The laws of differences."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mag.config.composition.keys import ABSENT
from mag.config.flat import flatten
from mag.config.inspection.origins import compare_configs

SCALARS = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from([0.0, 1.0, float("nan"), "1"])
CONFIGS = st.dictionaries(
    st.sampled_from("abc"), st.recursive(SCALARS, lambda inner: st.dictionaries(st.sampled_from("abc"), inner))
)


@given(CONFIGS)
def test_nothing_differs_from_itself(config: dict[str, Any]) -> None:
    """Law: a config has no difference to itself, NaN or not."""
    assert list(compare_configs(config, config)) == []


@given(CONFIGS, CONFIGS)
def test_changes_lead_from_one_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Law: the changes, applied to the first flat config, give the second one, types and all."""
    flat = flatten(before)
    for change in compare_configs(before, after):
        assert repr(flat.pop(change.key, ABSENT)) == repr(change.before)
        if change.after is not ABSENT:
            flat[change.key] = change.after
    assert {key: repr(value) for key, value in flat.items()} == {k: repr(v) for k, v in flatten(after).items()}
