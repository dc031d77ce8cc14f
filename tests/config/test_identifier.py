"""The laws of the identifier: readable, one path component, safe on every file system."""

import json
import re
from pathlib import Path
from typing import Any
from unicodedata import is_normalized, normalize
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mag.config.flat import flatten
from mag.config.identifier import DEFAULT_SEPARATOR, MAX_BYTES, add_suffix, build_identifier
from mag.config.identity import compute_identity, keep_visible
from mag.disk.values import decode
from mag.errors import UsageError

GOLDEN_FILE = Path(__file__).parent / "golden" / "identities.json"
GOLDEN = json.loads(GOLDEN_FILE.read_text(encoding="utf-8"))["cases"]
IDENTITY = "0123456789abcdef" * 4

HOSTILE = st.sampled_from(
    ["", ".", "..", "../..", "/etc/passwd", "C:\\x", "-rf", "~", "~root", ".hidden", "a/b", "a|b", "x.",
     "x ", " ", "%", "%2F", "%7C", "a\nb", "a\tb", "\x1b]0;x\x07", "\x7f", "\x85", "\u202egnp", "\u2066",
     "\u200f", "\ufeff", "\u2028", "é", "e\u0301", "\u0301", "\u0338x", "\u1161", "\u0323\u0307",
     "-\u0327", "%\u0301", "CON", "nul", "Com1", "LPT9.txt", "aux .x", "COM¹", "a" * 300, "é" * 300,
     "😀" * 99, "/" * 300, "\u0301" * 200, "a", "A", "ß", "SS", "ǰ", "\u212a", "ﬀ", "1", "1.0", "true",
     "null", "1x2", "no_a", "default", '*?"<>:', "${x}", "--", "- -", "***"]
)  # fmt: skip
RANGES = (
    range(1, 0x250),
    range(0x300, 0x370),
    range(0x1100, 0x1200),
    range(0x2000, 0x2070),
    range(0xAC00, 0xAC40),
)
ALPHABET = "".join(chr(point) for points in RANGES for point in points) + "\u0dca\u0dd9\ufeff\U0001f600\U0001d15e"
TEXTS = HOSTILE | st.text(ALPHABET, max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=2))
FLATS = st.dictionaries(TEXTS | st.text("abc._", max_size=5), VALUES, max_size=6)
SEPARATORS = st.sampled_from(["|", "-", "--", "__", ",", "+", ".", "=", " ", " | ", ";"])

DEVICES = re.compile(r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]) *(\.|$)", re.IGNORECASE)
CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def name(separator: str = "|", keys: list[str] | None = None, **visible: Any) -> str:
    """Return the identifier of a few values."""
    return build_identifier(visible, IDENTITY, separator=separator, keys=keys)


def assert_safe(identifier: str, separator: str) -> None:
    """Check what a name must be on Linux, macOS and Windows; the separator alone may be unfit for Windows."""
    assert identifier not in ("", ".", "..")
    assert identifier[0] not in ".-~"
    assert identifier[-1] not in ". "
    assert not set(identifier) & set('/\\:*?"<>\0')
    assert "|" not in identifier.replace(separator, "")
    assert not CONTROLS.search(identifier)
    assert not DEVICES.match(identifier)
    assert len(identifier.encode("utf-8", "strict")) <= MAX_BYTES
    assert is_normalized("NFC", identifier)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_identifiers_are_frozen(case: dict[str, Any]) -> None:
    """A config's directory keeps its name over all versions of mag."""
    visible = keep_visible(flatten(decode(case["config"])))
    for separator, identifier in case["identifiers"].items():
        assert build_identifier(visible, case["identity"], separator=separator) == identifier


@given(FLATS, SEPARATORS)
def test_every_config_has_a_safe_name(config: dict[str, Any], separator: str) -> None:
    """A name is one component, neither `.` nor `..`, short, normalised and printable."""
    identifier = build_identifier(keep_visible(config), IDENTITY, separator=separator)
    assert_safe(identifier, separator)
    assert_safe(add_suffix(identifier, IDENTITY, separator=separator), separator)


@given(st.lists(TEXTS, min_size=1, max_size=3))
@settings(max_examples=60)
def test_every_name_makes_a_directory_inside_its_parent(tmp_path_factory: Any, values: list[str]) -> None:
    """What is created under a name stands directly in the experiments directory."""
    root = tmp_path_factory.mktemp("experiments", numbered=True)
    identifier = build_identifier(dict(zip("abc", values, strict=False)), IDENTITY)
    (root / identifier).mkdir()
    assert [path.name for path in root.iterdir()] == [identifier]
    assert (root / identifier).resolve().parent == root.resolve()


@given(st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from(["|", "-", ",", "."]))
def test_values_can_be_read_back_from_a_name_that_was_not_cut(values: list[str], separator: str) -> None:
    """The encoding is unambiguous: up to normalisation, different texts have different names."""
    identifier = build_identifier(
        {str(index): value for index, value in enumerate(values)}, IDENTITY, separator=separator
    )
    if not identifier.endswith("~" + IDENTITY[:10]):
        parts = identifier.split(separator)
        decoded = ["" if part == "%" else unquote(part, errors="strict") for part in parts]
        assert list(map(nfc, decoded)) == list(map(nfc, values))


def nfc(text: str) -> str:
    """Normalise a text as names are."""
    return normalize("NFC", text)


@given(FLATS)
def test_a_name_depends_on_nothing_but_the_config(config: dict[str, Any]) -> None:
    """The same flat config in another order has the same name."""
    backwards = dict(reversed(list(config.items())))
    assert build_identifier(backwards, IDENTITY) == build_identifier(config, IDENTITY)


@given(TEXTS, TEXTS)
def test_a_suffix_tells_two_identities_apart(one: str, other: str) -> None:
    """Whatever the names, two identities have two suffixed names, and a name is suffixed once."""
    first, second = compute_identity({"a": one}), compute_identity({"a": other})
    names = [
        add_suffix(build_identifier({"a": text}, identity), identity)
        for text, identity in [(one, first), (other, second)]
    ]
    assert (names[0] == names[1]) == (one == other)
    assert add_suffix(names[0], first) == names[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10, "10"), (0.01, "0.01"), (1e-5, "1e-05"), (1.0, "1.0"), (-0.0, "0.0"), (float("nan"), "nan"),
        (float("inf"), "inf"), (None, "null"), ("adam", "adam"), ("1e-3", "1e-3"), ("", "%"), ("%", "%25"),
        ("50%", "50%25"), ("a b", "a b"), ("a/b\\c", "a%2Fb%5Cc"), ("..", "%2E%2E"), ("../x", "%2E.%2Fx"),
        ("a|b", "a%7Cb"), ("a\nb", "a%0Ab"), ("-rf", "%2Drf"), (-1, "%2D1"), (".5", "%2E5"), ("~", "%7E"),
        ("x.", "x%2E"), ("x ", "x%20"), ("e\u0301", "é"), ("\u202ex", "%E2%80%AEx"), ("CON", "%43ON"),
        ("nul.txt", "%6Eul.txt"), ("COM10", "COM10"), ("console", "console"), ("\u0301x", "%CC%81x"),
        ("x\u0301|", "x\u0301%7C"), ("-\u0301", "%2D%CC%81"), ("/\u0301", "%2F%CC%81"), ([1, 2, 3], "1x2x3"),
        ([[1, 2], [3]], "1x2x3"), ([], "[]"), ([True, None, "a/b", ""], "truexnullxa%2Fbx%"),
        (["a", "\u0308"], "ax%CC%88"), ({}, "{}"), ([{"b": 1, "a": "x"}], "{%22a%22%3A%22x%22,%22b%22%3A1}"),
    ],
)  # fmt: skip
def test_a_value_reads_as_the_page_says(value: Any, text: str) -> None:
    """Values are as readable as file systems allow."""
    assert name(k=value) == text


def test_booleans_read_as_their_names() -> None:
    """`true` alone would say nothing in a directory's name."""
    assert build_identifier({"model.bias": True, "shuffle": False}, IDENTITY, separator="|") == "bias|no_shuffle"


def test_values_stand_in_sorted_key_order() -> None:
    """The example of the page."""
    assert name(gamma=0.01, C=10) == "10|0.01"


def test_only_the_ends_of_the_whole_name_are_special() -> None:
    """A value within the name may begin with a sign and end with a dot."""
    assert name(a=1, b=-2, c=".", d="CON", e=3) == "1|-2|.|CON|3"


@pytest.mark.parametrize(
    ("separator", "text"),
    [("-", "1e%2D05-a%2Db|c"), ("__", "1e-05__a-b|c"), (",", "1e-05,a-b|c"), ("b|", "")],
)
def test_the_separator_is_encoded_where_a_value_holds_it(separator: str, text: str) -> None:
    """A separator in a value is never taken for one; `|` is unsafe and encoded under any other."""
    if text:
        assert name(separator, a=1e-5, b="a-b|c") == text.replace("|", "%7C")


@pytest.mark.parametrize(
    "separator", ["", "/", "\\", "a", "%", "~", "\n", ":", "x-", "1", "é", "\u0301", "-" * 9, "\0"]
)
def test_a_separator_that_could_not_separate_is_refused(separator: str) -> None:
    """The setting is refused with examples that work."""
    with pytest.raises(UsageError, match=r"cannot join the values") as caught:
        name(separator, a=1)
    advised = re.findall(r"'([^' ]+)'", str(caught.value).rpartition("`~`")[2])
    assert [name(good, a=1, b=2) for good in advised] == ["1|2", "1-2", "1,2", "1__2"]


def test_the_default_separator_is_the_systems() -> None:
    """`|` is the documented exception on POSIX, and is not allowed on Windows."""
    assert build_identifier({"a": 1, "b": 2}, IDENTITY) == f"1{DEFAULT_SEPARATOR}2"
    assert DEFAULT_SEPARATOR in "|-"


def test_chosen_keys_make_the_name_in_their_order() -> None:
    """A key that this config has not is skipped, one that is chosen twice stands once."""
    assert name(keys=["c", "none", "a", "c"], a=1, b=2, c=3) == "3|1"


@pytest.mark.parametrize("visible", [{}, {"b": 1}])
def test_a_config_without_visible_values_is_the_default(visible: dict[str, Any]) -> None:
    """No name is empty."""
    assert build_identifier(visible, IDENTITY, keys=["a"]) == "default"


def test_a_long_name_is_cut_between_two_values() -> None:
    """It ends in `~` and ten characters of the identity, and keeps as many whole values as fit."""
    assert name(a="x" * 50, b="y" * 58, c="z" * 20) == "x" * 50 + "|" + "y" * 58 + "~0123456789"
    assert name(a="x" * 50, b="y" * 59, c="z" * 20) == "x" * 50 + "~0123456789"
    assert name("--", a="x" * 54, b="y" * 54, c="z" * 20) == "x" * 54 + "~0123456789"


def test_a_name_of_just_the_limit_is_whole() -> None:
    """120 bytes are allowed, 121 are not."""
    assert name(a="x" * MAX_BYTES) == "x" * MAX_BYTES
    assert name(a="x" * (MAX_BYTES + 1)) == "x" * 109 + "~0123456789"


@pytest.mark.parametrize(
    ("value", "kept"),
    [("é" * 300, "é" * 54), ("😀" * 99, "😀" * 27), ("/" * 300, "%2F" * 36),
     ("\x85" * 99, "%C2%85" * 18), ("a" + "\u2028" * 99, "a" + "%E2%80%A8" * 12)],
)  # fmt: skip
def test_a_first_value_that_is_too_long_is_cut_between_characters(value: str, kept: str) -> None:
    """No half of a character, encoded or not, is left over."""
    assert name(a=value, b=1) == kept + "~0123456789"


def test_a_suffix_is_added_once_and_shortens_the_name_where_it_must() -> None:
    """For a name that is taken; values are dropped whole."""
    suffixed = add_suffix("1|2", IDENTITY)
    assert suffixed == "1|2~0123456789" == add_suffix(suffixed, IDENTITY)
    assert add_suffix("a" * 60 + "|" + "b" * 55, IDENTITY, separator="|") == "a" * 60 + "~0123456789"
    assert add_suffix("a|b|" + "c" * 116, IDENTITY, separator="|") == "a|b~0123456789"


def test_a_secret_never_stands_in_a_name() -> None:
    """Its value reads `***`, encoded; two such configs share a name, and are told apart by the suffix."""
    visible = {"a.password": "hunter2", "b.pin": 1234, "c": [{"api_key": "k"}], "d_token": True}
    identifier = build_identifier(visible, IDENTITY, separator="|", secrets=["*.pin"])
    assert identifier == "%2A%2A%2A|%2A%2A%2A|{%22api_key%22%3A%22%2A%2A%2A%22}|d_token"
