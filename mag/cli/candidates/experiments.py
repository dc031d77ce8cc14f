"""Experiments as candidates: their names, told from the directory alone."""

import os

from mag.cli.candidates.candidate import Candidate
from mag.cli.candidates.files import list_folders
from mag.record.paths import StorePaths


def list_experiments(typed: str, store: StorePaths) -> list[Candidate]:
    """Return the names of experiments that a word may become, or folders if it looks like a path.

    Args:
        typed: The word so far.
        store: Where the experiments are.
    """
    if "/" in typed:
        return list_folders(typed)
    try:
        with os.scandir(store.root) as entries:
            names = sorted(entry.name for entry in entries if entry.name.startswith(typed))
    except OSError:
        return []
    return [Candidate(name) for name in names if os.path.exists(store.experiment(name).record)]
