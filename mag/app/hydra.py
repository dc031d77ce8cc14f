"""`@hydra.main` apps as they are: the user's own Hydra composes, and calls the function, where the app is imported.

Nothing here is used before the app is imported, so that looking at configs needs no Hydra at all.
"""

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from numbers import Number
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from mag.app.hydra_errors import check_installed, describe_missing, quote_hydra
from mag.config.view import escape
from mag.errors import ConfigError

_DUMMY = "_dummy_empty_config_.yaml"
"""What Hydra itself keeps in its ConfigStore beside the group `hydra`."""


class HydraSetup(NamedTuple):
    """What Hydra is to know of an app before it composes.

    Attributes:
        file: The source file.
        config_path: The directory of its configs; None if it has none.
        config_name: The primary config.
        overrides: What was typed for Hydra itself, `hydra.verbose=true`.
        further: More folders of configs, as `--config-dir` names them.
    """

    file: Path
    config_path: Path | None
    config_name: str | None
    overrides: tuple[str, ...] = ()
    further: tuple[Path, ...] = ()


class Job(NamedTuple):
    """One experiment, as Hydra is told of it.

    Attributes:
        directory: Where its files go.
        number: Its place in the sweep.
        overrides: What was typed for it.
        config: Its config as it was composed for the plan, plain data.
    """

    directory: str
    number: int
    overrides: tuple[str, ...]
    config: Mapping[str, Any]


class HydraFunction:
    """The function of a `@hydra.main` app, called as Hydra calls it in a multirun."""

    def __init__(self, function: Callable[..., Any], setup: HydraSetup) -> None:
        check_installed(setup.file)
        self.function = function
        self._setup = setup
        self._loader: Any = None

    def __call__(self, config: Any) -> Any:
        """Call the user's function with a config of the caller's."""
        return self.function(config)

    def has_own_configs(self) -> bool:
        """Tell whether configs come from elsewhere than folders: a ConfigStore, or plugins of the search path."""
        from hydra.core.config_store import ConfigStore

        if set(ConfigStore.instance().repo) - {"hydra", _DUMMY}:
            return True
        theirs = [s for s in self._open().repository.get_sources() if s.provider not in _PROVIDERS and s.available()]
        return any(set(source.list("", None)) - {"hydra"} for source in theirs)

    def list_groups(self) -> dict[str, tuple[str, ...]]:
        """Return the options of every config group that there is, but for Hydra's own."""
        from hydra.core.object_type import ObjectType

        repository, groups, pending = self._open().repository, {}, [""]
        while pending:
            group = pending.pop()
            inner = repository.get_group_options(group, ObjectType.GROUP)
            pending += [f"{group}/{name}".lstrip("/") for name in inner if (group, name) != ("", "hydra")]
            if group:
                groups[group] = tuple(repository.get_group_options(group, ObjectType.CONFIG))
        return groups

    def compose_plain(self, overrides: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the config that Hydra composes, without its own node, and what is chosen from each group.

        Raises:
            ConfigError: Hydra refuses.
        """
        from omegaconf import OmegaConf

        composed = self.compose([write_word(text) for text in overrides])
        plain: Any = _make_plain(OmegaConf.to_container(composed, resolve=False, enum_to_str=True))
        chosen = plain.pop("hydra")["runtime"]["choices"]
        return plain, {group: option for group, option in chosen.items() if not group.startswith("hydra/")}

    def compose(self, overrides: Sequence[str]) -> Any:
        """Return what Hydra composes of overrides: a `DictConfig` with its node `hydra`.

        Raises:
            ConfigError: Hydra refuses.
        """
        from hydra.types import RunMode

        words = [*self._setup.overrides, *_say_mode(), *overrides]
        try:
            return self._open().load_configuration(self._setup.config_name, words, run_mode=RunMode.RUN)
        except Exception as error:
            raise ConfigError(self._explain(error)) from error

    def _explain(self, error: Exception) -> str:
        """Return what Hydra says of a composition that it refuses; of an option that is not there, what there is."""
        from hydra.errors import MissingConfigException

        missing = getattr(error, "missing_cfg_file", None)
        if not isinstance(error, MissingConfigException) or not missing or missing.startswith("hydra/"):
            return quote_hydra(error)
        said = str(error).partition(":")[0]
        place = f"{said}: " if said.startswith("In ") else ""
        return f"Hydra: {place}{describe_missing(missing, self.list_groups())}"

    def bind(self, job: Job) -> Callable[[Any], Any]:
        """Return the function as it is called for one experiment: with a config that Hydra makes, whatever it is given.

        Of what the function returns, a number or a mapping is the result.
        """

        def call(_: Any) -> Any:
            """Run the job, and keep what can be a result."""
            returned = self.carry_out(job)
            return returned if isinstance(returned, Number | Mapping) or hasattr(returned, "item") else None

        return call

    def carry_out(self, job: Job) -> Any:
        """Call the function as Hydra would: HydraConfig, directory, environment and logging as its configs say."""
        from hydra._internal.callbacks import Callbacks
        from hydra.core.utils import run_job
        from hydra.types import HydraContext

        config = self.compose([write_word(text) for text in job.overrides])
        settle(config, job.config)
        _set_places(config.hydra, job)
        context = HydraContext(config_loader=self._open(), callbacks=Callbacks(config))
        returned = run_job(
            task_function=self.function,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
            hydra_context=context,
        )
        return returned.return_value

    def _open(self) -> Any:
        """Return Hydra's loader, as `python train.py` would have it; what it has read once it does not read again."""
        if self._loader is None:
            from hydra._internal.hydra import Hydra
            from hydra._internal.utils import create_config_search_path
            from hydra.core.config_search_path import SearchPathQuery

            folder = self._setup.config_path
            path = create_config_search_path(None if folder is None else os.path.abspath(folder))
            for more in self._setup.further:
                place = f"file://{os.path.abspath(more)}"
                path.prepend(provider="command-line", path=place, anchor=SearchPathQuery(provider="schema"))
            made = Hydra.create_main_hydra2(task_name=self._setup.file.stem, config_search_path=path)
            self._loader = made.config_loader
            self._loader.repository = _Memory(self._loader.repository)
        return self._loader


_PROVIDERS = {"hydra", "main", "schema", "command-line"}


class _Memory:
    """A repository of Hydra's that reads every config once: what runs is what was planned, whatever is edited since."""

    def __init__(self, repository: Any) -> None:
        self._repository = repository
        self._read: dict[str, Any] = {}
        self._path: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._repository, name)

    def __deepcopy__(self, memory: dict[int, Any]) -> "_Memory":
        return self  # Hydra copies it for each composition

    def initialize_sources(self, config_search_path: Any) -> None:
        """Read all configs anew where the search path has changed."""
        if str(config_search_path) != self._path:
            self._path = str(config_search_path)
            self._repository.initialize_sources(config_search_path)
            self._read = {}

    def load_config(self, config_path: str) -> Any:
        """Return a copy of a config as it was first read."""
        if config_path not in self._read:
            self._read[config_path] = self._repository.load_config(config_path=config_path)
        return copy.deepcopy(self._read[config_path])  # Hydra changes what it is given


def settle(config: Any, frozen: Mapping[str, Any]) -> None:
    """Give a composed config the values of the plan, where files or types have made others of them."""
    from omegaconf import OmegaConf, open_dict, read_write

    with read_write(config), open_dict(config):
        plain: Any = _make_plain(OmegaConf.to_container(config, resolve=False, enum_to_str=True))
        for key in [key for key in plain if key not in frozen and key != "hydra"]:
            del config[key]
        for key, value in frozen.items():
            if key != "hydra":
                _settle_value(config, key, plain.get(key), value)


def _make_plain(value: Any) -> Any:
    """Return what a typed config holds as a config file could hold it."""
    if isinstance(value, dict):
        return {key: _make_plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_make_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value) if isinstance(value, PurePath) else value


def _settle_value(holder: Any, key: Any, before: Any, value: Any) -> None:
    if repr(before) == repr(value):
        return
    if isinstance(before, dict) and isinstance(value, dict):
        node = holder[key]
        for name in [name for name in before if name not in value]:
            del node[name]
        for name, item in value.items():
            _settle_value(node, name, before.get(name), item)
    else:
        holder[key] = value


def _set_places(hydra: Any, job: Job) -> None:
    """Say where the experiment is: the directory is mag's, whatever configs say of `hydra.run` and `hydra.sweep`."""
    from omegaconf import open_dict, read_write

    folder, name = os.path.split(os.path.abspath(job.directory))
    with read_write(hydra), open_dict(hydra):
        hydra.run.dir = escape(os.path.join(folder, name))
        hydra.sweep.dir, hydra.sweep.subdir = escape(folder), escape(name)
        hydra.job.num, hydra.job.id = job.number, str(job.number)


def _say_mode() -> list[str]:
    from hydra.conf import HydraConf

    return ["hydra.mode=MULTIRUN"] if "mode" in HydraConf.__dataclass_fields__ else []


def write_word(text: str) -> str:
    """Return an override as Hydra reads it: what only mag takes unquoted is quoted."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import OverrideParseException

    from mag.config.language.grammar import read_override
    from mag.config.language.lexer import quote

    try:
        OverridesParser.create().parse_override(text)
    except OverrideParseException:
        override = read_override(text)
        if isinstance(override.value, str):
            return f"{text.partition('=')[0]}={quote(override.value)}"
    return text
