"""The laws of reading YAML files."""

import os
from pathlib import Path

import pytest

from mag.config.documents.document import read_document
from mag.errors import YamlError


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    """Files of editors that write a mark are read like others."""
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbf# @package a\nk: 1\n")
    document = read_document(tmp_path / "x.yaml")
    assert document is not None
    assert (document.package, document.content) == ("_global_.a", {"k": 1})


@pytest.mark.parametrize(("data", "line"), [("a: 1\nb: é".encode("latin-1"), 2), ("a: 1".encode("utf-16"), 1)])
def test_another_encoding_is_named(tmp_path: Path, data: bytes, line: int) -> None:
    """A file that is not UTF-8 is an error with its line, not a garbled config."""
    (tmp_path / "x.yaml").write_bytes(data)
    with pytest.raises(YamlError, match=rf"x\.yaml:{line}: the file is not UTF-8"):
        read_document(tmp_path / "x.yaml")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """What is there but no readable file is not taken for missing."""
    (tmp_path / "x.yaml").mkdir()
    with pytest.raises(YamlError, match=r"x\.yaml cannot be read: Is a directory"):
        read_document(tmp_path / "x.yaml")
    assert read_document(tmp_path / "y.yaml") is None


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """What is no file at all is an error, instead of a command that never ends."""
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(YamlError, match=r"x\.yaml cannot be read: it is no regular file"):
        read_document(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("# @package _global_\n", "_global_"),
        ("\n#@package a.b\n", "_global_.a.b"),
        ("# @package _group_\n", None),
        ("# a comment\n# @package a\n", None),
        ("k: 1 # @package a\n", None),
    ],
)
def test_the_package_line_stands_first(tmp_path: Path, text: str, package: str | None) -> None:
    """Only a `# @package` before any other line places a file's content."""
    (tmp_path / "x.yaml").write_text(text)
    document = read_document(tmp_path / "x.yaml")
    assert document is not None
    assert document.package == package


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# @package a b\n", r"x\.yaml:1: '# @package a b' needs one package"),
        ("# @package _here_\n", r"x\.yaml:1: '# @package _here_' has no meaning"),
        ("defaults: {db: x}\n", r"x\.yaml:1: the defaults list must be a list"),
    ],
)
def test_headers_and_lists_are_checked_when_read(tmp_path: Path, text: str, message: str) -> None:
    """A mistake in a file's header or defaults list names the file."""
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(YamlError, match=message):
        read_document(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("text", "advice"), [("a: {b: ${c}}", "'${c}'"), ("a: [${c.d}, 1]", "'${c.d}'"), ("x: 1\na: [1, ${c}]\n", "'${c}'")]
)
def test_a_bare_interpolation_in_brackets_is_told_its_quotes(tmp_path: Path, text: str, advice: str) -> None:
    """Inside brackets YAML ends a word at `}` and `,`: an interpolation there is told its quotes, and they help."""
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(YamlError, match="an interpolation needs quotes") as caught:
        read_document(path)
    assert str(caught.value).endswith(advice)
    path.write_text(text.replace(advice.strip("'"), advice))
    assert read_document(path) is not None
