"""Laws of naming many configs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.identifier import build_identifier
from mag.errors import UsageError
from mag.plans.descriptions import Naming
from mag.settings import Settings

VALUES = st.none() | st.booleans() | st.integers(0, 1) | st.floats() | st.sampled_from(["1", "a|b", ""]) | st.just([1])
CONFIGS = st.dictionaries(st.sampled_from(["a", "b.c", "password"]), VALUES)


@given(
    st.lists(CONFIGS, min_size=1, max_size=5),
    st.sampled_from([None, ("b.c", "a", "b.c", "z", "password")]),
    st.sampled_from("|-"),
)
def test_agrees(configs: list[dict[str, object]], keys: tuple[str, ...] | None, separator: str) -> None:
    """One config after the other gets the name that it would get alone: what is remembered never shows."""
    naming = Naming(Settings(separator=separator, identifier=keys, secrets=("b.*",)))
    for config in configs:
        name = naming.join([naming.encode(key, config[key]) for key in naming.choose(config)], "0" * 64)
        assert name == build_identifier(config, "0" * 64, separator=separator, keys=keys, secrets=("b.*",))


def test_separator() -> None:
    """A separator that could not stand in a file name is refused before anything is named."""
    with pytest.raises(UsageError, match="separator"):
        Naming(Settings(separator="/"))
