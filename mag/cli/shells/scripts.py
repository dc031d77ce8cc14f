"""What each shell hands to `mag` on Tab, and how it wants the answer."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mag.cli.candidates.commands import list_candidates
from mag.cli.candidates.values import Candidate
from mag.patterns import compile_lazily

if TYPE_CHECKING:
    from mag.app import App


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


_UNPRINTABLE = compile_lazily(r"[\x00-\x1f\x7f]")
_SPECIAL = compile_lazily(r"[^\w@%+=:,./~^-]")
_SPECIAL_IN_DOUBLE = compile_lazily(r'[$`"\\]')
_WIDEST_HELP = 70


def format_bash(candidates: Sequence[Candidate], line: Line) -> list[str]:
    """Return what bash is to put in place of what it replaces, after a line that says whether a space may follow.

    bash inserts texts as they are, so that they are quoted here, as suits the quotation mark that is open. That
    mark bash closes behind a single text whatever one tells it: so a partial one gets company.
    """
    texts = [_quote(candidate.value[line.kept :], line.quote) for candidate in candidates]
    partial = any(candidate.partial for candidate in candidates)
    if partial and line.quote and len(texts) == 1:
        texts.append(f"{texts[0]}...")
    return ["partial" if partial else "whole", *texts]


def format_zsh(candidates: Sequence[Candidate], line: Line) -> list[str]:  # noqa: ARG001  (zsh quotes by itself)
    """Return `whole:` or `partial:`, the text with its colons escaped, and after one more colon the help, if any."""
    lines = []
    for candidate in candidates:
        kind = "partial" if candidate.partial else "whole"
        text = re.sub(r"[\\:]", r"\\\g<0>", candidate.value)
        lines.append(f"{kind}:{text}:{_shorten(candidate.help)}".removesuffix(":"))
    return lines


def format_fish(candidates: Sequence[Candidate], line: Line) -> list[str]:  # noqa: ARG001  (fish quotes by itself)
    """Return the text and after a tab the help; fish leaves out the space after `=`, `.` and `/` by itself."""
    return [f"{candidate.value}\t{_shorten(candidate.help)}" for candidate in candidates]


FORMATS: dict[str, Callable[[Sequence[Candidate], Line], list[str]]] = {
    "bash": format_bash,
    "zsh": format_zsh,
    "fish": format_fish,
}
"""How each shell is told of candidates."""


def format_candidates(shell: str, candidates: Sequence[Candidate], line: Line) -> str:
    """Return the lines that the script of a shell reads; what no line can hold is left out."""
    writable = [each for each in candidates if not _UNPRINTABLE.search(each.value)]
    return "".join(f"{text}\n" for text in FORMATS[shell](writable, line))


def _quote(text: str, mark: str) -> str:
    if mark == "'":
        return text.replace("'", r"'\''")
    return (_SPECIAL_IN_DOUBLE if mark else _SPECIAL).sub(r"\\\g<0>", text)


def _shorten(text: str) -> str:
    """Return the first sentence of a help text, in one line."""
    line = _UNPRINTABLE.sub(" ", text).partition(". ")[0].removesuffix(".")
    return line if len(line) <= _WIDEST_HELP else f"{line[: _WIDEST_HELP - 1]}…"


_PYTHON = compile_lazily(r"(python|pypy)[\d.]*")
_ASSIGNMENT = compile_lazily(r"[A-Za-z_]\w*=.*", re.DOTALL)
_TAKE_A_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})


class CompletionCall(NamedTuple):
    """A command line that mag completes.

    Attributes:
        words: Those that mag gets.
        app: The app, where a script is the program.
    """

    words: Sequence[str]
    app: "App | None" = None


def answer(shell: str, text: str, breaks: str = "") -> str | None:
    """Return what the shell gets as an answer for a command line."""
    line = read_line(text, breaks)
    call = read_call(line.words)
    if call is None:
        return None
    return format_candidates(shell, list_candidates(call.words, line.typed, call.app), line)


def read_call(words: Sequence[str]) -> CompletionCall | None:
    """Return what a command line asks of mag: `mag ...`, `python -m mag ...` or `python app.py ...`."""
    start = next((index for index, word in enumerate(words) if not _ASSIGNMENT.fullmatch(word)), len(words))
    program, rest = os.path.basename("".join(words[start : start + 1])), words[start + 1 :]
    if not _PYTHON.fullmatch(program):
        return CompletionCall(rest) if program else None
    while rest and rest[0].startswith("-"):
        if rest[0] in {"-m", "-c"}:
            return CompletionCall(rest[2:]) if list(rest[:2]) == ["-m", "mag"] else None
        rest = rest[2 if rest[0] in _TAKE_A_VALUE else 1 :]
    app = _find_script(rest[0]) if rest else None
    return CompletionCall(rest[1:], app) if app else None


def _find_script(name: str) -> "App | None":
    from mag.cli.candidates.values import locate_app
    from mag.settings import Settings

    return locate_app(os.path.expanduser(name), Path.cwd(), Settings()) if name.endswith(".py") else None
