"""Discovery: which app a command means."""

import shlex
from pathlib import Path
from typing import NamedTuple

from mag.app.definition import App
from mag.app.modules import Module, find_module
from mag.app.source import Decorated, read_source, seems_app
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
    if settings.command and settings.root:
        from mag.app.command_line import describe_command  # noqa: PLC0415 - most apps are functions

        return describe_command(*split_command(settings), settings.root, settings.secrets)
    if settings.app and settings.root:
        return _read_app(_Request(settings.app, settings.root, f"as `app` in the settings of {settings.root}"))
    candidates = list_apps(cwd)
    if len(candidates) == 1:
        return _read_app(_Request(candidates[0].name, cwd, "in the current directory"))
    if candidates:
        names = ", ".join(path.name for path in candidates)
        raise UsageError(
            f"Several files in {cwd} use @mag.main or @hydra.main ({names}): name one, as in "
            f"`mag sweep {candidates[0].name}`."
        )
    raise UsageError(
        f"No app found: no pyproject.toml or mag.toml from {cwd} upwards names one under [tool.mag], and no *.py in "
        f"{cwd} uses @mag.main or @hydra.main; name one, as in `mag sweep train.py C=1,10`, or start with `mag init`."
    )


def split_command(settings: Settings) -> tuple[list[str], list[str]]:
    """Return the words of the command line that the settings name, and the patterns of its results.

    Raises:
        UsageError: There is an app, too, or it cannot be read.
    """
    from mag.app.command_line import read_command  # noqa: PLC0415 - most apps are functions

    if settings.app:
        raise UsageError(f"The settings of {settings.root} name an app and a command: leave one of them out.")
    command = settings.command or ""
    try:
        return read_command(command) or (shlex.split(command), [])
    except ValueError as error:
        raise UsageError(f"command in the settings of {settings.root} cannot be read: {error}.") from None


def list_apps(folder: Path) -> list[Path]:
    """Return the files in a folder that use `@mag.main` or `@hydra.main`, in order, or cannot be read as Python."""
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
        known = f"several functions ({', '.join(found)}) that use" if found else "no function that uses"
        raise UsageError(
            f"{target} has {known} @mag.main or @hydra.main: name the function, as in "
            f"{target}:{next(iter(found), 'train')}."
        )
    function = function or next(iter(found))
    if function in found and found[function].is_async:
        raise UsageError(
            f"{module.file}:{found[function].line}: {function} is an `async def`, and mag calls plain functions: make "
            f"it a `def` that returns `asyncio.run(...)` of what is async."
        )
    app = App(f"{module.name}:{function}", module, function, None, None)
    if function in found:
        return _complete(app, found[function])
    if function in source.plain:
        return app
    if function not in source.others:
        near = name_nearest(function, [*found, *source.plain])
        known = f"did you mean {module.name}:{near}?" if near else f"name one as {module.name}:FUNCTION."
        raise UsageError(f"{module.file} has no function {function!r}: {known}")
    return app._replace(computed=source.others[function])


def _complete(app: App, decorated: Decorated) -> App:
    """Return an app with what its decorator says."""
    app = app._replace(typed=decorated.is_typed, is_hydra=decorated.family == "hydra", is_late=decorated.is_late)
    app = app._replace(start_method=decorated.start_method)
    if decorated.configs is None:
        return app._replace(computed=decorated.line)
    path, name = decorated.configs
    return app._replace(config_path=app.file.parent / path if path is not None else None, config_name=name)


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
