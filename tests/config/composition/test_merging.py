"""The laws of merging."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mag.config.composition.defaults import Part
from mag.config.composition.merging import copy_value, merge_parts
from mag.config.documents.document import Document
from mag.config.documents.reader import MAX_DEPTH
from mag.errors import ConfigError

SCALARS = st.none() | st.integers(0, 3) | st.sampled_from(["x", "???"])
LEAVES = SCALARS | st.lists(SCALARS, max_size=2)
CONFIGS = st.dictionaries(
    st.sampled_from("abc"), st.recursive(LEAVES, lambda inner: st.dictionaries(st.sampled_from("abc"), inner))
)


def merge(*contents: Any, package: str = "") -> dict[str, Any]:
    """Merge contents as if each was a file."""
    return merge_parts([Part(Document(Path("x.yaml"), None, (), content), package, None) for content in contents])


@given(st.lists(CONFIGS, min_size=1, max_size=3))
def test_files_merge_as_omegaconf_merges_them(contents: list[dict[str, Any]]) -> None:
    """Mappings merge, lists and scalars replace, `???` hides nothing, and a list meets no mapping."""
    try:
        theirs = OmegaConf.to_container(OmegaConf.merge({}, *contents))
    except Exception:  # noqa: BLE001 - whatever it is, it is refused
        theirs = None
    try:
        ours = merge(*contents)
    except ConfigError:
        ours = None
    assert ours == theirs


@given(CONFIGS)
def test_a_copy_shares_nothing(content: dict[str, Any]) -> None:
    """A copy is equal, and no part of it is the original's."""

    def parts(value: Any) -> set[int]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        own = {id(value)} if isinstance(value, dict | list) else set()
        return own.union(*map(parts, inner))

    copied = copy_value(content)
    assert copied == content
    assert not parts(copied) & parts(content)


def test_a_package_is_a_place() -> None:
    """A file's content goes where its package says, an empty file's as well."""
    assert merge({"k": 1}, package="a.b") == {"a": {"b": {"k": 1}}}
    assert merge({}, package="a") == {"a": {}}


def test_a_list_may_be_a_part_but_not_the_whole() -> None:
    """A file that holds a list needs a place."""
    assert merge([1, 2], package="a") == {"a": [1, 2]}
    with pytest.raises(ConfigError, match=r"x\.yaml is a list, .* give it a place with '# @package key'"):
        merge([1, 2])


def test_what_cannot_be_merged_is_named() -> None:
    """A clash of a mapping and a list names the file and the key."""
    with pytest.raises(ConfigError, match=r"x\.yaml: a\.b is a list in an earlier file, and a mapping here"):
        merge({"a": {"b": [1]}}, {"a": {"b": {"c": 1}}})
    with pytest.raises(ConfigError, match=r"x\.yaml: a\.b is a mapping in an earlier file, and a list here"):
        merge({"a": {"b": {"c": 1}}}, {"a": {"b": [1]}})


def test_a_mapping_merges_into_what_a_reference_names() -> None:
    """A reference to a mapping is taken for that mapping when more is merged into it."""
    base = {"base": {"lr": 1}, "model": "${base}", "other": "${nope}"}
    merged = merge(base, {"model": {"C": 2}, "other": {"C": 3}})
    assert merged == {"base": {"lr": 1}, "model": {"lr": 1, "C": 2}, "other": {"C": 3}}


def test_the_settings_of_hydra_are_left_out() -> None:
    """A `hydra` node is no part of the config."""
    assert merge({"hydra": {"run": {"dir": "x"}}, "k": 1}) == {"k": 1}


def test_nesting_is_limited() -> None:
    """No package and no value makes a config too deep to handle."""
    deep: Any = 1
    for _ in range(MAX_DEPTH + 2):
        deep = [deep]
    with pytest.raises(ConfigError, match="nested deeper"):
        merge({"k": deep})
    with pytest.raises(ConfigError, match="nested deeper"):
        merge({}, package=".".join("a" * (MAX_DEPTH + 2)))
