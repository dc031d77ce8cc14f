"""The words of the override language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.language.lexer import QUOTED, is_bare, quote, read_word, unquote


@given(st.text())
def test_unquote_reverses_quote(text: str) -> None:
    """Law: every text survives quoting, and its quotes end where it ends."""
    quoted = quote(text)
    assert unquote(quoted) == text
    assert QUOTED.fullmatch(quoted)


@given(st.text(alphabet="ab\\'\"", max_size=12))
def test_quotes_end_at_their_first_unescaped_quote(text: str) -> None:
    """Law: what follows a quoted text never becomes part of it."""
    quoted = quote(text)
    found = QUOTED.match(quoted + "','x'")
    assert found
    assert found[0] == quoted


@given(st.text())
def test_bare_text_means_itself(text: str) -> None:
    """Law: a text that needs no quotes is read as itself."""
    assert not is_bare(text) or read_word(text) == text


@pytest.mark.parametrize("word", ["true", "TRUE", "tRuE"])
def test_booleans_and_null_are_read_in_any_case(word: str) -> None:
    """Law: case does not matter for the constants, and nothing else is one."""
    assert read_word(word) is True
    assert read_word(word.replace("e", "").replace("E", "")) == word[:-1]


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("+1", 1),
        ("1_000", 1000),
        ("-0", 0),
        ("5.", 5.0),
        (".5", 0.5),
        ("1_0.5", 10.5),
        ("2E+3", 2000.0),
        ("-INF", float("-inf")),
    ],
)
def test_numbers_keep_int_and_float_apart(word: str, number: float) -> None:
    """Law: a number is a float exactly when it has a point, an exponent, or no end."""
    assert repr(read_word(word)) == repr(number)


@pytest.mark.parametrize(
    "word", ["007", "0x1F", "1__0", "1_", "1.2.3", "12:30", "yes", "None", "--5", "1-2", "٣", "\u0131nf", "fal\u017fe"]
)
def test_what_only_looks_like_a_number_or_constant_is_text(word: str) -> None:
    """Law: no other spelling, and no other script, makes a number or a constant."""
    assert read_word(word) == word


@given(st.floats() | st.integers())
def test_the_shortest_form_of_a_number_reads_as_that_number(number: float) -> None:
    """Law: Python's repr of an int or float is a word that means it."""
    assert repr(read_word(repr(number))) == repr(number)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (r"a\,b", "a,b"),
        (r"\ a", " a"),
        ("a\\ ", "a "),
        ("a\\\\ ", "a\\"),
        (r"c:\dir", r"c:\dir"),
        (r"\1", r"\1"),
        (r"${a\,b}\,c", r"${a\,b},c"),
    ],
)
def test_a_backslash_only_escapes_what_has_a_meaning(word: str, text: str) -> None:
    """Law: an escape gives the character, any other backslash stays, and interpolations are kept as they are."""
    assert read_word(word) == text
