"""The definition of an app: the user's function, decorated, and the schemas of its config."""

import contextlib
import functools
import os
import pickle
import sys
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Never, TypeAlias

from mag.app.modules import Module
from mag.config.schema import Schemas
from mag.errors import UsageError
from mag.suggestion import name_nearest

if TYPE_CHECKING:
    from mag.config.composition.composer import Composer
    from mag.config.schema import Schemas


def read_apart(read: Callable[[], Schemas | None], file: Path) -> Schemas | None:
    """Return what a function returns that imports the app, called in a process of its own.

    So this process stays light, and has one thread, when it forks the fork server.

    Raises:
        UsageError: The app cannot be imported, or its schemas cannot be used.
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
        raise UsageError(f"{file} ended the process that imported it for its schemas: nothing was started.")
    answer: Schemas | UsageError | None = pickle.loads(content)  # noqa: S301 - from our own child
    if isinstance(answer, UsageError):
        raise answer
    return answer


def _answer(read: Callable[[], Schemas | None], pipe: int) -> typing.NoReturn:
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


PARAMETERS = ("config_path", "config_name", "version_base", "schema", "group_schemas")
"""What `main` takes, in order."""


class App(NamedTuple):
    """A user's function and where its configs are.

    Attributes:
        name: How commands and records call it, `examples/iris.py:train`.
        module: Where it is defined.
        function: What it is called there.
        config_path: The directory of its configs; None if it has none.
        config_name: The primary config in it.
        loaded: The function itself, where it is in this process already.
        typed: Whether it may have schemas, which only its import tells.
        definition: The decorated function, where it is in this process already.
    """

    name: str
    module: Module
    function: str
    config_path: Path | None
    config_name: str | None
    loaded: Callable[..., Any] | None = None
    typed: bool = False
    definition: "Main | None" = None

    @property
    def schemas(self) -> "Schemas | None":
        """Its schemas, where it is in this process already.

        Raises:
            UsageError: A schema cannot be used.
        """
        return self.definition.read_schemas() if self.definition is not None else None

    @property
    def file(self) -> Path:
        """The source file."""
        return self.module.file

    def compose_from(self) -> "Composer":
        """Return a composer of its configs that checks no types; nothing is read yet."""
        from mag.config.composition.composer import Composer  # noqa: PLC0415  (what apps import, experiments carry)

        return Composer(self.config_path, self.config_name)

    def compose_typed(self, *, debug: bool = False) -> "Composer":
        """Return a composer of its configs that holds them to its schemas, for which the app is imported if need be.

        Raises:
            UsageError: The app cannot be imported, or its schemas cannot be used.
        """
        from mag.config.composition.composer import Composer  # noqa: PLC0415

        return Composer(self.config_path, self.config_name, self.read_schemas(debug=debug))

    def read_schemas(self, *, debug: bool = False) -> "Schemas | None":
        """Return its schemas, for which it is imported, in another process, if need be; None where it has none.

        Raises:
            UsageError: The app cannot be imported, or its schemas cannot be used.
        """
        if not self.typed or self.loaded is not None:
            return self.schemas

        return read_apart(lambda: self._import_schemas(debug=debug), self.file)

    def _import_schemas(self, *, debug: bool) -> "Schemas | None":
        found = getattr(self.module.load(debug=debug), self.function, None)
        return found.read_schemas() if isinstance(found, Main) else None

    def load(self, *, debug: bool = False) -> Callable[..., Any]:
        """Import the app, if need be, and return the user's function.

        Raises:
            UsageError: The app cannot be imported, or has no such function.
        """
        if self.loaded is not None:
            return self.loaded
        function = getattr(self.module.load(debug=debug), self.function, None)
        if isinstance(function, Main):
            return function.function
        if not callable(function):
            raise UsageError(f"{self.file} has no function {self.function!r}: name one as {self.file}:FUNCTION.")
        return function  # type: ignore[no-any-return]


Program: TypeAlias = Callable[[App], Never]
"""What a decorated function does when it is called without a config: `mag` hands in its command line."""


class Main:
    """The user's function, decorated: call it with a config to call it, without one to run the command line.

    Args:
        function: The user's function.
        config_path: Directory of the configs, relative to the function's file.
        config_name: The primary config.
        schema: The dataclass that says what a config holds.
        group_schemas: Dataclasses for single options, by `group/option`.
        program: Runs the command line of this app, and exits.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        config_path: str | Path | None,
        config_name: str | None,
        schema: type | None = None,
        group_schemas: Mapping[str, type] | None = None,
        *,
        program: Program,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.config_path = config_path
        self.config_name = config_name
        self.schema = schema
        self.group_schemas = group_schemas
        self._program = program

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function; without any argument, be the program that the command line describes."""
        if arguments or named:
            return self.function(*arguments, **named)
        if self.function.__module__ != "__main__":
            raise UsageError(
                f"{self.function.__name__}() was called without a config while its file was imported: "
                f'put the call under `if __name__ == "__main__":`, or pass a config.'
            )
        return self._program(self.describe())

    def read_schemas(self) -> "Schemas | None":
        """Return its schemas as plain data; None where it has none.

        Raises:
            UsageError: A schema is no dataclass, or has a field of a type that no config value can be of.
        """
        if self.schema is None and self.group_schemas is None:
            return None
        from mag.config.annotations import read_schemas  # noqa: PLC0415 - most apps have none

        return read_schemas(self.schema, self.group_schemas)

    def describe(self) -> App:
        """Return the app that this function is."""
        import inspect  # noqa: PLC0415 - start-up

        file = Path(inspect.unwrap(self.function).__code__.co_filename)
        path = file.parent / self.config_path if self.config_path is not None else None
        scope = sys.modules.get(self.function.__module__)
        names = (name for name, value in vars(scope).items() if value is self) if scope else iter(())
        function = next(names, self.function.__name__)
        spec = getattr(scope, "__spec__", None)  # of a script started as `python -m package.module` it is the module's
        module = Module(file, Path(), spec.name if spec and "." in spec.name else None)
        name, typed = f"{module.name}:{function}", self.schema is not None or self.group_schemas is not None
        return App(name, module, function, path, self.config_name, self.function, typed, self)


def decorate(
    program: Program,
    config_path: str | Path | Callable[..., Any] | None,
    config_name: str | None,
    schema: type | None = None,
    group_schemas: Mapping[str, type] | None = None,
) -> Main | Callable[[Callable[..., Any]], Main]:
    """Return what `@mag.main` with these arguments makes of a function, or the function decorated if it was given."""
    if callable(config_path):
        return Main(config_path, None, config_name, program=program)
    path = config_path
    return lambda function: Main(function, path, config_name, schema, group_schemas, program=program)


def refuse_argument(name: str, place: str) -> Never:
    """Say that `main` takes no argument of this name."""
    near = name_nearest(name, PARAMETERS)
    hint = f"did you mean {near!r}?" if near else "it takes config_path, config_name, schema and group_schemas."
    raise UsageError(f"{place} has an argument {name!r}, which is unknown: {hint}")
