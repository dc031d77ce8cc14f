"""Apps: found and read from their source alone, for a Tab must never run what a user's module does at import."""

import os
from pathlib import Path

from mag.app import App
from mag.app.modules import Module
from mag.app.source import Decorated, read_source, seems_app
from mag.cli.candidates.candidate import Candidate
from mag.cli.candidates.files import list_paths
from mag.errors import UsageError
from mag.settings import Settings

_LARGEST = 1 << 20


def locate_app(spec: str | None, cwd: Path, settings: Settings) -> App | None:
    """Return the app that a command means, as `mag.app.find_app` does, but without importing anything.

    Args:
        spec: `file.py`, `file.py:function`, `package.module:function`; None for the project's.
        cwd: The current directory.
        settings: The project's settings.

    Returns:
        The app. None where there is none, where no single one is meant, and where its configs are not to be had
        without running it.
    """
    if spec is not None:
        return _read_app(spec, cwd)
    if settings.app and settings.root:
        return _read_app(settings.app, settings.root)
    files = [path for path in sorted(cwd.glob("*.py")) if read_decorated(path)]
    return _read_app(files[0].name, cwd) if len(files) == 1 else None


def _read_app(spec: str, base: Path) -> App | None:
    target, _, wanted = spec.partition(":")
    file = base / (target if target.endswith(".py") else f"{target.replace('.', '/')}.py")
    fitting = [each for each in read_decorated(file) if wanted in {"", each.name}]
    configs = fitting[0].configs if len(fitting) == 1 else None
    if configs is None:
        return None
    path, name = configs
    return App(spec, Module(file, base), fitting[0].name, None if path is None else file.parent / path, name)


def list_apps(typed: str) -> list[Candidate]:
    """Return the apps that a word may become, and the folders that may lead to some.

    Args:
        typed: The word so far; folders are offered only when one has begun to type their name.
    """
    apps: list[Candidate] = []
    for path in list_paths(typed.partition(":")[0], lambda entry: entry.is_dir() or entry.name.endswith(".py")):
        if path.partial:
            apps += [path] if typed and _leads_to_python(path.value) else []
            continue
        functions = [each.name for each in read_decorated(Path(path.value))]
        named = len(functions) > 1 or ":" in typed
        names = [f"{path.value}:{function}" for function in functions] if named else [path.value][: len(functions)]
        apps += [Candidate(name, "app") for name in names if name.startswith(typed)]
    return apps


def _leads_to_python(folder: str) -> bool:
    return any(Path(folder).glob("*.py")) or any(Path(folder).glob("*/*.py"))


def read_decorated(file: Path) -> list[Decorated]:
    """Return the functions of a file that use `@mag.main`; of one that cannot be read, or does not parse, none."""
    try:
        readable = os.path.getsize(file) <= _LARGEST and seems_app(file)
        return list(read_source(file).decorated.values()) if readable else []
    except (OSError, UsageError):
        return []
