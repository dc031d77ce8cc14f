"""Apps: found and read from their source alone, for a Tab must never run what a user's module does at import."""

import ast
import os
import re
from dataclasses import dataclass
from pathlib import Path

from mag.app import App
from mag.cli.candidates.candidate import Candidate
from mag.cli.candidates.files import list_paths
from mag.settings import Settings

_LARGEST = 1 << 20
_IMPORT = re.compile(rb"^\s*(import|from)\s.*\bmag\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Decorated:
    """A function that uses `@mag.main`.

    Attributes:
        function: Its name.
        config_path: As the decorator says it.
        config_name: Likewise.
        literal: Whether the decorator says both in so many words; where it computes them, only running it would tell.
    """

    function: str
    config_path: str | None = None
    config_name: str | None = "config"
    literal: bool = True


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
    fitting = [each for each in read_decorated(file) if wanted in {"", each.function}]
    if len(fitting) != 1 or not fitting[0].literal:
        return None
    (one,) = fitting
    path = None if one.config_path is None else file.parent / one.config_path
    return App(spec, file, one.function, path, one.config_name)


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
        functions = [each.function for each in read_decorated(Path(path.value))]
        named = len(functions) > 1 or ":" in typed
        names = [f"{path.value}:{function}" for function in functions] if named else [path.value][: len(functions)]
        apps += [Candidate(name, "app") for name in names if name.startswith(typed)]
    return apps


def _leads_to_python(folder: str) -> bool:
    return any(Path(folder).glob("*.py")) or any(Path(folder).glob("*/*.py"))


def read_decorated(file: Path) -> list[Decorated]:
    """Return the functions of a file that use `@mag.main`; of one that cannot be read, or does not parse, none."""
    try:
        source = file.read_bytes() if os.path.getsize(file) <= _LARGEST else b""
        tree = ast.parse(source if _IMPORT.search(source) else b"")
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    pairs = ((node, each) for node in tree.body if isinstance(node, ast.FunctionDef) for each in node.decorator_list)
    return [_read_decorator(node.name, each) for node, each in pairs if _is_main(each)]


def _is_main(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(called, ast.Attribute):
        return called.attr == "main" and isinstance(called.value, ast.Name)
    return isinstance(called, ast.Name) and called.id == "main"


def _read_decorator(function: str, decorator: ast.expr) -> Decorated:
    given: dict[str, ast.expr] = {}
    if isinstance(decorator, ast.Call):
        given = dict(zip(("config_path", "config_name"), decorator.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in decorator.keywords if keyword.arg}
    if any(not isinstance(value, ast.Constant) for value in given.values()):
        return Decorated(function, literal=False)
    values = {key: value.value for key, value in given.items() if isinstance(value, ast.Constant)}
    texts = {key: value if isinstance(value, str) else None for key, value in values.items()}
    return Decorated(function, texts.get("config_path"), texts.get("config_name", "config"))
