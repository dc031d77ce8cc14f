"""Modules of the user's: found without running anything, and imported in a process of their own when it is time."""

import contextlib
import importlib
import importlib.util
import os
import pickle
import sys
import typing
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, NoReturn, TypeVar

from mag.errors import UsageError


class Module(NamedTuple):
    """Where an app is defined.

    Attributes:
        file: The source file.
        base: The directory that the file is relative to in names, and where a dotted name is looked for first.
        dotted: Its name, `package.module`, where it is one of a package's; None where it is a file by itself.
    """

    file: Path
    base: Path
    dotted: str | None = None

    @property
    def name(self) -> str:
        """What commands and records call it: the dotted name, or the path: relative to the base if it is below it."""
        if self.dotted is not None:
            return self.dotted
        try:
            path, bases = Path(os.path.abspath(self.file)), (Path(os.path.abspath(self.base)), self.base.resolve())
        except FileNotFoundError:  # the current directory was deleted, which is told where it is missed
            return str(self.file)
        return next((str(path.relative_to(base)) for base in bases if path.is_relative_to(base)), str(path))

    def load(self, *, debug: bool = False) -> ModuleType:
        """Import it.

        Raises:
            UsageError: It cannot be imported.
        """
        try:
            return _import_file(self.file) if self.dotted is None else _import_dotted(self.dotted, self.base)
        except UsageError:
            raise
        except BaseException as error:  # noqa: BLE001  (even sys.exit at import must not end the runner unsaid)
            import traceback  # noqa: PLC0415 - start-up

            if debug:
                traceback.print_exc()
            self._refuse(error)

    def _refuse(self, error: BaseException) -> NoReturn:
        if self.dotted is None and isinstance(error, ImportError) and "relative import" in str(error):
            _refuse_relative(self.file, self.base)
        import traceback  # noqa: PLC0415 - start-up

        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(self.file)]
        place = f"{self.file}:{frames[-1].lineno}" if frames else str(self.file)
        if isinstance(error, SyntaxError) and error.filename:
            place = f"{error.filename}:{error.lineno}"
        said = f": {text}" if (text := str(error)) else ""
        raise UsageError(
            f"{place} raised {type(error).__name__} when it was imported{said}. Nothing was started; "
            f"--debug shows the traceback."
        ) from error


def find_module(dotted: str, base: Path) -> Path | None:
    """Return the source file of a module; None where there is none. The packages it is in are not run."""
    first, *rest = dotted.split(".")
    found = PathFinder.find_spec(first, [str(base), *sys.path]) or _find_installed(first)
    for part in rest:
        if found is None:
            return None
        found = PathFinder.find_spec(part, list(found.submodule_search_locations or ()))
    return Path(found.origin) if found is not None and found.origin and found.has_location else None


def _find_installed(name: str) -> ModuleSpec | None:
    """Return what other finders know, as those of packages that are installed to be edited."""
    try:
        return importlib.util.find_spec(name) if name else None
    except (ImportError, ValueError):
        return None


def _import_dotted(dotted: str, base: Path) -> ModuleType:
    sys.path.insert(0, str(base.resolve()))
    return importlib.import_module(dotted)


def _import_file(file: Path) -> ModuleType:
    """Import a source file as the module of its name, its directory being the first place to import from."""
    name = file.stem if file.stem not in sys.modules else f"mag_app_{file.stem}"
    sys.path.insert(0, str(file.parent.resolve()))
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{file} cannot be imported as a module: rename it to end in .py.")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _refuse_relative(file: Path, base: Path) -> NoReturn:
    """Refuse a file whose relative imports need its package, and say what to type."""
    top, parts = Path(os.path.abspath(file)).parent, [file.stem]
    while (top / "__init__.py").is_file():
        top, parts = top.parent, [top.name, *parts]
    where = "" if top in {Path(os.path.abspath(base)), base.resolve()} else f" in {top}"
    if len(parts) == 1:
        raise UsageError(
            f"{file} uses relative imports, but its folder is no package: add an empty __init__.py to it, and name "
            f"the app {top.name}.{parts[0]}:FUNCTION in {top.parent}; or import without leading dots."
        )
    raise UsageError(
        f"{file} uses relative imports, which work only in a module of a package: name the app "
        f"{'.'.join(parts)}:FUNCTION{where}."
    )


Answer = TypeVar("Answer")


def read_apart(read: Callable[[], Answer], file: Path) -> Answer:
    """Return what a function returns that imports the app, called in a process of its own.

    So this process stays light, and has one thread, when it forks the fork server.

    Raises:
        UsageError: The app cannot be imported, or what it says cannot be used.
    """
    near, far = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(near)
        _answer(read, far)
    os.close(far)
    with open(near, "rb") as stream:
        content = stream.read()
    os.waitpid(pid, 0)
    if not content:
        raise UsageError(f"{file} ended the process that imported it to plan: nothing was started.")
    answer: Answer | UsageError = pickle.loads(content)  # noqa: S301 - from our own child
    if isinstance(answer, UsageError):
        raise answer
    return answer


def _answer(read: Callable[[], Any], pipe: int) -> typing.NoReturn:
    """Write what a function returns, or raises, to a pipe, and end the process without its exit functions."""
    with contextlib.suppress(BaseException):
        os.dup2(2, 1)  # what an import prints is no data
        try:
            answer: Any = read()
        except UsageError as error:
            answer = UsageError(str(error))
        with open(pipe, "wb") as stream:
            stream.write(pickle.dumps(answer))
    os._exit(0)


def is_importing() -> bool:
    """Tell whether a module is being imported: not the program that runs, be it a script or an installed command."""
    frame = sys._getframe()  # noqa: SLF001 - the only way to know who calls
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
    return False
