"""What mag says to an override that it cannot read."""

import os
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mag.config.language.grammar import parse_override
from mag.config.language.lexer import BLANKS, quote, write_word
from mag.errors import OverrideError

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text(alphabet="ab,()[]{}='\"\\#$ :!`")


def refusal(text: str) -> str | None:
    """Return what mag says to an override that it cannot read, None to one that it can."""
    try:
        parse_override(text)
    except OverrideError as error:
        return str(error)
    return None


@given(texts)
def test_typing_the_advice_gives_the_text(text: str) -> None:
    """Law: a value that cannot be read is told how to be quoted, and quoted so it is read as that very text."""
    quoted = f"a.b={quote(text.strip(BLANKS))}"
    assert parse_override(quoted).value == text.strip(BLANKS)
    said = refusal(f"a.b={text}")
    assert said is None or f"; for the text itself type {write_word(quoted)}" in said


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish"])
@settings(max_examples=10)
@given(text=texts.filter(lambda text: "\0" not in text))
def test_a_shell_hands_the_quoted_form_over(shell: str, text: str) -> None:
    """Law: a word arrives as it is, in each of the common shells."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    command = [program, "-c", f"printf %s {write_word(f'a={text}')}"]
    arrived = subprocess.run(command, capture_output=True, check=True, env=environment).stdout
    assert arrived.decode() == f"a={text}"


def test_a_shell_form_survives_history() -> None:
    """A `!` is outside of double quotes, where an interactive bash would take it for history."""
    assert write_word("a='x!`b'") == """"a='x"'!`'"b'\""""
    assert write_word("a=x!`b") == "'a=x!`b'"


@pytest.mark.parametrize(
    ("text", "column", "advice"),
    [
        ("key=a,", 7, "key=a"),
        ("key=[1,2", 5, "key=[1,2]"),
        ("key=[{a: int(1.5", 13, "key=[{a: int(1.5)}]"),
        ("key=choice(a,b) ", 16, "key=choice(a,b)"),
        ("key=[choice(a,b),1]", 5, "key=[a,1],[b,1]"),
        ("key={x:[range(2)]}", 5, "key={x:[0]},{x:[1]}"),
        ("key=choice(a,b),c", 5, "key=a,b,c"),
        ("key =1", 4, "key=1"),
        (" key=1", 1, "key=1"),
        ("--key=1", 1, "key=1"),
        ("key[0]=1", 4, "key.0=1"),
        ("a/b.c=1", 4, "a.b.c=1"),
        ("a@b:c=d", 4, "a@b=d"),
        ("a@:b=c", 3, "a@b=c"),
        ("key = 1", 4, "key=1"),
        ("key: a b", 4, "key=a b"),
        ("+key 1", 5, "+key=1"),
        ("key==a", 5, "key=a"),
        ('key={"a": 1, "b c": [1]}', 6, "key={a: 1, b c: [1]}"),
        ("key={a=1,b='c=d'}", 7, "key={a:1,b:'c=d'}"),
    ],
)
def test_slips_are_told_what_was_probably_meant(text: str, column: int, advice: str) -> None:
    """Law: the message names the column and what to type instead, which can be read."""
    said = refusal(text) or ""
    assert f"at column {column}:" in said
    assert f"type {write_word(advice)}" in said
    assert refusal(advice) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("key", "'=' is missing; type key=VALUE to set, +key=VALUE to add or '~key' to delete"),
        ("a/b.yaml", "type @a/b.yaml"),
        ("", "cannot read an empty override at column 1: there is no key"),
        ("k;y=1", "a key is names joined by"),
        ("key=a#b", "'#' is a reserved character"),
        ("key=a)", "')' closes nothing"),
        ("key=it's", "stands inside a text, or opens a quote that is never closed"),
        ("key=[,]", "a value is missing after '['"),
        ("key=[a]b", "'b' stands after the end of a value"),
        ("key=${a:${b}}", "an interpolation stands inside another"),
        ("key=${}", "an interpolation here is empty or never closed"),
        ("key=a(b)", "there is no function 'a'"),
        ("key=a b(c)", "'(' does not follow the name of a function"),
        ("key={'a b': 1, c: 2}", "a dict's key is not quoted; write a b in its place"),
        ("key={'1': 1}", "write str('1') in its place"),
        ("key={a}", "':' is missing"),
        ("key={[a]: 1}", "'[' cannot stand inside a text"),
        ("key=range(start=1,2)", "a value without a name follows one with a name"),
        ("key=range(1,step=1,step=2)", "two values for 'step'"),
        ("key=\ud800", "no valid UTF-8"),
        ("key=" + "9" * 5000, "the integer is too long"),
        ("key=" + "[" * 100, "nested more than 50 deep"),
    ],
)
def test_the_reason_is_named(text: str, reason: str) -> None:
    """Law: each way to go wrong has its own words."""
    assert reason in (refusal(text) or "")


def test_long_and_unprintable_overrides_are_shown_safely() -> None:
    """Law: an override is repeated on one line, and not without end."""
    assert "cannot read 'key=a\\nb' at" in (refusal("key=a\nb") or "")
    assert "a... at column 1005" in (refusal("key=" + "a" * 1000 + "#") or "")
