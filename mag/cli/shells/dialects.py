"""Dialects: candidates as the lines that the script of each shell reads."""

import re
from collections.abc import Callable, Sequence

from mag.cli.candidates.candidate import Candidate
from mag.cli.shells.lines import Line
from mag.patterns import compile_lazily

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
    """Return the lines that the script of a shell reads; what no line can hold is left out.

    Args:
        shell: `bash`, `zsh` or `fish`.
        candidates: The candidates.
        line: The command line that they go on.
    """
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
