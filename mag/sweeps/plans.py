"""The plan: the frozen list of the experiments that one command asks for, composed before anything starts."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mag.config.composition import Composer
from mag.config.grammar import parse_overrides
from mag.config.identity import compute_identity
from mag.config.interpolation import find_missing, resolve
from mag.config.override import Override
from mag.config.secrets import mask_command
from mag.errors import MissingValueError, SpaceError
from mag.record import locks
from mag.record.names import Names, Place, name_config
from mag.record.paths import StorePaths
from mag.settings import Settings, find_settings
from mag.sweeps.samplers import SAMPLERS, Sampler
from mag.sweeps.space import build_space

if TYPE_CHECKING:
    from omegaconf import DictConfig


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedExperiment:
    """One experiment of a plan.

    Attributes:
        index: Its place in the plan, from 0.
        overrides: What was typed, one value for each key.
        composed: Its config as it was composed, plain data, interpolations as they are written.
        resolved: Its config as the experiment gets it, plain data.
        identity: What it is.
        identifier: Its directory's name.
        status: How it stood when the plan was made: "new", or what its record says.
    """

    index: int
    overrides: tuple[str, ...]
    composed: dict[str, Any]
    resolved: dict[str, Any]
    identity: str
    identifier: str
    status: str

    @property
    def config(self) -> "DictConfig":
        """The config; an interpolation in it is resolved when it is asked for."""
        from omegaconf import OmegaConf  # noqa: PLC0415  (start-up)

        return OmegaConf.create(self.composed, flags={"readonly": True, "struct": True})


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """The experiments that one command asks for, each once.

    Attributes:
        experiments: In the order in which they start.
        store: Where they live.
        duplicates: How many points were the same experiment as an earlier one.
    """

    experiments: tuple[PlannedExperiment, ...]
    store: StorePaths
    duplicates: int = 0

    def __iter__(self) -> Iterator[PlannedExperiment]:
        return iter(self.experiments)

    def __len__(self) -> int:
        return len(self.experiments)

    def __getitem__(self, index: int) -> PlannedExperiment:
        return self.experiments[index]

    def count(self) -> Counter[str]:
        """Return how many experiments stand how."""
        return Counter(experiment.status for experiment in self.experiments)

    def select_unfinished(self) -> list[PlannedExperiment]:
        """Return the experiments that have not completed."""
        return [experiment for experiment in self.experiments if experiment.status != "completed"]


def plan(
    overrides: Sequence[str] = (),
    *,
    config_path: str | Path | None = None,
    config_name: str | None = "config",
    experiments_dir: str | Path | None = None,
    sampler: Sampler = SAMPLERS["grid"],
) -> Plan:
    """Return the experiments that overrides ask for; nothing is started or written.

    Args:
        overrides: As typed on the command line, `["C=1,10", "gamma=0.1"]`.
        config_path: The directory of the configs; None for none.
        config_name: The primary config in it.
        experiments_dir: Where experiments live; the project's if None.
        sampler: Which points of the space are taken.

    Raises:
        MagError: An override, a config or the space cannot be used.
    """
    composer = Composer(Path(config_path) if config_path is not None else None, config_name)
    settings = find_settings(Path.cwd())
    store = StorePaths(str(experiments_dir or settings.store_root(Path.cwd())))
    return make_plan(parse_overrides(overrides), composer, store, settings, sampler=sampler)


def make_plan(
    overrides: Sequence[Override],
    composer: Composer,
    store: StorePaths,
    settings: Settings,
    *,
    sampler: Sampler = SAMPLERS["grid"],
) -> Plan:
    """Return the plan of parsed overrides.

    Args:
        overrides: As parsed.
        composer: Composes the configs; each file is read once.
        store: Where experiments live; read, never written.
        settings: The project's.
        sampler: Which points of the space are taken.

    Raises:
        ConfigError: A point cannot be composed.
        SpaceError: The overrides span nothing that can be run.
    """
    space = build_space(overrides, composer)
    names = Names(store, settings.separator)
    planned: dict[str, PlannedExperiment] = {}
    points = 0
    for points, point in enumerate(sampler(space), start=1):  # noqa: B007  (the last one is the count)
        assigned = space.assign(point)
        composed = compose_point(assigned, composer)
        resolved = resolve(composed)
        identity = compute_identity(resolved)
        if identity in planned:
            continue
        wanted = name_config(resolved, identity, settings)
        place = names.choose(wanted, identity)
        texts = tuple(mask_command([o.text for o in assigned], settings.secrets))
        status = _read_status(place, store)
        planned[identity] = PlannedExperiment(len(planned), texts, composed, resolved, identity, place.name, status)
    if not points:
        raise SpaceError("The sweep has no points: nothing would run.")
    return Plan(tuple(planned.values()), store, duplicates=points - len(planned))


def compose_point(overrides: Sequence[Override], composer: Composer) -> dict[str, Any]:
    """Return the composed config of one point.

    Raises:
        MissingValueError: A value is still `???`.
        ConfigError: It cannot be composed, or holds what no experiment can be made of.
    """
    config = composer.compose(overrides)
    missing = find_missing(config)
    if missing:
        raise MissingValueError(
            f"{', '.join(missing)} must be given: type {missing[0]}=VALUE (its config file says ???)."
        )
    return config


def _read_status(place: Place, store: StorePaths) -> str:
    if place.found is None:
        return "new"
    status = place.found.get("status")
    if not isinstance(status, str):
        return "corrupt"
    if status == "running" and not locks.is_held(store.experiment(place.name).lock):
        return "lost"
    return status


def digest_plan(plan: Plan) -> list[dict[str, Any]]:
    """Return what a manifest keeps of a plan: for each experiment its name, identity and overrides."""
    return [{"identifier": e.identifier, "identity": e.identity, "overrides": list(e.overrides)} for e in plan]
