"""Home: the config and the directory that `Experiment` stands for, found when they are first asked for."""

import os
from functools import partial
from pathlib import Path
from typing import Any

from mag.config.identity import compute_identity, read_visibility
from mag.errors import ConfigError, RecordError
from mag.record.names import Names, check_name, name_config
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record
from mag.record.repetition import Repetition
from mag.record.store import Store, StoredExperiment
from mag.settings import Settings, find_settings


class Home:
    """Where one config lives; nothing is read before it is needed.

    Attributes:
        source: The config in one of the forms that `Experiment` takes; None with `resume_from`.
        resume_from: The stored experiment that is meant.
    """

    def __init__(
        self,
        source: object,
        *,
        resume_from: str | Path | None = None,
        experiments_dir: str | Path | None = None,
        name: str | None = None,
    ) -> None:
        if (source is None) == (resume_from is None):
            raise ConfigError("An experiment needs either config=... or resume_from=..., and not both.")
        if name == "":
            raise ConfigError("name='' cannot be an experiment's: leave it out, and one is made from the config.")
        if resume_from == "":
            raise ConfigError(
                "resume_from='' names no experiment: pass a path, a name or the beginning of an identity."
            )
        self.source = source
        self.resume_from = str(resume_from) if resume_from is not None else None
        self._experiments_dir = experiments_dir
        self._name = name
        self._settings: Settings | None = None
        self._stored: StoredExperiment | None = None
        self._config: dict[str, Any] | None = None
        self._paths: ExperimentPaths | None = None

    @classmethod
    def of_attempt(cls, paths: ExperimentPaths, config: dict[str, Any], settings: Settings) -> "Home":
        """Return the home of an experiment that has its directory already."""
        home = cls(config)
        home._paths, home._config, home._settings = paths, config, settings
        return home

    @property
    def settings(self) -> Settings:
        """The project's settings."""
        if self._settings is None:
            self._settings = find_settings(Path.cwd())
        return self._settings

    @property
    def config(self) -> dict[str, Any]:
        """The plain, resolved config."""
        if self._config is None:
            from mag.config.sources import read_source  # noqa: PLC0415  (what is loaded before the fork, each child carries)

            stored = self.find_stored()
            self._config = stored.config if stored else read_source(self.source)
        return self._config

    @property
    def identity(self) -> str:
        """The identity on record where the experiment is stored, otherwise that of the config."""
        stored = self.find_stored()
        visibility = read_visibility(self.settings)
        return stored.identity if stored else compute_identity(self.config, visibility=visibility)

    @property
    def paths(self) -> ExperimentPaths:
        """The experiment's directory; of one that is new, the directory that it will get."""
        if self._paths is None:
            stored = self.find_stored()
            self._paths = self._stored.paths if stored and self._stored else self._choose_paths()
        return self._paths

    def settle(self, paths: ExperimentPaths) -> None:
        """Keep to the directory that was claimed, which may have another name than the one that was chosen."""
        self._paths = paths

    def find_stored(self) -> Record | None:
        """Return the record of the experiment that `resume_from` names; None without it.

        Raises:
            RecordError: There is none that can be read.
        """
        if self.resume_from is None:
            return None
        if self._stored is None:
            root = os.path.abspath(self._experiments_dir or self.settings.experiments_dir)
            repetition = Repetition.find()
            find = Store(root).find if repetition is None else partial(repetition.look_up, root)
            self._stored = find(self.resume_from)
        if self._stored.record is None:
            raise RecordError(f"Experiment {self.resume_from!r} cannot be resumed. {self._stored.problem}")
        return self._stored.record

    def read_record(self) -> Record | None:
        """Return the record in the directory; None where none can be read."""
        from mag.record.records import read_record  # noqa: PLC0415  (reads like a method)

        paths = self.paths
        try:
            return read_record(paths)
        except (FileNotFoundError, RecordError):
            return None

    def _choose_paths(self) -> ExperimentPaths:
        settings, identity = self.settings, self.identity
        wanted = check_name(self._name) if self._name else name_config(self.config, identity, settings)
        root = os.path.abspath(self._experiments_dir or settings.experiments_dir)
        store = StorePaths(root)  # absolute: the block may change the directory
        if (repetition := Repetition.find()) is not None:
            store, settled = repetition.place(root, identity, self._name)
            if settled is not None:
                return store.experiment(settled)
        return store.experiment(Names(store, settings).choose(wanted, identity).name)


def make_directory(paths: ExperimentPaths, name: str) -> Path:
    """Make a directory inside an experiment's, and return it.

    Raises:
        RecordError: The name leads out, or the file system refuses.
    """
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or ".." in parts or parts[0] == ".mag":
        raise RecordError(f"Directory {name!r} must lie inside the experiment's: use a name such as 'checkpoints'.")
    path = Path(paths.directory, name)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(f"Cannot make {path}: {error.strerror}.") from error
    return path
