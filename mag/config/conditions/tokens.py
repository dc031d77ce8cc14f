"""Tokens: the words of a condition, each with its place."""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from mag.config.language.lexer import QUOTED, unquote, write_word
from mag.errors import SpaceError
from mag.patterns import compile_lazily

Kind: TypeAlias = Literal["value", "key", "mark", "end"]

_NUMBER = compile_lazily(r"(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?(?![\w.])", re.ASCII)
_NAME = compile_lazily(r"[^\W\d]\w*(?:\.\w+)*")
_MARK = compile_lazily(r"==|!=|<=|>=|\*\*|//|[<>+\-*/%()\[\],]")
_WORDS = frozenset({"and", "or", "not", "in", "is"})
_CONSTANTS: Final[dict[str, Any]] = {
    "true": True,
    "false": False,
    "null": None,
    "inf": float("inf"),
    "nan": float("nan"),
}
_HINTS = {"=": "to compare write ==", "&": "write and", "|": "write or", "!": "write not", "^": "a power is **"}


_EQUAL = compile_lazily(
    rf"""{QUOTED.pattern}|(?P<equal>(?<![<>=!])=(?!=))(?P<blanks>\s*)(?:(?P<word>[^\W\d]\w*)(?![\w.("']))?"""
)


class Token(NamedTuple):
    """A word of a condition.

    Attributes:
        kind: "value" (a number, a text, `true`), "key", "mark" (also `and`, `or`, `not`, `in`, `is`) or "end".
        text: How it is written.
        position: Where it begins, from 0.
        value: What a value means.
    """

    kind: Kind
    text: str
    position: int
    value: Any = None


def split_tokens(text: str) -> Iterator[Token]:
    """Yield the words of a condition, and in the end one of the kind "end".

    Raises:
        SpaceError: A character has no meaning there.

    >>> [token.text for token in split_tokens("0<C<=1e2")]
    ['0', '<', 'C', '<=', '1e2', '']
    """
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        token = _read_token(text, position)
        yield token
        position += len(token.text)
    yield Token("end", "", len(text))


def refuse_expression(text: str, position: int, reason: str) -> SpaceError:
    """Return the error that a condition cannot be read, for a reason, from a position on."""
    return SpaceError(f"cannot read the condition {text!r} at column {position + 1}: {reason}")


def _read_token(text: str, start: int) -> Token:
    if number := _NUMBER.match(text, start):
        return Token("value", number[0], start, _read_number(text, number[0], start))
    if quoted := QUOTED.match(text, start):
        return Token("value", quoted[0], start, unquote(quoted[0]))
    if name := _NAME.match(text, start):
        if name[0].lower() in _CONSTANTS:
            return Token("value", name[0], start, _CONSTANTS[name[0].lower()])
        return Token("mark" if name[0] in _WORDS else "key", name[0], start)
    if mark := _MARK.match(text, start):
        return Token("mark", mark[0], start)
    if text[start] in "'\"":
        raise refuse_expression(text, start, "the text is never closed")
    hint = f"; {_HINTS[text[start]]}" if text[start] in _HINTS else ""
    if text[start] == "=":
        hint += f": {_compare(text, start)}"
    raise refuse_expression(text, start, f"{text[start]!r} has no meaning here{hint}")


def _compare(text: str, position: int) -> str:
    """Return a condition with `==` for each `=` from a position on, and with quotes about what is a text behind it."""

    def write(match: re.Match[str]) -> str:
        if match["equal"] is None:
            return match[0]
        word = match["word"]
        return f'=={match["blanks"]}"{word}"' if word and word.lower() not in _CONSTANTS else f"={match[0]}"

    return write_word(text[:position] + _EQUAL.sub(write, text[position:]))


def _read_number(text: str, digits: str, start: int) -> float:
    try:
        return int(digits) if digits.replace("_", "").isdigit() else float(digits)
    except ValueError:
        raise refuse_expression(text, start, "the number is too long") from None
