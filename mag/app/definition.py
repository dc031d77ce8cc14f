"""The definition of an app: the user's function, decorated or not, and where its configs are."""

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Never, TypeAlias

from mag.app.modules import Module, is_importing, read_apart
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.config.composition.composer import Composer
    from mag.config.schema import Schemas


class App(NamedTuple):
    """A user's function and where its configs are.

    Attributes:
        name: How commands and records call it, `examples/iris.py:train`.
        module: Where it is defined.
        function: What it is called there; empty for a command line.
        config_path: The directory of its configs; None if it has none.
        config_name: The primary config in it.
        loaded: The function itself, where it is in this process already.
        typed: Whether it may have schemas, which only its import tells.
        definition: The decorated function, where it is in this process already.
        computed: The line of a decorator that computes its config path or name; None where they are known.
        is_hydra: Whether `@hydra.main` decorates it.
        hydra_overrides: What was typed for Hydra itself, `hydra.verbose=true`.
        further: More folders of configs, searched after its own.
        asked: The config path and name that were asked for in the place of the decorator's; None where they were not.
        is_late: Whether the function fills what is still `???` in the config.
        start_method: How its experiments are started, "fork" or "spawn", if its decorator says so.
        is_program: Whether the app is the program that runs, and its file can be imported once more.
    """

    name: str
    module: Module
    function: str
    config_path: Path | None
    config_name: str | None
    loaded: Callable[..., Any] | None = None
    typed: bool = False
    definition: "Main | None" = None
    computed: int | None = None
    is_hydra: bool = False
    hydra_overrides: tuple[str, ...] = ()
    further: tuple[Path, ...] = ()
    asked: tuple[Path | None, str | None] = (None, None)
    is_late: bool = False
    start_method: str | None = None
    is_program: bool = False

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

    @property
    def is_command(self) -> bool:
        """Whether it is a command line, not a function."""
        return not self.function

    def compose_from(self) -> "Composer":
        """Return a composer of its configs that checks no types; nothing is read yet.

        Raises:
            UsageError: Where its configs are is computed, which only its import tells.
        """
        if self.computed is not None:
            raise UsageError(
                f"{self.file}:{self.computed}: the decorator computes its config path or name, so the app has to be "
                f"imported: type `mag config --typed`, which does, or write them as plain texts."
            )

        return self.compose_with(None)

    def compose_typed(self, *, debug: bool = False) -> "Composer":
        """Return a composer of its configs that holds them to its schemas, for which the app is imported if need be.

        Raises:
            UsageError: The app cannot be imported, or its schemas cannot be used.
        """
        app = self.settle(debug=debug)
        return app.compose_with(app.read_schemas(debug=debug))

    def compose_with(self, schemas: "Schemas | None") -> "Composer":
        """Return a composer of its configs that holds them to these schemas."""
        from mag.config.composition.composer import Composer  # noqa: PLC0415  (what apps import, experiments carry)

        return Composer(
            self.config_path,
            self.config_name,
            schemas,
            more=self.further,
            home=self.file.parent,
            is_open=self.is_command and self.config_path is None,  # then its config is what is typed
        )

    def settle(self, *, debug: bool = False) -> "App":
        """Return the app with its config path and name, for which it is imported, in another process, if need be.

        Raises:
            UsageError: The app cannot be imported.
        """
        if self.computed is None:
            return self

        return self._place(read_apart(lambda: find_configs(self._import(debug=debug)), self.file))

    def _import(self, *, debug: bool) -> object:
        try:
            module = self.module.load(debug=debug)
        except UsageError:
            if self.is_hydra:
                from mag.app.hydra_errors import check_installed  # noqa: PLC0415 - other apps do without

                check_installed(self.file)  # which may be the cause, and has a better answer
            raise
        return getattr(module, self.function, None)

    def _place(self, configs: tuple[str | Path | None, str | None]) -> "App":
        path, name = configs
        folder = self.file.parent / path if path is not None else None
        app = self._replace(config_path=folder, config_name=name, computed=None)
        return app.with_configs(*self.asked, self.further)

    def with_configs(self, path: Path | None, name: str | None, further: tuple[Path, ...]) -> "App":
        """Return the app with other configs than its decorator says.

        Args:
            path: The folder of its configs; None for the decorator's.
            name: The primary config; None for the decorator's.
            further: More folders, searched after that one; the first takes its place where there is none.
        """
        known = self.config_path if path is None else path
        if known is None and self.computed is None and further:
            known, further = further[0], further[1:]
        computed = None if path is not None and name is not None else self.computed
        named = self.config_name if name is None else name
        return self._replace(
            config_path=known, config_name=named, further=further, asked=(path, name), computed=computed
        )

    def read_schemas(self, *, debug: bool = False) -> "Schemas | None":
        """Return its schemas, for which it is imported, in another process, if need be; None where it has none.

        Raises:
            UsageError: The app cannot be imported, or its schemas cannot be used.
        """
        if not self.typed or self.loaded is not None:
            return self.schemas

        return read_apart(lambda: self._import_schemas(debug=debug), self.file)

    def _import_schemas(self, *, debug: bool) -> "Schemas | None":
        found = self._import(debug=debug)
        return found.read_schemas() if isinstance(found, Main) else None

    def release(self) -> "App":
        """Return the app as another process can be given it: where its file can be imported again, without function."""
        return self._replace(loaded=None, definition=None) if self.is_program else self

    def load(self, *, debug: bool = False) -> Callable[..., Any]:
        """Import the app, if need be, and return the user's function.

        Raises:
            UsageError: The app cannot be imported, or has no such function.
        """
        if self.is_command:
            import subprocess  # noqa: F401, PLC0415 - here, where it serves all experiments, not in each of them
        if self.loaded is not None:
            return self.loaded
        function = self._import(debug=debug)
        if isinstance(function, Main):
            return function.function
        if not callable(function):
            raise UsageError(f"{self.file} has no function {self.function!r}: name one as {self.file}:FUNCTION.")
        if not self.is_hydra:
            return function
        from mag.app.hydra import HydraFunction, HydraSetup  # noqa: PLC0415 - other apps do without

        app = self if self.computed is None else self._place(find_configs(function))
        setup = HydraSetup(app.file, app.config_path, app.config_name, app.hydra_overrides, app.further)
        return HydraFunction(function, setup)


Program: TypeAlias = Callable[[App], Never]
"""What a decorated function does when it is called without a config: `mag` hands in its command line."""


class Main:
    """The user's function, decorated: call it with a config to call it, without one to run the command line."""

    def __init__(
        self,
        function: Callable[..., Any],
        config_path: str | Path | None,
        config_name: str | None,
        schema: type | None = None,
        group_schemas: Mapping[str, type] | None = None,
        *,
        missing: str = "early",
        start_method: str | None = None,
        program: Program,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.config_path = config_path
        self.config_name = config_name
        self.schema = schema
        self.group_schemas = group_schemas
        self.missing = missing
        self.start_method = start_method
        self._program = program

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function; without any argument, be the program that the command line describes."""
        if arguments or named:
            return self.function(*arguments, **named)
        if is_importing():
            raise UsageError(
                f"{self.function.__name__}() was called without a config while a file was imported: "
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
        if not file.is_file():  # a cell of a notebook, say
            return describe_function(self.function)._replace(
                config_path=Path(self.config_path) if self.config_path is not None else None,
                config_name=self.config_name,
                definition=self,
            )
        path = file.parent / self.config_path if self.config_path is not None else None
        scope = sys.modules.get(self.function.__module__)
        names = (name for name, value in vars(scope).items() if value is self) if scope else iter(())
        function = next(names, self.function.__name__)
        spec = getattr(scope, "__spec__", None)  # of a script started as `python -m package.module` it is the module's
        module = Module(file, Path(), spec.name if spec and "." in spec.name else None)
        name, typed = f"{module.name}:{function}", self.schema is not None or self.group_schemas is not None
        app = App(name, module, function, path, self.config_name, self.function, typed, self)
        return app._replace(is_late=self.missing == "late", start_method=self.start_method)


def find_configs(main: object) -> tuple[str | Path | None, str | None]:
    """Return config path and name as a decorated function has them, be it mag's or Hydra's; None for neither."""
    if isinstance(main, Main):
        return main.config_path, main.config_name
    while callable(main):
        names, cells = getattr(main, "__code__", None), getattr(main, "__closure__", None)
        known = dict(zip(names.co_freevars, cells, strict=False)) if names is not None and cells else {}
        if known.keys() >= {"config_path", "config_name", "task_function"}:  # as hydra.main leaves them
            return known["config_path"].cell_contents, known["config_name"].cell_contents
        main = getattr(main, "__wrapped__", None)
    return None, None


def describe_function(function: Callable[..., Any]) -> App:
    """Return the app that a function is, decorated or not."""
    if isinstance(function, Main):
        return function.describe()
    name = getattr(function, "__qualname__", repr(function))
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    return App(
        f"{getattr(function, '__module__', '')}:{name}", Module(Path(file), Path()), name, None, "config", function
    )
