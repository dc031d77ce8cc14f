"""Experiments as candidates: their names, told from the directory alone; and their identities, from the records."""

import os

from mag.cli.candidates.candidate import Candidate
from mag.cli.candidates.files import list_folders
from mag.patterns import compile_lazily
from mag.record.paths import StorePaths

_IDENTITY = compile_lazily(r"[0-9a-f]{4,64}")


def list_experiments(typed: str, store: StorePaths) -> list[Candidate]:
    """Return the names of experiments that a word may become, or folders if it looks like a path.

    Where no name begins so, an identity may, once the word has the length at which a look-up takes it for one.

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
    found = [Candidate(name) for name in names if os.path.exists(store.experiment(name).record)]
    return found if found or not _IDENTITY.fullmatch(typed) else _list_identities(typed, store)


def _list_identities(typed: str, store: StorePaths) -> list[Candidate]:
    """Return the identities that begin so, each with the experiment's name."""
    from mag.record.store import Store

    entries = [e for e in Store(store.root) if e.record is not None and e.record.identity.startswith(typed)]
    return [Candidate(e.record.identity, e.record.identifier) for e in entries if e.record is not None]
