"""What a snapshot leaves out: large files, files that look secret, experiments, and what cannot be read."""

import dataclasses
import os
import stat
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

from mag.code.changes import Changes
from mag.code.masking import holds_config, mask_text
from mag.settings import SECRET_FILES, Settings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a snapshot takes in.

    Attributes:
        exclude: Patterns of the names of files and directories that it leaves out.
        secrets: More key patterns whose values are masked in config files.
        largest: The size in bytes from which on a changed file is left out.
        total: How much all changed files may have together; the largest of them are left out first.
    """

    exclude: tuple[str, ...] = SECRET_FILES
    secrets: tuple[str, ...] = ()
    largest: int = 10 << 20
    total: int = 256 << 20

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings of a project say."""
        return cls(exclude=settings.snapshot_exclude, secrets=settings.secrets)


@dataclasses.dataclass(frozen=True, slots=True)
class Omission:
    """Something that a snapshot does not hold as it was.

    Attributes:
        path: The file or directory, relative to the top of the work tree.
        reason: Why.
    """

    path: str
    reason: str


def sort_out(top: Path, changes: Changes, rules: Rules) -> tuple[list[str], list[str], list[Omission]]:
    """Return which changed files are stored, which are gone, and which are left out."""
    omissions = [Omission(path, "a git repository of its own, and no submodule") for path in changes.nested]
    stores = _find_experiments(changes.changed)
    sizes: dict[str, int] = {}
    gone: list[str] = []
    for path in changes.changed:
        if path.startswith(".mag/") or _lies_in(path, stores):
            continue
        size = _measure(top / path)
        if size is None:
            gone.append(path)
        elif reason := _refuse(top / path, path, size, rules):
            omissions.append(Omission(path, reason))
        else:
            sizes[path] = size
    omissions += _cap(sizes, rules.total)
    return list(sizes), gone, omissions


def _find_experiments(paths: Iterable[str]) -> set[str]:
    """Return the directories of experiments among untracked files: what mag wrote is no code."""
    marks = ("/.mag/record.json", "/.mag/sweeps/", "/.mag/environments/")
    return {path[: path.index(mark)] for path in paths for mark in marks if mark in path}


def _lies_in(path: str, folders: set[str]) -> bool:
    return bool(folders) and any(path[:end] in folders for end, character in enumerate(path) if character == "/")


def _measure(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except OSError:
        return None


def _refuse(file: Path, path: str, size: int, rules: Rules) -> str | None:
    """Return why a file is left out; None if it is not."""
    for part in path.split("/"):
        for pattern in rules.exclude:
            if fnmatchcase(part.lower(), pattern.lower()):
                return f"its name looks as if it held secrets ({pattern})"
    if size > rules.largest:
        return f"larger than {rules.largest >> 20} MB"
    if not stat.S_ISLNK(file.lstat().st_mode) and not os.access(file, os.R_OK):
        return "it may not be read"
    return None


def _cap(sizes: dict[str, int], total: int) -> list[Omission]:
    """Take the largest files out of `sizes` until the rest is no more than `total` together."""
    excess = sum(sizes.values()) - total
    omissions = []
    for path in sorted(sizes, key=lambda path: -sizes[path]) if excess > 0 else ():
        excess -= sizes.pop(path)
        omissions.append(Omission(path, f"changed files are larger than {total >> 20} MB together"))
        if excess <= 0:
            break
    return omissions


def mask_file(file: Path, rules: Rules) -> bytes | None:
    """Return the masked content of a config file; None where nothing in it looks secret, or it is no config file."""
    status = file.lstat()
    if not stat.S_ISREG(status.st_mode) or not holds_config(file.name, status.st_size):
        return None
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    masked = mask_text(text, rules.secrets)
    return masked.encode("utf-8", "surrogateescape") if masked != text else None
