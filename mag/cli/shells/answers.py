"""Answers: what a shell is told when somebody presses Tab."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mag.cli.candidates.commands import list_candidates
from mag.cli.shells.dialects import format_candidates
from mag.cli.shells.lines import read_line
from mag.patterns import compile_lazily

if TYPE_CHECKING:
    from mag.app import App

_PYTHON = compile_lazily(r"(python|pypy)[\d.]*")
_ASSIGNMENT = compile_lazily(r"[A-Za-z_]\w*=.*", re.DOTALL)
_TAKE_A_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})


class Call(NamedTuple):
    """A command line that mag completes.

    Attributes:
        words: Those that mag gets.
        app: The app, where a script is the program.
    """

    words: Sequence[str]
    app: "App | None" = None


def answer(shell: str, text: str, breaks: str = "") -> str | None:
    """Return what a shell is told about a command line.

    Args:
        shell: `bash`, `zsh` or `fish`.
        text: The line up to the cursor.
        breaks: What bash keeps in `COMP_WORDBREAKS`.

    Returns:
        The lines that the script of the shell reads; None where the line is not for mag to complete.
    """
    line = read_line(text, breaks)
    call = read_call(line.words)
    if call is None:
        return None
    return format_candidates(shell, list_candidates(call.words, line.typed, call.app), line)


def read_call(words: Sequence[str]) -> Call | None:
    """Return what a command line asks of mag: `mag ...`, `python -m mag ...` or `python app.py ...`.

    Args:
        words: The words before the cursor's.

    Returns:
        The call; None where it is a call of something else, such as a script that is no app.
    """
    start = next((index for index, word in enumerate(words) if not _ASSIGNMENT.fullmatch(word)), len(words))
    program, rest = os.path.basename("".join(words[start : start + 1])), words[start + 1 :]
    if not _PYTHON.fullmatch(program):
        return Call(rest) if program else None
    while rest and rest[0].startswith("-"):
        if rest[0] in {"-m", "-c"}:
            return Call(rest[2:]) if list(rest[:2]) == ["-m", "mag"] else None
        rest = rest[2 if rest[0] in _TAKE_A_VALUE else 1 :]
    app = _find_script(rest[0]) if rest else None
    return Call(rest[1:], app) if app else None


def _find_script(name: str) -> "App | None":
    from mag.cli.candidates.apps import locate_app
    from mag.settings import Settings

    return locate_app(os.path.expanduser(name), Path.cwd(), Settings()) if name.endswith(".py") else None
