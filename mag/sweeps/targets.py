"""Targets: what is known of a function that is to be swept without a command line."""

import dataclasses
from pathlib import Path

from mag.app import Main
from mag.config.schema import Schemas
from mag.run.tasks import Function
from mag.settings import Settings, find_app_settings, find_settings


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A function to be swept.

    Attributes:
        function: What is called in each experiment.
        name: How records call it.
        file: Its source file, where that decides on settings and code; None for a function of a script's own.
        config_path: The directory of its configs; None if it brings none.
        config_name: The primary config in it.
        schemas: What its configs must hold; None for anything.
    """

    function: Function
    name: str
    file: Path | None = None
    config_path: Path | None = None
    config_name: str | None = "config"
    schemas: Schemas | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force for it."""
        return find_settings(Path.cwd()) if self.file is None else find_app_settings(self.file, Path.cwd())


def read_target(function: Function) -> Target:
    """Return what is known of a function, decorated or not."""
    if isinstance(function, Main):
        app = function.describe()
        return Target(app.loaded or function, app.name, app.file, app.config_path, app.config_name, app.schemas)
    return Target(
        function, f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', repr(function))}"
    )
