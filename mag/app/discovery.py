"""Discovery: which app a command means."""

from pathlib import Path
from typing import NamedTuple

from mag.app.definition import App, Main
from mag.app.modules import Module, find_module
from mag.app.source import Source, read_source, seems_app
from mag.errors import UsageError
from mag.settings import Settings
from mag.suggestion import name_nearest


class _Request(NamedTuple):
    """An app as it was named: what, relative to which directory, and where that was said."""

    spec: str
    base: Path
    where: str


def find_app(spec: str | None, cwd: Path, settings: Settings) -> App:
    """Return the app that a command means.

    Raises:
        UsageError: There is none, or more than one.
    """
    if spec is not None:
        return _read_app(_Request(spec, cwd, "on the command line"))
    if settings.app and settings.root:
        return _read_app(_Request(settings.app, settings.root, f"as `app` in the settings of {settings.root}"))
    candidates = list_apps(cwd)
    if len(candidates) == 1:
        return _read_app(_Request(candidates[0].name, cwd, "in the current directory"))
    if candidates:
        names = ", ".join(path.name for path in candidates)
        raise UsageError(
            f"Several files in {cwd} use @mag.main ({names}): name one, as in `mag sweep {candidates[0].name}`."
        )
    theirs = [path.name for path in sorted(cwd.glob("*.py")) if path.is_file() and _uses_hydra(path)]
    if theirs:
        raise UsageError(
            f"No app found: {theirs[0]} uses @hydra.main; write `import mag` and @mag.main there, with the same "
            f"arguments."
        )
    raise UsageError(
        f"No app found: no pyproject.toml or mag.toml from {cwd} upwards names one under [tool.mag], and no *.py in "
        f"{cwd} uses @mag.main; name one, as in `mag sweep train.py C=1,10`."
    )


def list_apps(folder: Path) -> list[Path]:
    """Return the files in a folder that use `@mag.main`, in order; among them those that cannot be read as Python."""
    return [path for path in sorted(folder.glob("*.py")) if seems_app(path) and _uses_main(path)]


def _uses_main(file: Path) -> bool:
    try:
        return bool(read_source(file).decorated)
    except UsageError:  # which is told when the file is meant
        return True


def _read_app(request: _Request) -> App:
    target, _, function = request.spec.partition(":")
    module = _locate(target, request)
    source = read_source(module.file)
    found = source.decorated
    if not function and len(found) != 1:
        known = f"several ({', '.join(found)})" if found else "none"
        if not found and _uses_hydra(module.file):
            raise UsageError(
                f"{target} uses @hydra.main: write `import mag` and @mag.main there, with the same arguments."
            )
        raise UsageError(
            f"{target} has {known} that use @mag.main: name the function, as in {target}:{next(iter(found), 'train')}."
        )
    function = function or next(iter(found))
    if function in found and found[function].is_async:
        raise UsageError(
            f"{module.file}:{found[function].line}: {function} is an `async def`, and mag calls plain functions: make "
            f"it a `def` that returns `asyncio.run(...)` of what is async."
        )
    path, name = _find_configs(module, function, source)
    folder = module.file.parent / path if path is not None else None
    typed = function in found and found[function].is_typed
    return App(f"{module.name}:{function}", module, function, folder, name, typed=typed)


def _locate(target: str, request: _Request) -> Module:
    """Return the module that was named; it is there, but nothing is known of what is in it."""
    spec, base, where = request.spec, request.base, request.where
    if not target.endswith(".py"):
        found = find_module(target, base)
        if found is None:
            raise UsageError(
                f"The app {spec!r}, named {where}, is neither a file that ends in .py nor a module that can be found."
            )
        return Module(found, base, target)
    file = base / target
    if not file.is_file():
        near = name_nearest(file.name, (path.name for path in file.parent.glob("*.py")))
        hint = f"did you mean {near!r}?" if near else f"it is looked for relative to {base}."
        raise UsageError(f"The app {spec!r}, named {where}, is no file: {hint}")
    return Module(file, base)


def _find_configs(module: Module, function: str, source: Source) -> tuple[str | Path | None, str | None]:
    """Return config path and name as the decorator's source says them; from the imported app where only that knows."""
    decorated = source.decorated.get(function)
    if decorated is None and function in source.plain:
        return None, None
    if decorated is not None and decorated.configs is not None:
        return decorated.configs
    main = getattr(module.load(), function, None)
    if not callable(main):
        near = name_nearest(function, [*source.decorated, *source.plain])
        known = f"did you mean {module.name}:{near}?" if near else f"name one as {module.name}:FUNCTION."
        raise UsageError(f"{module.file} has no function {function!r}: {known}")
    return (main.config_path, main.config_name) if isinstance(main, Main) else (None, None)


def _uses_hydra(file: Path) -> bool:
    """Tell whether a file that can be read was written for Hydra."""
    return b"@hydra.main" in file.read_bytes()
