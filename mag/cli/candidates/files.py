"""Files and folders as candidates."""

import os
from collections.abc import Callable

from mag.cli.candidates.candidate import Candidate


def list_paths(typed: str, keep: Callable[[os.DirEntry[str]], bool] = lambda _: True) -> list[Candidate]:
    """Return the files and folders that a typed path may become, in the order of names; a folder is a partial one.

    Args:
        typed: The beginning of a path; a leading `~/` means the home folder. Hidden files take a typed dot.
        keep: Which of the entries to keep.
    """
    head, slash, start = typed.rpartition("/")
    folder = f"{head}{slash}"
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as found:
            entries = [entry for entry in found if _begins(entry.name, start) and keep(entry)]
    except OSError:
        return []
    return [
        Candidate(f"{folder}{entry.name}/", partial=True) if entry.is_dir() else Candidate(f"{folder}{entry.name}")
        for entry in sorted(entries, key=lambda entry: entry.name)
    ]


def list_folders(typed: str) -> list[Candidate]:
    """Return the folders that a typed path may become."""
    return list_paths(typed, lambda entry: entry.is_dir())


def _begins(name: str, start: str) -> bool:
    return name.startswith(start) and (not name.startswith(".") or start.startswith("."))
