"""The laws of output."""

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.cli.layout import cut, cut_middle, measure
from mag.cli.output import Screen, align, escape, format_json, write_lines, write_table
from mag.compare.rows import MISSING

NASTY = st.text(st.characters() | st.sampled_from("\x1b\x07\n\t\x9b\x7f\u202e\u2066\ufeff\udc80"))


@given(NASTY)
def test_escaped_text_holds_no_control_character(text: str) -> None:
    """No text, whatever it holds, can move the cursor, change colours, reorder or break a line."""
    escaped = escape(text)
    assert not [c for c in escaped if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", escaped)
    assert escape(escaped) == escaped


@given(st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "S"])))
def test_harmless_text_stays_as_it_is(text: str) -> None:
    """Letters, digits and signs of any script are shown as they are."""
    assert escape(text) == text


@given(NASTY, st.integers(1, 20))
def test_cut_text_fits(text: str, width: int) -> None:
    """What is cut is never wider than asked for, and is marked as cut."""
    escaped = escape(text)
    short = cut(escaped, width)
    assert measure(short) <= width
    assert short == escaped or short.endswith("…")
    middle = cut_middle(escaped, width)
    assert measure(middle) <= width
    assert middle == escaped or "…" in middle


@given(st.lists(st.lists(NASTY | st.integers() | st.floats() | st.just(MISSING), min_size=2, max_size=2), min_size=1))
def test_lines_of_a_table_fit_and_line_up(rows: list[list[object]]) -> None:
    """On a terminal, every line of a table fits into the width."""
    lines, _ = align(["name", "value"], rows, Screen(width=40))
    assert len(lines) in {len(rows) + 1, 2 * len(rows) + 3}
    assert all(measure(line) <= 40 for line in lines)


def test_wide_characters_keep_columns_aligned() -> None:
    """A character that takes two columns is counted as two."""
    lines, _ = align(["name", "v"], [["日本", "x"], ["ab", "y"]], Screen(width=40))
    assert [measure(line[: line.index(end)]) for line, end in zip(lines[1:], "xy", strict=True)] == [6, 6]


def test_statuses_are_coloured_where_there_are_colours() -> None:
    """Colour is for terminals that want it."""
    assert "\x1b[31mfailed" in align(["status"], [["failed"]], Screen(width=40, color=True))[0][1]
    assert "\x1b" not in "".join(align(["status"], [["failed"]], Screen(width=40))[0])


def test_a_table_through_a_pipe_is_whole(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Through a pipe cells are parted by tabs, and neither cut nor rounded; a tab inside one is spelled out."""
    write_table(["name", "x"], [["a" * 300, 1 / 3], ["b\tc", MISSING]])
    assert capsysbinary.readouterr().out.decode() == f"name\tx\n{'a' * 300}\t0.3333333333333333\nb\\tc\t\n"


def test_results_have_the_digits_that_tell_them_apart(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Columns that may be rounded are, through a pipe as well; the others are exact."""
    write_table(["name", "x"], [[1 / 3, 1 / 3], [2 / 3, 0.5]], rounded=[1])
    assert capsysbinary.readouterr().out == b"name\tx\n0.3333333333333333\t0.3333\n0.6666666666666666\t0.5\n"


def test_a_table_without_rows_is_nothing(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Where there is nothing to show, nothing is written."""
    write_table(["name"], [])
    assert capsysbinary.readouterr().out == b""


@given(st.recursive(NASTY | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(NASTY, inner)))
def test_json_reads_back_and_is_safe_to_look_at(data: object) -> None:
    """A JSON document is what it stands for, and holds no control character but line ends."""
    text = format_json(data)
    assert json.loads(text) == data
    assert escape(text.replace("\n", "")) == text.replace("\n", "")


def test_json_is_valid_whatever_a_record_holds() -> None:
    """A number that JSON does not know is a string, wherever it stands."""
    assert json.loads(format_json([{"seconds": float("nan")}])) == [{"seconds": "nan"}]


def test_lines_are_utf8(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Standard output is UTF-8."""
    write_lines(["é日本"])
    assert capsysbinary.readouterr().out == "é日本\n".encode()
