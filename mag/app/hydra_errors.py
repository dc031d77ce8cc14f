"""Errors of Hydra's apps: hydra-core is missing or too old, or Hydra refuses to compose."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mag.errors import UsageError
from mag.suggestion import list_names, name_nearest

_OLDEST = (1, 1)


def describe_missing(name: str, groups: Mapping[str, Sequence[str]]) -> str:
    """Return what there is instead of a config that neither a folder nor the ConfigStore has.

    >>> describe_missing("model/svn", {"model": ["mlp", "svm"]})
    "there is no 'svn' in the group 'model', neither in a folder nor in the ConfigStore: did you mean svm?"
    >>> describe_missing("net/svm", {"model": ["mlp", "svm"]})
    "there is no group 'net', neither in a folder nor in the ConfigStore (known: model)."
    """
    group, _, option = name.strip("/").rpartition("/")
    is_known = group in groups
    known = groups[group] if is_known else list(groups)
    subject = f"{option!r} in the group {group!r}" if is_known else f"group {group!r}" if group else f"config {name!r}"
    near = name_nearest(option if is_known else group, known)
    listed = f": did you mean {near}?" if near else f" (known: {list_names(known)})."
    return f"there is no {subject}, neither in a folder nor in the ConfigStore{listed}"


def quote_hydra(error: Exception) -> str:
    """Return what Hydra says of a composition that it refuses, its cause included, in a few lines at most."""
    said = [str(each).strip() for each in (error, error.__cause__) if each is not None and str(each).strip()]
    lines = [line.strip() for line in "\n".join(said).splitlines() if line.strip()]
    return "Hydra: " + " ".join(lines)[:600]


def check_installed(file: Path) -> None:
    """Refuse an app if Hydra is missing or too old.

    Raises:
        UsageError: So it is.
    """
    try:
        import hydra  # noqa: PLC0415 - the user's own, and asked for only by its apps
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{file} uses @hydra.main, and {sys.executable}, which runs mag, has no hydra-core: "
            f"pip install 'hydra-core>=1.3' there, or install mag where the project's own packages are."
        ) from error
    version = getattr(hydra, "__version__", "0")
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < _OLDEST:
        raise UsageError(
            f"{file} uses @hydra.main of hydra-core {version}, and mag takes 1.1 and later: "
            f"pip install 'hydra-core>=1.3'."
        )
