"""The codebase: the code that experiments run, and how the app in it is imported."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mag.app import App
from mag.code.checkouts import transfer
from mag.errors import UsageError
from mag.run.tasks import Function
from mag.settings import Settings


class Codebase(NamedTuple):
    """The code that experiments run: where it is, in a frozen copy, or as a record names it.

    Attributes:
        name: How records call the app, or the script.
        settings: The project's.
        source: A directory in the repository that has the code.
        app: The app; None where a script runs by itself.
        folder: The working directory of the experiments; None for that of this process.
        moved: The tops of work trees, and the directories that stand for them.
        commit: The code, as a record or the repository tells it; None where nobody has asked yet.
        tree: The name of its tree; None where it is not known.
        env: Environment variables that mag was told to set for the experiments, which the record names.
        variables: Others that the experiments get besides those of this process.
        random: The seeds of random generators on record, which are used again; empty for new ones.
        debug: Show the traceback where the app's import raises.
        function: The digest of the function, where a program gave it to mag.
    """

    name: str
    settings: Settings
    source: Path
    app: App | None
    folder: Path | None = None
    moved: Mapping[Path, Path] = {}
    commit: Mapping[str, Any] | None = None
    tree: str | None = None
    env: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}
    random: Mapping[str, Any] = {}
    debug: bool = False
    function: str | None = None

    @contextlib.contextmanager
    def lend_env(self) -> Iterator[None]:
        """Set mag's environment variables in this process, and in those it starts, while the block runs."""
        before = {name: os.environ.get(name) for name in self.env}
        os.environ.update(self.env)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def describe_configs(self) -> dict[str, Any]:
        """Return the configs that were typed instead of the app's, or besides them, by the user's paths."""
        path, name = self.app.asked if self.app is not None else (None, None)
        further = self.app.further if self.app is not None else ()
        if path is None and name is None and not further:
            return {}
        back = {place: top for top, place in self.moved.items()}
        paths = [str(transfer(os.path.abspath(each), back)) for each in (path, *further) if each is not None]
        return {"path": paths.pop(0) if path is not None else None, "name": name, "further": paths}

    def choose_configs(self, app: App, configs: Mapping[str, Any]) -> App:
        """Return an app with the configs that a record tells of, where they lie in this code."""
        path, name, further = configs.get("path"), configs.get("name"), configs.get("further") or ()
        if path is None and name is None and not further:
            return app
        there = None if path is None else transfer(path, self.moved)
        return app.with_configs(there, name, tuple(transfer(each, self.moved) for each in further))

    def release(self) -> "Codebase":
        """Return it in a form that another process can load the app from."""
        return self._replace(app=self.app.release()) if self.app is not None else self

    def load(self) -> Function:
        """Go to the code, import the app and return the user's function; in a process that does nothing else.

        Raises:
            UsageError: It cannot be imported.
        """
        if self.app is None:
            raise UsageError(f"{self.name} is no app, but a script that runs by itself.")
        if self.folder is None:
            return self.app.load(debug=self.debug)
        from mag.run.relocation import find_strays, relocate  # noqa: PLC0415 - most code is run where it is

        relocate(self.folder, self.moved, self.variables)
        function = self.app.load(debug=self.debug)
        for path in find_strays(self.moved):
            sys.stderr.write(f"mag: imported from outside of the recorded code: {path}\n")
        return function
