"""The laws of the identity; the golden file freezes it for ever."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.flat import flatten
from mag.config.identity import canonical_json, compute_identity, cut_piece, hash_pieces, hash_visible, keep_visible
from mag.disk.values import decode, encode

GOLDEN_FILE = Path(__file__).parent / "golden" / "identities.json"
GOLDEN = json.loads(GOLDEN_FILE.read_text(encoding="utf-8"))["cases"]

NAMES = st.text("abXY_1é", min_size=1, max_size=4)
KEYS = NAMES | st.integers() | st.booleans() | st.floats(allow_nan=False)
PUZZLING = st.sampled_from(["", "1", "1.0", "true", "null", "NaN", "nan", "-inf", "'nan'"])
TEXTS = PUZZLING | st.text('ab1.,:é\u0301\n|"\\😀{}', max_size=5)
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
CONFIGS = st.dictionaries(NAMES, VALUES, max_size=4)


def show(config: dict[str, Any]) -> dict[str, Any]:
    """Return the visible flat config."""
    return keep_visible(flatten(config))


def spell(value: Any) -> str:
    """Write a visible config down with every value's type, by other means than the code under test."""
    if isinstance(value, dict):
        return str(sorted((key, spell(item)) for key, item in value.items()))
    if isinstance(value, list):
        return "list" + str([spell(item) for item in value])
    return type(value).__name__ + ("0.0" if repr(value) == "-0.0" else repr(value))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_identities_are_frozen(case: dict[str, Any]) -> None:
    """A config has the identity that it had when mag was young: no result becomes new work."""
    config = decode(case["config"])
    assert compute_identity(config) == case["identity"]
    assert canonical_json(show(config)).decode() == case["canonical"]


def test_golden_identities_differ() -> None:
    """The golden cases are pairwise different, but for those that say whom they equal."""
    identities = [case["identity"] for case in GOLDEN if not case.get("equals")]
    assert len(set(identities)) == len(identities)
    by_name = {case["name"]: case["identity"] for case in GOLDEN}
    assert all(by_name[case["equals"]] == case["identity"] for case in GOLDEN if case.get("equals"))


@given(CONFIGS, CONFIGS)
def test_identities_are_equal_just_where_visible_configs_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Equal visible configs, int and float kept apart, have equal identities; others have not."""
    assert (compute_identity(one) == compute_identity(other)) == (spell(show(one)) == spell(show(other)))


@given(CONFIGS)
def test_the_order_of_keys_is_irrelevant(config: dict[str, Any]) -> None:
    """A config is what it holds, in whatever order it was written."""
    assert compute_identity(dict(reversed(list(config.items())))) == compute_identity(config)


@given(CONFIGS, st.dictionaries(NAMES.map("_{}h".format), VALUES, max_size=3))
def test_hidden_keys_change_nothing(config: dict[str, Any], hidden: dict[str, Any]) -> None:
    """Seeds, paths and devices behind a `_` are no part of the identity, whatever their values."""
    assert compute_identity({**config, **hidden}) == compute_identity(config)
    assert compute_identity({**config, "section": hidden}) != compute_identity({**config, "section": 1})


@pytest.mark.parametrize("section", [{}, {"_device": "cuda"}, {"a": {"_b": 1}, "_c": {}}, {"a": {}}])
def test_a_section_of_hidden_keys_changes_nothing(section: dict[str, Any]) -> None:
    """Adding `runtime: {_device: cuda}` to the YAML makes no old result new work, be the section there or not."""
    assert compute_identity({"C": 1, "runtime": section}) == compute_identity({"C": 1})
    assert compute_identity({"l": [{"a": 1, "runtime": section}]}) == compute_identity({"l": [{"a": 1}]})


@given(CONFIGS)
def test_the_identity_survives_the_disk(config: dict[str, Any]) -> None:
    """A config read back from its record is the same experiment."""
    stored = json.loads(json.dumps(encode(config), indent=2))
    assert compute_identity(decode(stored)) == compute_identity(config)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0), (1, True), (1, "1"), (1.0, "1.0"), (None, "null"), (None, ""), ([], {}), ([1], 1),
        ([1, 2], "1x2"), (float("nan"), "NaN"), (float("inf"), "Infinity"), (float("inf"), float("-inf")),
        ("é", "e\u0301"), ("a", "A"), ("a", "a "), ([[1], 2], [1, [2]]), (0.1 + 0.2, 0.3), ("~0", "%7E0"),
    ],
)  # fmt: skip
def test_values_that_look_alike_differ(one: Any, other: Any) -> None:
    """Two different values are two experiments."""
    assert compute_identity({"k": one}) != compute_identity({"k": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.1, 1e-1), (-0.0, 0.0), ([-0.0], [0.0]), ((1, 2), [1, 2]), (1e22, 10.0**22),
        (float("nan"), -float("nan")), ([{"a": -0.0, "b": ()}], ({"b": [], "a": 0.0},)),
    ],
)  # fmt: skip
def test_values_that_are_written_differently_are_one(one: Any, other: Any) -> None:
    """One value is one experiment, however it was typed."""
    assert compute_identity({"k": one}) == compute_identity({"k": other})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": [1, 1.0, True, None], "a": "é\n"}, '{"a":"é\\n","b":[1,1.0,true,null]}'),
        ((1e-7, 1e16, 0.1, -0.0), "[1e-07,1e+16,0.1,0.0]"),
        ([float("nan"), float("inf"), float("-inf"), "NaN"], '[NaN,Infinity,-Infinity,"NaN"]'),
        ({}, "{}"),
    ],
)
def test_canonical_json_is_what_the_page_says(value: Any, text: str) -> None:
    """UTF-8, sorted keys, no spaces, shortest floats."""
    assert canonical_json(value) == text.encode()


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_neither_locale_nor_hash_seed_nor_zone_matters(seed: str) -> None:
    """The same config has the same identity and the same name in any environment."""
    code = (
        "from mag.config.identity import compute_identity\n"
        "from mag.config.identifier import build_identifier\n"
        r"config = {'\xe9': '\xfc/\xdf', 'b': 1e-5, 'a': [True, None]}"
        "\n"
        "identity = compute_identity(config)\n"
        "print(identity, ascii(build_identifier(config, identity, separator='|')))"
    )
    quirks = {
        "PYTHONHASHSEED": seed,
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "TZ": "Asia/Tokyo",
    }
    output = subprocess.check_output([sys.executable, "-c", code], env=os.environ | quirks, text=True)
    identity, name = output.split()
    assert identity == compute_identity({"a": [True, None], "b": 1e-5, "é": "ü/ß"})
    assert name == ascii("truexnull|1e-05|ü%2Fß")


def test_computing_an_identity_imports_no_heavy_library() -> None:
    """Names and identities are for light commands, too."""
    code = (
        "import sys, mag.config.identifier; "
        "print([m for m in ('omegaconf', 'yaml', 'git', 'rich') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_choices_belong_to_the_identity_where_they_are_given() -> None:
    """Two empty option files are two experiments; without choices nothing changes."""
    assert len({compute_identity({"x": 1}, choices) for choices in ({}, {"m": "a"}, {"m": "b"})}) == 3
    assert compute_identity({"x": 1}, {}) == compute_identity({"x": 1})


@given(CONFIGS)
def test_pieces_make_the_same_identity(config: dict[str, Any]) -> None:
    """What plans of many points are hashed from is the one law, cut."""
    visible = show(config)
    assert hash_pieces(cut_piece(key, visible[key]) for key in sorted(visible)) == hash_visible(visible)
