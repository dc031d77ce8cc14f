"""The laws of references, which are OmegaConf's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mag.config.composition.interpolation import References, is_reference
from mag.errors import ConfigError

NAMES = st.sampled_from(["a", "b", "c"])
KEYS = st.lists(NAMES | st.sampled_from(["0", "1"]), min_size=1, max_size=3).map(".".join)
REFERENCES = st.builds("${{{}{}}}".format, st.sampled_from(["", "", ".", ".."]), KEYS)
TEXTS = st.lists(REFERENCES | st.sampled_from(["x", " ", "$", "{", "}", "${oc.env:NOT_SET,a/b}"]), max_size=3)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | REFERENCES | TEXTS.map("".join)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3))


@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_references_mean_what_they_mean_to_omegaconf(config: dict[str, Any]) -> None:
    """Whatever OmegaConf resolves is resolved to the same; what it refuses is refused."""
    if not all(is_reference(text) for text in texts(config)):
        return
    try:
        theirs = OmegaConf.to_container(OmegaConf.create(config), resolve=True)
    except Exception:  # noqa: BLE001 - whatever it is, it is refused
        with pytest.raises(ConfigError):
            References(config).resolve()
    else:
        assert repr(References(config).resolve()) == repr(theirs)


def texts(value: Any) -> list[str]:
    """Return the texts with interpolations in a config."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, str) and "${" in value else [text for each in inner for text in texts(each)]


def test_a_container_is_copied_to_every_place() -> None:
    """What two references name is not shared by them."""
    resolved = References({"a": [1], "b": "${a}", "c": "${b}"}).resolve()
    resolved["b"].append(2)
    assert resolved == {"a": [1], "b": [1, 2], "c": [1]}


@pytest.mark.parametrize(
    "text", ["${a.b}", "x-${ a }-$", "${..a}", "${oc.env:HOME}", "${oc.env:HOME, /tmp}", "$${a}", "{${a}}"]
)
def test_what_is_a_reference(text: str) -> None:
    """Names of values and of environment variables, alone or inside a text."""
    assert is_reference(text)


@pytest.mark.parametrize(
    "text", ["${now:%Y}", "${a:b}", "${a[0]}", "${${a}}", r"\${a}", "${oc.env:A,5}", "${oc.env:A,true}", "${", "${}"]
)
def test_what_is_more_than_a_reference(text: str) -> None:
    """The rest of the language is left to OmegaConf."""
    assert not is_reference(text)


def test_references_cannot_explode() -> None:
    """A config of a few lines that would resolve to gigabytes is refused."""
    config: dict[str, Any] = {f"k{level}": [f"${{k{level + 1}}}"] * 10 for level in range(20)} | {"k20": 1}
    with pytest.raises(ConfigError, match="expand to more than 1,000,000"):
        References(config).resolve()
    texts = {f"k{level}": f"${{k{level + 1}}}" * 10 for level in range(20)} | {"k20": "x"}
    with pytest.raises(ConfigError, match="expand to more than 1,000,000"):
        References(texts).resolve()
