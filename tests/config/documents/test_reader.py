"""The laws of reading YAML."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mag.config.documents.document import read_yaml
from mag.config.documents.reader import MAX_DEPTH
from mag.errors import YamlError

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_yaml_writes_is_read_back(content: dict[str, object]) -> None:
    """Any plain config survives a trip through a file."""
    assert read_yaml(yaml.safe_dump(content, default_style='"'), "x.yaml") == content


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "2: the key 'a' stands twice"),
        ("0x1: a\n1: b", "2: the key 1 stands twice"),
        ("a: !!python/object/apply:os.system [x]", "1: the tag !!python/object/apply:os.system is not allowed"),
        ("a: !!set {x}", "1: the tag !!set is not allowed"),
        ("a:\n  b: !!int x", "2: 'x' is no int"),
        ("a: &a [*a]", r"1: the alias \*a .* contains itself"),
        ("a: 1\nb: *c", r"2: the alias \*c stands for nothing"),
        (BOMB, "5: with its aliases the file expands to more than 10,000 values"),
        ("a:\n\t- 1", "2: a tab cannot indent YAML, use spaces"),
        ("a: 1\nb: %x", "2: '%' cannot start a value, quote it"),
        ("a: b: c", "1: ': ' cannot stand here"),
        ("a: 1\nb: \x00", "2: control characters are not allowed"),
        ("5", "1: the file holds only 5"),
        ("a: 1\n---\nb: 2", "2: a second document starts here"),
        ("null: 1", "1: a key must be a text, a number or a boolean, not None"),
        ("a: " + "9" * 5000, "1: the integer 9+... has too many digits"),
        ("a: 1e999", "1: 1e999 is beyond the largest float"),
        ("[" * 100_000, f"1: nested deeper than {MAX_DEPTH} levels"),
        ("a: {", "2: a value is missing, or a bracket"),
        ("a: {b: 1\nc: 2", "2: the '{' of line 1 is never closed"),
        ("a: 1\nb: [1,\n2", r"2: the '\[' of line 2 is never closed"),
        ("a: 1\n b: 2", "2: ': ' cannot stand here"),
        ("a:\n  b: 1\n c: 2", "3: the indentation is that of no line"),
        ("a:\n- 1\n-2\n", "3: this is no 'key: value', nor '- value' with its blank"),
        ("a: 1\nb: 'x\nc: 1", "2: a quote is opened here"),
        ("a: - 1", "1: '- ' cannot stand here"),
        (r'a: "\q"', "1: a backslash in double quotes"),
        ("<<: 5", "1: '<<' needs a mapping"),
    ],
)
def test_what_is_no_plain_config_is_refused(text: str, message: str) -> None:
    """A broken or hostile file is an error that names the file and the line, and costs nothing."""
    with pytest.raises(YamlError, match=rf"^x\.yaml:{message}"):
        read_yaml(text, "x.yaml")


@pytest.mark.parametrize("text", ["", "# nothing", "~", "---\n"])
def test_an_empty_file_is_an_empty_config(text: str) -> None:
    """A file may be empty."""
    assert read_yaml(text, "x.yaml") == {}


def test_merge_keys_give_way_to_the_mapping_s_own() -> None:
    """`<<` fills in what the mapping does not say itself, the first of several before the later ones."""
    text = "a: &a {k: 1, l: 1}\nb: &b {l: 2, m: 2}\nc: {<<: [*a, *b], k: 3}"
    assert read_yaml(text, "x.yaml")["c"] == {"l": 1, "m": 2, "k": 3}


def test_aliases_may_be_used_with_measure() -> None:
    """An alias is the value of its anchor, the latest of that name."""
    assert read_yaml("a: &x [1]\nb: {k: *x}\nc: &x 2\nd: *x", "x.yaml") == {"a": [1], "b": {"k": [1]}, "c": 2, "d": 2}


def test_tags_of_plain_types_cast() -> None:
    """`!!str` and its like say what a scalar is."""
    assert read_yaml("{a: !!str 5, b: !!float 5, c: !!bool yes, d: ! 5}", "x.yaml") == {
        "a": "5",
        "b": 5.0,
        "c": True,
        "d": 5,
    }
