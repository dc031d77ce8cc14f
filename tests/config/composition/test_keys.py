"""The laws of dotted keys."""

import pytest

from mag.config.composition.keys import ABSENT, find_value, list_keys

CONFIG = {"model": {"layers": [10, {"width": 20}]}, "m": {1: "one", False: "no"}, "n": None}


@pytest.mark.parametrize(
    ("key", "value"),
    [("model.layers.0", 10), ("model.layers.1.width", 20), ("m.1", "one"), ("m.false", "no"), ("n", None)],
)
def test_a_key_leads_to_its_value(key: str, value: object) -> None:
    """Parts are keys of mappings, of any plain type, and indices of lists."""
    assert find_value(CONFIG, key) == value


@pytest.mark.parametrize("key", ["x", "n.x", "model.layers.2", "model.layers.-1", "model.layers.²", "model.layers.x"])
def test_a_key_may_lead_nowhere(key: str) -> None:
    """What is not there is absent, which is not null."""
    assert find_value(CONFIG, key) is ABSENT


def test_every_listed_key_is_found() -> None:
    """The keys that suggestions are made from are keys."""
    config = {"a": {"b": [1, {"c": 2}]}, "d": 3}
    assert all(find_value(config, key) is not ABSENT for key in list_keys(config))
