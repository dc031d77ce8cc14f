"""Tokens: the words of a condition, each with its place."""

import re
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from mag.config.language.lexer import QUOTED, unquote
from mag.errors import SpaceError
from mag.patterns import compile_lazily

Kind: TypeAlias = Literal["value", "key", "mark", "end"]

NAME = compile_lazily(r"\w+(?:\\?\.(?:\w+|'[^']*'))*(?:@\w+)?")
"""A key that needs no quotes; what begins with a digit, and is no number, is one as well."""
_NUMBER = compile_lazily(r"(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?(?![\w.])", re.ASCII)
_MARK = compile_lazily(r"==|!=|<=|>=|\*\*|//|[=<>+\-*/%()\[\],]")
_WORDS = frozenset({"and", "or", "not", "in", "is"})
_CONSTANTS: Final[dict[str, Any]] = {
    "true": True,
    "false": False,
    "null": None,
    "inf": float("inf"),
    "nan": float("nan"),
}
_HINTS = {"&": "write and", "|": "write or", "!": "write not", "^": "a power is **"}


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

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.position + len(self.text)


def read_token(text: str, position: int) -> Token:
    """Return the first word of a condition from a position on.

    Raises:
        SpaceError: A character has no meaning there.
    """
    start = skip_blanks(text, position)
    if start == len(text):
        return Token("end", "", start)
    if number := _NUMBER.match(text, start):
        return Token("value", number[0], start, _read_number(text, number[0], start))
    if quoted := QUOTED.match(text, start):
        return Token("value", quoted[0], start, unquote(quoted[0]))
    if name := NAME.match(text, start):
        if name[0].lower() in _CONSTANTS:
            return Token("value", name[0], start, _CONSTANTS[name[0].lower()])
        return Token("mark" if name[0] in _WORDS else "key", name[0], start)
    if mark := _MARK.match(text, start):
        return Token("mark", mark[0], start)
    if text[start] in "'\"":
        raise refuse_expression(text, start, "the text is never closed")
    hint = f"; {_HINTS[text[start]]}" if text[start] in _HINTS else ""
    raise refuse_expression(text, start, f"{text[start]!r} has no meaning here{hint}")


def is_literal(text: str) -> bool:
    """Tell whether a text is a number or a quoted text, and nothing else."""
    return (_NUMBER.fullmatch(text) or QUOTED.fullmatch(text)) is not None


def skip_blanks(text: str, position: int) -> int:
    """Return the next place in a text that is no blank."""
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def refuse_expression(text: str, position: int, reason: str) -> SpaceError:
    """Return the error that a condition cannot be read, for a reason, from a position on."""
    return SpaceError(f"cannot read the condition {text!r} at column {position + 1}: {reason}")


def _read_number(text: str, digits: str, start: int) -> float:
    try:
        return int(digits) if digits.replace("_", "").isdigit() else float(digits)
    except ValueError:
        raise refuse_expression(text, start, "the number is too long") from None
