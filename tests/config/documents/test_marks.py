"""The laws of marks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.documents.document import read_yaml
from mag.config.documents.marks import Marks, mark_text
from mag.config.documents.reader import Mark
from mag.config.documents.scalars import format_yaml

SCALARS = st.none() | st.booleans() | st.integers() | st.text("ab ':#\n", max_size=4)
KEYS = st.text("abc", min_size=1, max_size=2)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2))


@given(st.dictionaries(KEYS, VALUES, min_size=1))
def test_every_value_has_its_line(config: dict[str, object]) -> None:
    """Law: each value of a file has a mark, and the lines of a block's keys rise in the order of the file."""
    marks = mark_text(format_yaml(config))
    lines = [marks[(key,)].line for key in config]
    assert lines == sorted(set(lines))
    assert lines[0] == 1


@pytest.mark.parametrize(
    ("text", "path", "mark"),
    [
        ("a: 1\nb:\n  c: no", ("b", "c"), Mark(3, "c", "no")),
        ("b: 'no'", ("b",), Mark(1, "b", None)),
        ("'b': !!str 012", ("b",), Mark(1, None, None)),
        ("b:\n- x\n- off", ("b", 1), Mark(3, None, "off")),
        ("on: x", (True,), Mark(1, "on", "x")),
        ("a: &x {c: 1,\n  d: 2}\nb:\n  <<: *x\n  d: 3", ("b", "d"), Mark(5, "d", "3")),
        ("a: &x {c: 1,\n  d: 2}\nb:\n  d: 3\n  <<: *x", ("b", "c"), Mark(1, "c", "1")),
        ("defaults:\n- db: x\n", ("defaults", 0), Mark(2, None, None)),
    ],
)
def test_marks(text: str, path: tuple[object, ...], mark: Mark) -> None:
    """A mark has the line where the value is written, and the word as it is written if no quotes are around it."""
    read_yaml(text, "x.yaml")
    assert mark_text(text)[path] == mark


@pytest.mark.parametrize("text", ["", "just text", "a: [", "a: &x [*x]"])
def test_no_marks(text: str) -> None:
    """A text that is no config has no marks to speak of, and is no error here."""
    assert len(mark_text(text)) < 1000


def test_locate(tmp_path: Path) -> None:
    """A whole file is where its content begins; a value without a mark is where the nearest one around it is."""
    file = tmp_path / "x.yaml"
    file.write_text("# a comment\ndefaults:\n- db: x\n\na:\n  b: 1\n")
    marks = Marks()
    assert marks.locate(file, ()).line == 5
    assert marks.locate(file, ("a", "b", "z")).line == 6
    assert marks.locate(tmp_path / "none.yaml", ("a",)).line == 1
