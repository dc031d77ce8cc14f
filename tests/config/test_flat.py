"""The laws of flattening."""

from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mag.config.flat import MAX_DEPTH, MAX_INTEGER_BITS, escape_key, flatten, read_key, spell_key, split_key
from mag.config.identity import Visibility, is_hidden, keep_visible
from mag.errors import ConfigError

NAMES = st.text("abcXYZ_é1'", min_size=1, max_size=4)
KEYS = st.text("1-.'e") | st.sampled_from(["true", "null", "nan", "inf"]) | st.integers() | st.floats() | st.booleans()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("ab|/\n.", max_size=9)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
DOTTED = st.dictionaries(
    st.text("a.\\\\\n", max_size=5),
    st.recursive(
        st.integers(), lambda inner: st.dictionaries(st.text("a.\\\\", max_size=4), inner, min_size=1, max_size=3)
    ),
)
CONFIGS = st.dictionaries(NAMES, VALUES, max_size=5)


class Color(Enum):
    """What a dataclass config may hold, but YAML may not."""

    RED = 1


def read_keys(value: Any) -> Any:
    """Read the keys that are spelled in dicts inside of lists."""
    if isinstance(value, dict):
        return {read_key(key): read_keys(item) for key, item in value.items()}
    return [read_keys(item) for item in value] if isinstance(value, list) else value


def unflatten(flat: dict[str, Any]) -> dict[Any, Any]:
    """Put the dotted keys back into nested dicts."""
    nested: dict[Any, Any] = {}
    for key, value in flat.items():
        *path, last = split_key(key)
        node = nested
        for part in path:
            node = node.setdefault(part, {})
        node[last] = read_keys(value)
    return nested


def test_nested_keys_join_with_dots_and_are_sorted() -> None:
    """A flat config is sorted by its dotted keys, and its lists are values."""
    flat = flatten({"b": {"y": 1, "x": [1, {"k": 2}]}, "a": None, "B": 1.5})
    assert list(flat.items()) == [("B", 1.5), ("a", None), ("b.x", [1, {"k": 2}]), ("b.y", 1)]


def test_an_empty_dict_is_a_value() -> None:
    """What is empty is not forgotten."""
    assert flatten({"a": {}, "b": {"c": {}}, "d": []}) == {"a": {}, "b.c": {}, "d": []}


@given(CONFIGS | DOTTED)
def test_flattening_loses_nothing(config: dict[str, Any]) -> None:
    """Whatever is in its keys, a config comes back from its flat form, so that no two have the same."""
    assert unflatten(flatten(config)) == config


@given(KEYS | st.none())
def test_a_key_keeps_its_type_and_its_value(key: Any) -> None:
    """`1`, `"1"`, `1.0` and `true` are four keys, and each comes back from its spelling."""
    spelled = spell_key(key)
    assert repr(read_key(spelled)) == repr(key + 0.0 if isinstance(key, float) else key)
    assert flatten({key: 1}) == {escape_key(key): 1}


@pytest.mark.skipif(version("omegaconf") < "2.4", reason="OmegaConf 2.3 reads no escapes in keys")
def test_a_flat_key_with_a_dot_is_read_by_omegaconf_as_it_is_meant() -> None:
    r"""`x.a\.b` is the key `a.b` below `x`, to OmegaConf as well."""
    config = {"x": {"a.b": 1, "a": {"b": 2}}}
    assert flatten(config) == {"x.a.b": 2, r"x.a\.b": 1}
    assert {key: OmegaConf.select(OmegaConf.create(config), key) for key in flatten(config)} == flatten(config)


def test_a_part_is_hidden_by_its_own_beginning() -> None:
    """What follows a dot inside a key begins no part."""
    assert not is_hidden(r"x.a\._b")
    assert is_hidden(r"x.a\\._b")


@given(CONFIGS)
def test_the_order_of_keys_does_not_matter(config: dict[str, Any]) -> None:
    """The same keys in another order are the same flat config, in the same order."""
    backwards = dict(reversed(list(config.items())))
    assert list(flatten(backwards).items()) == list(flatten(config).items())


def test_flattening_leaves_its_argument_alone() -> None:
    """The flat config shares no list with the nested one."""
    config = {"a": [1, [2]]}
    flatten(config)["a"][1].append(3)
    assert config == {"a": [1, [2]]}


def test_tuples_and_subclasses_become_plain_values() -> None:
    """A tuple is a list, NumPy's float64 and str_ are a float and a string."""
    flat = flatten({"a": (1, (2,)), "b": np.float64(0.1), "c": np.str_("x")})
    assert flat == {"a": [1, [2]], "b": 0.1, "c": "x"}
    assert (type(flat["b"]), type(flat["c"])) == (float, str)


def test_keys_of_other_types_are_told_from_texts() -> None:
    """A text that looks like another key is quoted, in lists of dicts as well."""
    config: dict[Any, Any] = {1: {True: 0}, "1": 0, None: 0, 0.5: 0, "0.5": 0, "l": [{2: 0, "2": 1}]}
    assert list(flatten(config)) == [r"'0\.5'", "'1'", r"0\.5", "1.true", "l", "null"]
    assert flatten({"l": [{2: 0, "2": 1}]}) == {"l": [{"2": 0, "'2'": 1}]}


@pytest.mark.parametrize("config", [{"k": "a\0b"}, {"k": ["a", "\0"]}, {"k\0": 1}, {"k": [{"\0": 1}]}])
def test_a_nul_character_is_an_error(config: dict[str, Any]) -> None:
    """NUL stands in no file name and no command."""
    with pytest.raises(ConfigError, match=r"k.* holds a NUL character"):
        flatten(config)


@pytest.mark.parametrize("config", [{"k": "\udcff"}, {"k\ud800": 1}, {"k": [{"x": "\udfff"}]}, {"k": {"\udc80": 1}}])
def test_text_that_is_not_unicode_is_an_error_that_can_be_printed(config: dict[str, Any]) -> None:
    """A lone surrogate can be saved nowhere, and the message does not carry it on."""
    with pytest.raises(ConfigError, match=r"k.* is not valid Unicode") as caught:
        flatten(config)
    assert str(caught.value).encode()


@pytest.mark.parametrize(
    ("value", "name", "advice"),
    [
        (Path("a/b"), "PosixPath", "the string 'a/b'"),
        ({1, 2}, "set", "a list"),
        (Color.RED, "Color", "its name 'RED'"),
        (np.arange(2), "ndarray", "tolist()"),
        (np.int64(3), "int64", "tolist()"),
        (b"raw", "bytes", "a string or a number"),
        (1j, "complex", "a string or a number"),
    ],
)
def test_a_value_that_no_config_holds_is_named(value: Any, name: str, advice: str) -> None:
    """The error says where the value is, what it is, and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        flatten({"model": {"x": [0, value]}})
    assert all(part in str(caught.value) for part in ("`model.x[1]`", f"type {name},", advice))


@pytest.mark.parametrize("key", [(1, 2), b"raw", Color.RED])
def test_a_key_that_is_no_text_is_named(key: Any) -> None:
    """A key must be a string, or a scalar that reads as one."""
    with pytest.raises(ConfigError, match=r"key must be a string"):
        flatten({"a": {key: 1}})


def test_the_advice_of_the_errors_works() -> None:
    """What the messages tell to write instead is accepted."""
    config = {"p": str(Path("a/b")), "s": sorted({1, 2}), "e": Color.RED.name, "n": np.int64(3).tolist()}
    assert flatten(config) == {"e": "RED", "n": 3, "p": "a/b", "s": [1, 2]}


def test_an_integer_that_cannot_be_printed_is_an_error() -> None:
    """Python refuses to write integers of more than 4300 digits; mag says where one is."""
    assert str(flatten({"k": 2**MAX_INTEGER_BITS - 1})["k"])
    with pytest.raises(ConfigError, match=r"`k\[0\]` is an integer of more than"):
        flatten({"k": [2**MAX_INTEGER_BITS]})


@pytest.mark.parametrize("kind", [list, dict])
def test_a_config_that_contains_itself_is_an_error(kind: type) -> None:
    """Neither a cycle nor absurd nesting ends in a RecursionError."""
    config: dict[str, Any] = {"a": kind()}
    config["a"].append(config) if kind is list else config["a"].update(b=config)
    with pytest.raises(ConfigError, match=rf"deeper than {MAX_DEPTH} levels at `a"):
        flatten(config)


@pytest.mark.parametrize("key", ["_seed", "a._b", "_a.b", "_", "__", "__x__", "_x__", "a._b._target_", "_a._b"])
def test_a_leading_underscore_in_any_part_hides_a_key(key: str) -> None:
    """Hidden is what is below a hidden key, too."""
    assert is_hidden(key)


@pytest.mark.parametrize("key", ["a", "a_b", "a_", "a.b_._target_", "_target_", "_args_", "m._convert_", "_x_", ""])
def test_other_keys_are_visible(key: str) -> None:
    """Keys that Hydra reserves begin and end with one underscore, and say what the experiment is."""
    assert not is_hidden(key)


def test_hidden_keys_are_dropped_inside_lists_of_dicts() -> None:
    """A list of dicts is a value, whose hidden keys are hidden all the same."""
    flat = flatten({"_a": 1, "b": {"_c": 2, "d": 3}, "l": [[{"_e": 1, "f": {"_g": 1}, "_target_": "T"}], 1]})
    assert keep_visible(flat) == {"b.d": 3, "l": [[{"_target_": "T"}], 1]}


@given(CONFIGS)
def test_what_is_visible_stays_visible(config: dict[str, Any]) -> None:
    """Hiding twice hides nothing more, and no key that remains is hidden."""
    visible = keep_visible(flatten(config))
    assert keep_visible(visible) == visible
    assert not any(map(is_hidden, visible))


@pytest.mark.parametrize(
    ("key", "hidden"),
    [("paths.data", True), ("paths", False), ("m._name", False), ("_name", True), ("data.x.y", True), ("_a.b", True)],
)
def test_settings_say_which_keys_are_hidden_and_which_are_not(key: str, hidden: bool) -> None:
    """`hidden` hides what is below a key, too; `visible` prevails over it and over the underscore."""
    assert Visibility(("paths.*", "data"), ("*._name", "data.z")).hides(key) is hidden


def test_patterns_reach_into_lists() -> None:
    """An item's place is part of the key."""
    flat = flatten({"l": [{"a": 1, "_b": 2}], "paths": {"x": 1}})
    assert keep_visible(flat, Visibility(("l.*.a", "paths.*"), ("*._b",))) == {"l": [{"_b": 2}]}
