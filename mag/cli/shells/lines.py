"""Command lines as a shell has them before it runs them: quoted, and in the midst of being typed."""

from typing import NamedTuple

_ESCAPED_IN_DOUBLE = '$`"\\'


class Line(NamedTuple):
    """A command line up to the cursor.

    Attributes:
        words: The words before the cursor's, without their quotes.
        typed: The cursor's word, likewise; empty where a new one begins.
        quote: The quotation mark that is still open; empty if none is.
        kept: How many characters of the cursor's word come before what a shell replaces.
    """

    words: tuple[str, ...]
    typed: str = ""
    quote: str = ""
    kept: int = 0


def read_line(text: str, breaks: str = "") -> Line:
    r"""Return what a command line says as far as it has been typed.

    Args:
        text: The line up to the cursor.
        breaks: Characters at which a shell begins a new word to complete although they are part of the word.

    >>> read_line("mag show '10|0.1' 10\\|0.")
    Line(words=('mag', 'show', '10|0.1'), typed='10|0.', quote='', kept=0)
    >>> read_line("mag sweep 'x=a b", breaks="=")
    Line(words=('mag', 'sweep'), typed='x=a b', quote="'", kept=0)
    """
    words: list[str] = []
    word: str | None = None
    quote, opened, kept, escaped = "", 0, 0, False
    for character in text:
        inside = word or ""
        if escaped:
            literal = quote and character not in _ESCAPED_IN_DOUBLE
            word, escaped = f"{inside}\\{character}" if literal else inside + character, False
        elif character == "\\" and quote != "'":
            word, escaped = inside, True
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            word, quote, opened = inside, character, len(inside)
        elif not quote and character.isspace():
            words += [] if word is None else [word]
            word, kept = None, 0
        else:
            word = inside + character
            kept = len(word) if not quote and character in breaks else kept
    return Line(tuple(words), word or "", quote, opened if quote else kept)
