"""Laws of the view cache: it saves time and changes nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf.errors import ConfigAttributeError, ReadonlyConfigError

from mag.config.frozen import freeze
from mag.run.configs import ViewCache, list_changes

FLOATS = st.sampled_from([0.0, -0.0, 1.0, float("nan")])
SCALARS = st.none() | st.booleans() | st.integers(0, 3) | FLOATS | st.text("a$")
KEYS = st.sampled_from(["a", "b", "lr", 1, True])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2))
CONFIGS = st.dictionaries(KEYS, VALUES, max_size=3)


def make(plain: dict[Any, Any]) -> Any:
    """Return the config as OmegaConf makes it, frozen."""
    return freeze(OmegaConf.create(plain))


@given(st.lists(CONFIGS, min_size=1, max_size=4))
def test_each_is_as_if_it_were_the_first(configs: list[dict[str, Any]]) -> None:
    """Whatever was made before, a config is what OmegaConf makes of it, down to the types of its values."""
    cache = ViewCache()
    for plain in configs:
        found, made = cache.view(plain), make(plain)
        assert repr(OmegaConf.to_container(found)) == repr(OmegaConf.to_container(made))
        assert [type(node) for node in vars(found)["_content"].values()] == [
            type(node) for node in vars(made)["_content"].values()
        ]


@pytest.mark.parametrize("value", [2, 1.5, True, None, "text", -0.0])
def test_one_config_serves_a_sweep(value: object) -> None:
    """While only plain values change, it is the same object again."""
    cache = ViewCache()
    first = cache.view({"a": {"b": 1}, "c": [1, 2]})

    assert cache.view({"a": {"b": value}, "c": [1, value]}) is first
    assert repr(OmegaConf.to_container(first)) == repr({"a": {"b": value}, "c": [1, value]})


def test_it_stays_closed() -> None:
    """Also a config that was changed into the next one is read-only, and misses no misspelt key."""
    cache = ViewCache()
    cache.view({"a": {"b": 1}})
    config = cache.view({"a": {"b": 2}})

    assert config.a.b == 2
    with pytest.raises(ReadonlyConfigError):
        config.a.b = 3
    with pytest.raises(ConfigAttributeError):
        _ = config.a.c


@pytest.mark.parametrize("after", [{"a": 1, "b": 2}, {"a": [1]}, {"a": "${b}"}, {"a": "???"}, {}, {"b": 1}])
def test_another_shape(after: dict[str, Any]) -> None:
    """Other keys, containers and texts that mean something to OmegaConf are no change of a value."""
    with pytest.raises(ValueError, match=r"\(.*\)"):
        list(list_changes({"a": 1}, after))
    cache = ViewCache()
    cache.view({"a": 1})
    assert OmegaConf.to_container(cache.view(after), resolve=True) == after
