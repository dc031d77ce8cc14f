"""Ownership: an experiment belongs to the app that ran it; another one with the same config must not pass for it."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mag.app.command_line import name_program, read_command
from mag.errors import UsageError
from mag.settings import Settings

if TYPE_CHECKING:
    from mag.plans.plan import PlannedExperiment

_SESSION = "__main__"
"""The module of functions of a script or notebook."""


def check_owners(experiments: "Sequence[PlannedExperiment]", app: str, settings: Settings) -> None:
    """Refuse to skip, or to run again, what another app has run.

    Apps are told apart by the names of file and function; the folder may change, and the project's settings may say
    that one was renamed.

    Raises:
        UsageError: Another app ran one of them.
    """
    own = _read_name(app)
    if own is None:
        return
    names = {each.app for each in experiments if each.app is not None}
    strange = {name for name in names if not _is_same(_read_name(find_successor(name, settings)), own)}
    if not strange:
        return
    found = [each for each in experiments if each.app in strange]
    label = own[1] if own[0] == _SESSION else own[0]
    before, now = _shorten(found[0].app or ""), _shorten(app)
    more = f" (and {len(found) - 1} more were run by others)" if len(found) > 1 else ""
    raise UsageError(
        f"Experiment {found[0].identifier!r} was run by {before}, not by {now}{more}: "
        f"keep them apart with --dir {label}-experiments, or with a key that says who runs them, as in "
        f"+app={label}{_advise_renaming(before, now, settings)}."
    )


def _advise_renaming(before: str, now: str, settings: Settings) -> str:
    if read_command(before) is not None or read_command(now) is not None:
        return ""
    return (
        f"; if {before} is what {now} was called before, say so in {_name_file(settings)}: "
        f'renamed = {{"{before}" = "{now}"}}'
    )


def find_successor(app: str, settings: Settings) -> str:
    """Return the present name of an app, by the project's `renamed` setting.

    >>> find_successor("/home/me/train.py:main", Settings(renamed={"train.py:main": "fit.py:main"}))
    'fit.py:main'
    """
    known = {_read_name(old): new for old, new in settings.renamed.items()}
    for _ in known:  # a name may have changed more than once
        app = known.get(_read_name(app), app)
    return app


def _name_file(settings: Settings) -> str:
    own = settings.root is not None and (settings.root / "mag.toml").is_file()
    return "mag.toml" if own else "pyproject.toml, under [tool.mag]"


def _is_same(one: tuple[str, str] | None, other: tuple[str, str]) -> bool:
    """Tell whether two names may be the same app's; a function of a session may have come from any file."""
    if one is None or one == other:
        return True
    return one[1] == other[1] and _SESSION in {one[0], other[0]}


def _read_name(app: str) -> tuple[str, str] | None:
    """Return the names of an app's module and function; None for a script or a lambda.

    >>> _read_name("/home/me/train.py:main"), _read_name("src.train:main"), _read_name("script.py")
    (('train', 'main'), ('train', 'main'), None)
    """
    if (command := read_command(app)) is not None:
        return name_program(command[0]), ""
    place, _, function = app.rpartition(":")
    function = function.rpartition(".")[2]
    if not function.isidentifier() or not place:
        return None
    module = os.path.basename(place).removesuffix(".py") if place.endswith(".py") else place.rpartition(".")[2]
    return module, function


def _shorten(app: str) -> str:
    if read_command(app) is not None:
        return app
    return os.path.basename(app)
