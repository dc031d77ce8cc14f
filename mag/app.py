"""The app: which function a command means, and which configs belong to it.

    @mag.main(config_path="configs", config_name="config")
    def train(config): ...

Where the decorator's arguments are literals they are read from the source, so that looking at configs never pays
for the user's imports.
"""

import ast
import dataclasses
import difflib
import functools
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from mag.config.composition import Composer
from mag.errors import UsageError
from mag.settings import Settings


@dataclasses.dataclass(frozen=True, slots=True)
class App:
    """A user's function and where its configs are.

    Attributes:
        name: How commands and records call it, `examples/iris.py:train`.
        file: The source file.
        function: The function's name.
        config_path: The directory of its configs; None if it has none.
        config_name: The primary config in it.
        loaded: The function itself, where it is in this process already.
    """

    name: str
    file: Path
    function: str
    config_path: Path | None
    config_name: str | None
    loaded: Callable[..., Any] | None = None

    def compose_from(self) -> Composer:
        """Return a composer of its configs; nothing is read yet."""
        return Composer(self.config_path, self.config_name)

    def load(self, *, debug: bool = False) -> Callable[..., Any]:
        """Import the app, if need be, and return the user's function.

        Args:
            debug: Show the traceback where the app raises.

        Raises:
            UsageError: The app cannot be imported, or has no such function.
        """
        if self.loaded is not None:
            return self.loaded
        module = _import_file(self.file, debug=debug)
        function = getattr(module, self.function, None)
        if isinstance(function, Main):
            return function.function
        if not callable(function):
            raise UsageError(f"{self.file} has no function {self.function!r}: name one as {self.file}:FUNCTION.")
        return function  # type: ignore[no-any-return]


class Main:
    """The user's function, decorated: call it with a config to call it, without one to run the command line.

    Args:
        function: The user's function.
        config_path: Directory of the configs, relative to the function's file.
        config_name: The primary config.
    """

    def __init__(self, function: Callable[..., Any], config_path: str | None, config_name: str | None) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.config_path = config_path
        self.config_name = config_name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function; without any argument, be the program that the command line describes."""
        if arguments or named:
            return self.function(*arguments, **named)
        if self.function.__module__ != "__main__":
            raise UsageError(
                f"{self.function.__name__}() was called without a config while its file was imported: "
                f'put the call under `if __name__ == "__main__":`, or pass a config.'
            )
        # the command line stands above the app, and is found by name as a console script is
        return importlib.import_module("mag.cli.program").run_app(self.describe())

    def describe(self) -> App:
        """Return the app that this function is."""
        file = Path(self.function.__code__.co_filename)
        path = file.parent / self.config_path if self.config_path is not None else None
        name = self.function.__name__
        return App(f"{_shorten(file)}:{name}", file, name, path, self.config_name, self.function)


def main(config_path: str | None = None, config_name: str | None = "config") -> Callable[[Callable[..., Any]], Main]:
    """Make a function the app of a project.

    The function takes the config and, if it has a second parameter, the experiment. What it returns is registered:
    a mapping as results by name, anything else as `result`. Called without an argument, `train()` runs the command
    line: `python train.py C=10` runs one experiment, `python train.py -m C=1,10` every combination.

    Args:
        config_path: Directory of the configs, relative to the function's file; None for no configs.
        config_name: The primary config in it, with or without `.yaml`.
    """
    return lambda function: Main(function, config_path, config_name)


def find_app(spec: str | None, cwd: Path, settings: Settings) -> App:
    """Return the app that a command means.

    Args:
        spec: `file.py`, `file.py:function`, `package.module:function`; None for the project's.
        cwd: The current directory.
        settings: The project's settings, which may name an app.

    Raises:
        UsageError: There is none, or more than one.
    """
    if spec is not None:
        return _read_app(spec, cwd, "on the command line")
    if settings.app and settings.root:
        return _read_app(settings.app, settings.root, f"as `app` in the settings of {settings.root}")
    candidates = [path for path in sorted(cwd.glob("*.py")) if _mentions_main(path)]
    if len(candidates) == 1:
        return _read_app(candidates[0].name, cwd, "in the current directory")
    if candidates:
        names = ", ".join(path.name for path in candidates)
        raise UsageError(
            f"Several files in {cwd} use @mag.main ({names}): name one, as in `mag sweep {candidates[0].name}`."
        )
    raise UsageError(
        f"No app found: no pyproject.toml or mag.toml from {cwd} upwards names one under [tool.mag], and no *.py in "
        f"{cwd} uses @mag.main; name one, as in `mag sweep train.py C=1,10`."
    )


def _read_app(spec: str, base: Path, where: str) -> App:
    target, _, function = spec.partition(":")
    file = base / target if target.endswith(".py") else _find_module(target, base, where)
    if not file.is_file():
        near = difflib.get_close_matches(file.name, [p.name for p in file.parent.glob("*.py")], n=1)
        hint = f"did you mean {near[0]!r}?" if near else "it is looked for relative to " + str(base) + "."
        raise UsageError(f"The app {spec!r}, named {where}, is no file: {hint}")
    found = _read_decorated(file)
    if not function and len(found) != 1:
        known = f"several ({', '.join(found)})" if found else "none"
        raise UsageError(
            f"{target} has {known} that use @mag.main: name the function, as in {target}:{next(iter(found), 'train')}."
        )
    function = function or next(iter(found))
    path, name = _config_of(found[function], file, function) if function in found else (None, None)
    return App(f"{target}:{function}", file, function, file.parent / path if path is not None else None, name)


def _find_module(name: str, base: Path, where: str) -> Path:
    sys.path.insert(0, str(base))
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    finally:
        sys.path.remove(str(base))
    if found is None or found.origin is None:
        raise UsageError(
            f"The app {name!r}, named {where}, is neither a file that ends in .py nor a module that can be found."
        )
    return Path(found.origin)


def _config_of(call: ast.expr, file: Path, function: str) -> tuple[str | None, str | None]:
    """Return config path and name from the decorator's source; from the imported app where they are computed there."""
    given: dict[str, ast.expr] = {}
    if isinstance(call, ast.Call):
        given = dict(zip(("config_path", "config_name"), call.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    try:
        values = {key: ast.literal_eval(value) for key, value in given.items()}
    except ValueError:
        decorated = getattr(_import_file(file, debug=False), function)
        return decorated.config_path, decorated.config_name
    return values.get("config_path"), values.get("config_name", "config")


def _read_decorated(file: Path) -> dict[str, ast.expr]:
    """Return the functions of a file that use @mag.main, and the decorators."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno}: {error.msg}.") from error
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror}.") from error
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    pairs = ((node.name, decorator) for node in functions for decorator in node.decorator_list)
    return {name: decorator for name, decorator in pairs if _is_main(decorator)}


def _is_main(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (isinstance(called, ast.Attribute) and called.attr == "main" and isinstance(called.value, ast.Name)) or (
        isinstance(called, ast.Name) and called.id == "main"
    )


def _mentions_main(file: Path) -> bool:
    try:
        return b"mag" in (content := file.read_bytes()) and b"main" in content and bool(_read_decorated(file))
    except (OSError, UsageError):
        return False


def _import_file(file: Path, *, debug: bool) -> ModuleType:
    """Import a source file as the module of its name, its directory being the first place to import from."""
    name = file.stem if file.stem not in sys.modules else f"mag_app_{file.stem}"
    sys.path.insert(0, str(file.parent.resolve()))
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{file} cannot be imported as a module: rename it to end in .py.")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:  # noqa: BLE001  (even sys.exit at import must not end the runner unsaid)
        if debug:
            traceback.print_exc()
        _refuse(file, error)
    return module


def _refuse(file: Path, error: BaseException) -> NoReturn:
    if isinstance(error, UsageError):
        raise error
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    line = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno if frames else 0
    raise UsageError(
        f"{file}:{line} raised {type(error).__name__} when it was imported: {error}. Nothing was started; "
        f"--debug shows the traceback."
    ) from error


def _shorten(file: Path) -> str:
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file)
