"""Problems: what is wrong with a folder of configs, found before anything runs."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from mag.patterns import compile_lazily

Severity: TypeAlias = Literal["error", "warning", "note"]

_PLACE = compile_lazily(r"(?P<file>[^:'\"]+?\.ya?ml)(?::(?P<line>\d+))?(?::)? (?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or worth knowing.

    Attributes:
        severity: An `error` cannot run; a `warning` probably means something else than it says; a `note` is what
            can be meant as it is.
        file: The file to look into.
        line: The line to look at, from 1; None where the whole file is meant.
        text: What it is, and what to do about it.
    """

    severity: Severity
    file: Path
    line: int | None
    text: str


def place_message(message: str, file: Path) -> tuple[Path, int | None, str]:
    """Return the file and line that a message begins with, and the rest of it.

    Args:
        message: The message of an error.
        file: The file to name where the message names none.

    >>> place_message("configs/db.yaml:3: a tab cannot indent YAML", Path("config.yaml"))
    (PosixPath('configs/db.yaml'), 3, 'a tab cannot indent YAML')
    """
    match = _PLACE.fullmatch(message)
    if match is None:
        return file, None, message
    return Path(match["file"]), int(match["line"]) if match["line"] else None, match["text"]
