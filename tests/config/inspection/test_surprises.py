"""The laws of surprises."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.documents.document import read_yaml
from mag.config.inspection.advice import _SUSPICIOUS, explain_word, find_surprises

SURPRISING = ["no", "Yes", "ON", "off", "012", "007", "-017", "12:30", "1:2:3", "12:30.5", "2024_01", "None", "inf"]
PLAIN = ["true", "False", "null", "~", "1e5", "1e-5", "1_000", "10_000.5", "0x1F", "0", "10", "0.5", "2020-01-01", "08"]


@pytest.mark.parametrize("word", SURPRISING)
@pytest.mark.parametrize("form", ["key: {}", "- {}", "key: [a, {}]", "a:\n  key: {}  # note"])
def test_surprises_are_found(word: str, form: str, tmp_path: Path) -> None:
    """Each of them is found with its line, wherever it stands."""
    file = tmp_path / "x.yaml"
    file.write_text(f"first: x\n{form.format(word)}\n" if form[0] != "-" else f"{form.format(word)}\n")
    [surprise] = find_surprises(file)
    assert f"{word} is read as" in surprise.text
    assert surprise.line == file.read_text().partition(word)[0].count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        ("# @package: a.b\nx: 1", 1, "write # @package a.b"),
        ("# @pakage _global_\nx: 1", 1, "write # @package _global_"),
        ("# a licence\n# @package _global_\nx: 1", 2, "write it before all else"),
        ("x: 1\n# @package _global_\n", 2, "write it before all else"),
        ("x: 1\ndefault:\n  - a: b\n", 2, "write defaults"),
        ("default: [a]\n", 1, "write defaults"),
        ("# @package __global__\nx: 1", 1, "write that, which Hydra understands as well"),
        ("x: 1\ndefaults:\n  - ../optim@optim: a\n", 3, "start it with / to start at the config folder"),
        ("# @package a\ndefault: 1\n", 0, ""),
        ("defaults: [_self_]\ndefault: [1]\n", 0, ""),
        ("# @other x\n\n# @package a\nx: 1  # @param y\n", 0, ""),
    ],
)
def test_headers_and_defaults_lists(text: str, line: int, advice: str, tmp_path: Path) -> None:
    """What was meant for the package or the defaults list, and is a comment or a value, is found, and nothing else."""
    (tmp_path / "x.yaml").write_text(text)
    found = [(each.line, each.text.endswith(advice)) for each in find_surprises(tmp_path / "x.yaml")]
    assert found == [(line, True)] * bool(line)


@pytest.mark.parametrize("word", PLAIN)
def test_what_reads_as_it_looks_is_none(word: str, tmp_path: Path) -> None:
    """Numbers in any notation that people use, dates, booleans and null are no surprise."""
    (tmp_path / "x.yaml").write_text(f"key: {word}\n")
    assert find_surprises(tmp_path / "x.yaml") == []


@pytest.mark.parametrize("word", SURPRISING)
def test_quotes_are_the_advice_and_work(word: str, tmp_path: Path) -> None:
    """What the advice says to write is no surprise any more, and means what it says."""
    meant = explain_word(word).partition(f"write '{word}'")[2].rpartition("else ")[2].removeprefix("write ")
    for text, value in ((f"'{word}'", word), (meant, read_yaml(f"key: {word}", "")["key"])):
        (tmp_path / "x.yaml").write_text(f"key: {text}\n")
        assert find_surprises(tmp_path / "x.yaml") == []
        read = read_yaml(f"key: {text}", "")["key"]
        assert read == value or word in {"None", "inf"}


@pytest.mark.parametrize("key", ["on", "no", "012", "12:30"])
def test_keys(key: str, tmp_path: Path) -> None:
    """A key surprises as a value does."""
    (tmp_path / "x.yaml").write_text(f"a:\n  {key}: 1\n")
    [surprise] = find_surprises(tmp_path / "x.yaml")
    assert surprise.line == 2
    assert f"the key {key} is read as" in surprise.text


@given(st.text("noyef:_0127.+-", max_size=6))
def test_the_quick_look_misses_nothing(word: str) -> None:
    """Law: what explains itself as surprising is suspicious at a glance."""
    assert not explain_word(word) or _SUSPICIOUS.search(f"key: {word}")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is missing, or no UTF-8, is for others to complain about."""
    (tmp_path / "x.yaml").write_bytes(b"\xff: no")
    assert find_surprises(tmp_path / "x.yaml") == find_surprises(tmp_path / "y.yaml") == []
