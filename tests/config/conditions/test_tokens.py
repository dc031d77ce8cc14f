"""Laws of the words of conditions."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.conditions.tokens import Token, read_token
from mag.errors import SpaceError


def split_tokens(text: str) -> Iterator[Token]:
    """Return all words of a text, the end included."""
    token = read_token(text, 0)
    while token.kind != "end":
        yield token
        token = read_token(text, token.end)


@given(st.text("aé1.0 _<>=!*/-+%()[],'\"\\eE", max_size=12))
def test_nothing_is_lost(text: str) -> None:
    """A text is refused, or its words and the blanks between them are all of it, each at its place."""
    try:
        tokens = list(split_tokens(text))
    except SpaceError:
        return
    assert "".join(token.text for token in tokens) == text.replace(" ", "") or "'" in text or '"' in text
    assert all(text.startswith(token.text, token.position) for token in tokens)


@pytest.mark.parametrize("number", ["0", "12", "1_000", "1.5", ".5", "1.", "1e3", "1E-3", "2.5e+1"])
def test_numbers(number: str) -> None:
    """A number means what it means in Python, and is an integer only without point and exponent."""
    token = next(split_tokens(number))
    assert token.value == float(number)
    assert isinstance(token.value, int) is number.replace("_", "").isdigit()


@pytest.mark.parametrize(("text", "value"), [("true", True), ("FALSE", False), ("Null", None), ("'a\\'b'", "a'b")])
def test_values(text: str, value: object) -> None:
    """Constants are read in any case; a text is in either kind of quotes, which a backslash escapes."""
    token = next(split_tokens(text))
    assert (token.kind, token.value) == ("value", value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a & b", "write and"),
        ("!a", "write not"),
        ("'abc", "never closed"),
        ("9" * 5000, "too long"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    """What is no word is refused, with its place and what was probably meant."""
    with pytest.raises(SpaceError) as error:
        list(split_tokens(text))
    assert said in str(error.value)
