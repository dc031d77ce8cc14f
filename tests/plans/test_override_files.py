"""Laws of files of overrides."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mag.config.language.grammar import parse_override
from mag.errors import ConfigError
from mag.plans.override_files import read_overrides, set_value

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


def read(folder: Path, text: str) -> list[str]:
    """Return the overrides that a file of this text stands for, between two others."""
    (folder / "o.yaml").write_text(text)
    first, *overrides, last = read_overrides(["x=1", f"@{folder / 'o.yaml'}", "y=2"])
    assert (first.text, last.text) == ("x=1", "y=2")
    return [override.text for override in overrides]


@given(VALUES)
def test_a_value_stays_as_it_is(value: Any) -> None:
    """The override of a key and a value has that value, and its text is read back as the same."""
    override = set_value("+a.b", value)
    assert (override.value, override.operation, override.key) == (value, "add", "a.b")
    assert parse_override(override.text) == override


def test_a_list_of_overrides(tmp_path: Path) -> None:
    """A list holds overrides as they would be typed."""
    assert read(tmp_path, "- C=1,10\n- ~seed\n- +db@b=x\n") == ["C=1,10", "~seed", "+db@b=x"]


def test_a_mapping(tmp_path: Path) -> None:
    """A mapping holds values as they are: a list is one value, a text a text."""
    text = yaml.safe_dump({"C": 1, "m.sizes": [1, 2], "+t": "range(3)", "m": {"a": None}, "~seed": None})
    assert sorted(read(tmp_path, text)) == ["+t='range(3)'", "C=1", "m.sizes=[1,2]", "m={a:null}", "~seed"]


def test_an_empty_file(tmp_path: Path) -> None:
    """An empty file stands for no overrides."""
    assert read(tmp_path, "") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- C=[\n", "o.yaml: entry 1: cannot read C=["),
        ("- 5\n", "entry 1: 5 is no override; write it as - C=10"),
        ("- C: 5\n", "entry 1: {C:5} is no override; write it as - C=5"),
        ("- '@o.yaml'\n", "a file of overrides names no other"),
        ("a=b: 1\n", "'a=b' is no key"),
        ("C: 1\nC: 2\n", "o.yaml:2: the key 'C' stands twice"),
        ("a: [\n", "o.yaml:"),
        ("just words\n", "o.yaml:1: the file holds only"),
    ],
)
def test_refusals(tmp_path: Path, text: str, said: str) -> None:
    """What cannot be used is refused, with file and line or entry."""
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert said in str(error.value)


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there, or is no text, is refused."""
    with pytest.raises(ConfigError, match=r"^@nothing\.yaml: there is no such file"):
        read_overrides(["@nothing.yaml"])
    (tmp_path / "x.yaml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_overrides([f"@{tmp_path / 'x.yaml'}"])
