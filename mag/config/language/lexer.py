"""The words of the override language: what a bare word means, how a text is quoted, here and in a shell."""

import re
from typing import TypeAlias

from mag.patterns import compile_lazily

Scalar: TypeAlias = bool | int | float | str | None

BLANKS = " \t"
RESERVED = re.escape(",()[]{}=#&;<>!~^`'\"")
INTERPOLATION = r"\$\{[^}]+\}"
ESCAPE = r"\\[\\()\[\]{}:=, \t]"
UNSEEN = r"\x00-\x08\x0a-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
LETTER = rf"[^{RESERVED}{UNSEEN}$:\\]"

WORD = compile_lazily(rf"(?:{LETTER}++|{INTERPOLATION}|{ESCAPE}|[$:\\])++")
"""A bare word, with the blanks around it."""
DICT_WORD = compile_lazily(rf"(?:{LETTER}++|{ESCAPE}|[$\\])++")
"""The same as a key of a dict, where `:` ends it and interpolations are not known."""
QUOTED = compile_lazily(r"'[^'\\]*+(?:\\.[^'\\]*+)*+'|\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"", re.DOTALL)
"""A quoted text: up to the next quote of its kind that has an even number of backslashes before it."""
NAME = compile_lazily(r"[A-Za-z_][A-Za-z0-9_-]*")
"""The name of a function or of an argument."""

_INTEGER = r"(?:0|[1-9](?:_?[0-9])*)"
_FRACTION = r"[0-9](?:_?[0-9])*"
_INT = compile_lazily(rf"[+-]?{_INTEGER}")
_FLOAT = compile_lazily(
    rf"[+-]?(?:(?:{_INTEGER}\.(?:{_FRACTION})?|\.{_FRACTION}|{_INTEGER}(?=[eE]))(?:[eE][+-]?{_FRACTION})?"
    r"|[iI][nN][fF]|[nN][aA][nN])"
)
_CONSTANTS: dict[str, bool | None] = {"null": None, "true": True, "false": False}
_ESCAPED = compile_lazily(rf"({INTERPOLATION})|\\([\\()\[\]{{}}:=, \t])")
_BEFORE_QUOTE = {quote: compile_lazily(rf"(?<!\\)(\\*+)({quote}|\Z)") for quote in "'\""}


def read_word(word: str) -> Scalar:
    r"""Return what a bare word means: null, a boolean, a number, else its text.

    Raises:
        ValueError: An integer of thousands of digits, which Python refuses to read.

    >>> [read_word(word) for word in ("NULL", "trUe", "1_000", "1e3", ".5", "007", "1.2.3", r" a\, b ")]
    [None, True, 1000, 1000.0, 0.5, '007', '1.2.3', 'a, b']
    """
    text = _trim(word)
    if "\\" in text:
        plain = _ESCAPED.sub(lambda match: match[1] or match[2], text)
        if plain != text:
            return plain
    lowered = text.lower() if text.isascii() else text
    if lowered in _CONSTANTS:
        return _CONSTANTS[lowered]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _trim(word: str) -> str:
    """Take the blanks around a word away, except a last one that is escaped."""
    text = word.rstrip(BLANKS)
    backslashes = len(text) - len(text.rstrip("\\"))
    if backslashes % 2 and len(text) < len(word):
        text = word[: len(text) + 1]
    return text.lstrip(BLANKS)


def is_bare(text: str) -> bool:
    """Tell whether a text, typed without quotes, means itself.

    >>> [is_bare(text) for text in ("adam", "à la carte", "${a.b}", "12", "a,b", " a", "")]
    [True, True, True, False, False, False, False]
    """
    return WORD.fullmatch(text) is not None and _means_itself(text)


def is_bare_key(text: str) -> bool:
    """Tell whether a text, typed as the key of a dict, means itself."""
    return DICT_WORD.fullmatch(text) is not None and _means_itself(text)


def _means_itself(text: str) -> bool:
    """Tell whether a word is read as itself, and lets what follows it be: a last backslash would escape that."""
    try:
        return read_word(text) == text and not text.endswith("\\")
    except ValueError:
        return False


def quote(text: str) -> str:
    r"""Return the text in single quotes; only the quote, and backslashes before one, are escaped.

    >>> print(quote("it's"), quote("a\\b"), quote("end\\"))
    'it\'s' 'a\b' 'end\\'
    """
    return "'" + _BEFORE_QUOTE["'"].sub(lambda run: run[1] * 2 + ("\\'" if run[2] else ""), text) + "'"


def unquote(quoted: str) -> str:
    r"""Return the text that stands between the quotes; the inverse of `quote`, for both kinds of quotes.

    >>> print(unquote(r"'it\'s'"), unquote(r'"a\b"'))
    it's a\b
    """
    run = _BEFORE_QUOTE[quoted[0]]
    return run.sub(lambda match: match[1][: len(match[1]) // 2] + match[2], quoted[1:-1])


_BARE = compile_lazily(r"[\w.,:/@+-][\w.,:/@+=-]*")
_SINGLE = compile_lazily(r"[^'\\]*")


def write_word(text: str) -> str:
    r"""Return a text as one word of a command line, quoted where one of the shells would take it for more than text.

    Single quotes keep all but themselves, and in fish the backslash. So a text with one of those stands in double
    quotes, except for what is special there, too: an interactive bash takes a `!` for history, and fish leaves the
    backslash before a backtick.

    >>> print(write_word("lr=0.1,1"), write_word("n=range(3)"), write_word("~lr"), write_word("a='x y'"))
    lr=0.1,1 'n=range(3)' '~lr' "a='x y'"
    """
    if _BARE.fullmatch(text):
        return text
    if _SINGLE.fullmatch(text):
        return f"'{text}'"
    return '"' + re.sub(r"[!`]+", r'''"'\g<0>'"''', re.sub(r'(["$\\])', r"\\\1", text)) + '"'
