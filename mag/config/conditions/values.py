"""The right side of `KEY=a,b`: values as one types them, and whether a value is one of them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from mag.config.conditions.operations import Answer, Pattern, is_nan, is_same
from mag.config.language.lexer import QUOTED, WORD, read_word, unquote
from mag.errors import OverrideError, SpaceError
from mag.patterns import compile_lazily

Test: TypeAlias = Callable[[Any], bool]

_WILD = compile_lazily(r"[*?]")
_CALL = compile_lazily(r"[a-z]+\s*\(")


def read_tests(text: str) -> list[Test]:
    """Return the tests whether a value is one of those between the commas of a text.

    Raises:
        SpaceError: One of them stands for no certain values.

    >>> [any(test(value) for test in read_tests("1,res*,[8,16]")) for value in (1.0, "resnet", [8, 16], True)]
    [True, True, True, False]
    """
    return [test for part in split_commas(text) for test in _read_part(part.strip())]


def split_commas(text: str) -> Iterator[str]:
    """Yield the parts of a text between commas; those inside brackets and quotes do not count.

    >>> list(split_commas("1,[8,16],'a,b'"))
    ['1', '[8,16]', "'a,b'"]
    """
    start = position = depth = 0
    while position < len(text):
        if quoted := QUOTED.match(text, position):
            position = quoted.end()
            continue
        character = text[position]
        depth = max(0, depth + (character in "[({") - (character in "])}"))
        if character == "," and not depth:
            yield text[start:position]
            start = position + 1
        position += 1 + (character == "\\")
    yield text[start:]


def _read_part(text: str) -> list[Test]:
    if not text:
        return [lambda value: value is None or value == ""]
    if QUOTED.fullmatch(text):
        return [_equal_text(unquote(text))]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return [_equal_text(text[1:-1])]
    if _WILD.search(text) and not _CALL.match(text):
        return [Pattern(text).agrees]
    return [_equal(value, text) for value in _read_values(text)]


def _read_values(text: str) -> tuple[Any, ...]:
    """Return the values that the override language reads; a text that it cannot read is itself."""
    if WORD.fullmatch(text):
        try:
            return (read_word(text),)
        except ValueError:
            return (text,)
    from mag.config.language.grammar import parse_override  # noqa: PLC0415 - few conditions have lists

    try:
        override = parse_override(f"value={text}")
    except OverrideError:
        return (text,)
    try:
        return override.values
    except OverrideError:
        raise SpaceError(f"{text} stands for no certain values; write them out, as in KEY=1,10") from None


def _equal_text(text: str) -> Test:
    wild = Pattern(text) if _WILD.search(text) else text
    return lambda value: not isinstance(value, int | float) and is_same(value, wild)


def _equal(typed: Any, text: str) -> Test:
    """Return the test whether a value is the one that was typed, or the very text."""
    if is_nan(typed):
        return lambda value: is_nan(value) or value == text

    def test(value: Any) -> bool:
        return is_same(value, text) or (is_same(value, typed) and not isinstance(value, Answer))

    return test
