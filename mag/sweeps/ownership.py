"""Ownership: an experiment belongs to the app that ran it; another one with the same config must not pass for it."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.sweeps.plans import PlannedExperiment


def check_owners(experiments: "Sequence[PlannedExperiment]", app: str) -> None:
    """Refuse to skip, or to run again, what another app has run.

    Apps are told apart by the names of file and function; the folder may change.

    Args:
        experiments: A plan's.
        app: How the app that is to run them is called in records.

    Raises:
        UsageError: Another app ran one of them.
    """
    own = _read_name(app)
    strange = {each.app for each in experiments if each.app is not None} if own is not None else set()
    strange = {name for name in strange if _read_name(name) not in {None, own}}
    if own is None or not strange:
        return
    found = [each for each in experiments if each.app in strange]
    more = f" (and {len(found) - 1} more were run by others)" if len(found) > 1 else ""
    raise UsageError(
        f"Experiment {found[0].identifier!r} was run by {_shorten(found[0].app or '')}, not by {_shorten(app)}{more}: "
        f"keep them apart with --dir {own[0]}-experiments, or with a key that says who runs them, as in +app={own[0]}."
    )


def _read_name(app: str) -> tuple[str, str] | None:
    """Return the names of an app's module and function; None of what is no app: a script, a function of a session.

    >>> _read_name("/home/me/train.py:main"), _read_name("src.train:main"), _read_name("script.py")
    (('train', 'main'), ('train', 'main'), None)
    """
    place, _, function = app.rpartition(":")
    if not function.isidentifier() or place in {"", "__main__"}:
        return None
    module = os.path.basename(place).removesuffix(".py") if place.endswith(".py") else place.rpartition(".")[2]
    return module, function


def _shorten(app: str) -> str:
    return os.path.basename(app)
