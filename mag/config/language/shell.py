"""The shell: how an override is written so that bash, zsh and fish hand it over as it is."""

import re

from mag.patterns import compile_lazily

_BARE = compile_lazily(r"[\w.,:/@+-][\w.,:/@+=-]*")
_SINGLE = compile_lazily(r"[^'\\]*")


def write_word(text: str) -> str:
    r"""Return a text as one word of a command line, quoted where one of the shells would take it for more than text.

    Single quotes keep all but themselves, and in fish the backslash. So a text with one of those stands in double
    quotes, except for what is special there, too: an interactive bash takes a `!` for history, and fish leaves the
    backslash before a backtick.

    Args:
        text: What the program is to receive.

    >>> print(write_word("lr=0.1,1"), write_word("n=range(3)"), write_word("~lr"), write_word("a='x y'"))
    lr=0.1,1 'n=range(3)' '~lr' "a='x y'"
    """
    if _BARE.fullmatch(text):
        return text
    if _SINGLE.fullmatch(text):
        return f"'{text}'"
    return '"' + re.sub(r"[!`]+", r'''"'\g<0>'"''', re.sub(r'(["$\\])', r"\\\1", text)) + '"'
