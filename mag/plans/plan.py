"""The plan: the frozen list of the experiments that one command asks for, composed before anything starts."""

import dataclasses
import fnmatch
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Unpack

from mag.config.composition.composer import Composer
from mag.config.composition.keys import KeyPath
from mag.config.composition.programs import make_composer
from mag.config.language.override import Override
from mag.config.secrets import mask_overrides
from mag.disk import locks
from mag.errors import SpaceError
from mag.plans.describer import Describer
from mag.plans.descriptions import PointSource
from mag.plans.override_files import read_overrides
from mag.plans.resolver import Resolver
from mag.plans.selection import PointFilter, PointSelection
from mag.plans.shapes import PLAIN, Shape, SpaceOptions, build_spaces, read_shape
from mag.plans.space import Point
from mag.record.names import Address, Names
from mag.record.notes import read_notes
from mag.record.paths import StorePaths
from mag.record.records import FAULTY, is_sound
from mag.settings import Settings, find_settings

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from mag.run.tasks import Outcome


_NOTHING = None, None, 0, None


class PlannedExperiment(NamedTuple):
    """One experiment of a plan. Its config is made when it is asked for, from files that were read for the plan.

    Attributes:
        index: Its place in the plan, from 0.
        identity: What it is.
        identifier: Its directory's name.
        status: How it stood when the plan was made: "new", or what its record says.
        point: The point of the space that it is.
        composer: Composes its config.
        source: Makes its resolved config as it was when the plan was made.
        secrets: Patterns of keys whose values are masked in `overrides`.
        app: The app that ran it, as its record calls it; None if none did, or that is not known.
        code: The commit that holds the code that ran it, likewise.
        attempt: The number of its last attempt that was over when the plan was made; 0 for none.
        function: The digest of the function that ran it, where a program gave that to mag.
    """

    index: int  # type: ignore[assignment]  # a tuple's method, which means nothing here
    identity: str
    identifier: str
    status: str
    point: Point
    composer: Composer
    source: PointSource
    secrets: tuple[str, ...] = ()
    app: str | None = None
    code: str | None = None
    attempt: int = 0
    function: str | None = None

    @property
    def overrides(self) -> tuple[str, ...]:
        """What was typed, one value for each key, secrets masked."""
        return tuple(mask_overrides([override.text for override in self.point.assign()], self.secrets))

    @property
    def composed(self) -> dict[str, Any]:
        """Its config as it was composed, plain data, interpolations as they are written."""
        return self.composer.compose(self.point.assign())

    @property
    def written(self) -> dict[str, Any] | None:
        """Its config as it was composed; None where that has no interpolations, and so is the resolved one."""
        return self.composed if self.composer.has_interpolations(self.point.assign()) else None

    @property
    def choices(self) -> dict[str, Any]:
        """What is chosen from each config group."""
        return self.composer.choices(self.point.assign())

    @property
    def resolved(self) -> dict[str, Any]:
        """Its config as the experiment gets it, plain data."""
        return self.source.resolve(self.point)

    @property
    def late(self) -> tuple[KeyPath, ...]:
        """The paths of the values in it that only the experiment can resolve."""
        return self.source.list_late()

    @property
    def config(self) -> "DictConfig":
        """The config; an interpolation in it is resolved when it is asked for."""
        from omegaconf import OmegaConf  # noqa: PLC0415  (start-up)

        return OmegaConf.create(self.composed, flags={"readonly": True, "struct": True})


class Asker(Protocol):
    """Asks for experiments one after the other, by what came of those before."""

    experiments: list[PlannedExperiment]
    trouble: str | None

    @property
    def left(self) -> int:
        """How many experiments are still to be asked for."""

    def __iter__(self) -> Iterator[PlannedExperiment]:
        """Yield further experiments, each when there is room for it."""

    def tell(self, outcome: "Outcome", /) -> None:
        """Take in what became of an experiment, before the next one is asked for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """The experiments that one command asks for, each once.

    Attributes:
        experiments: In the order in which they start.
        store: Where they live.
        duplicates: How many points were the same experiment as an earlier one.
        left_out: How many points the filters left out; of a sample, those that happened to be drawn.
        missing: How many experiments fewer there are than a sample asked for.
        idle: What was excluded, and is no point's.
        remarks: What else there is to say of the configs.
        search: Asks for more experiments while these run; None where these are all.
    """

    experiments: tuple[PlannedExperiment, ...]
    store: StorePaths
    duplicates: int = 0
    left_out: int = 0
    missing: int = 0
    idle: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    search: "Asker | None" = None

    def __iter__(self) -> Iterator[PlannedExperiment]:
        return iter(self.experiments)

    def __len__(self) -> int:
        return len(self.experiments)

    def __getitem__(self, index: int) -> PlannedExperiment:
        return self.experiments[index]

    @property
    def config_files(self) -> tuple[str, ...]:
        """The files that its configs were composed from."""
        composers = {id(experiment.composer): experiment.composer for experiment in self.experiments}
        return tuple(dict.fromkeys(os.path.abspath(file) for each in composers.values() for file in each.files))

    def count(self) -> Counter[str]:
        """Return how many experiments stand how."""
        return Counter(experiment.status for experiment in self.experiments)

    def narrow(self, patterns: Sequence[str]) -> "Plan":
        """Return the plan with only the experiments whose name is, or matches, one of the patterns; all for none.

        Raises:
            SpaceError: A pattern matches none.
        """
        if not patterns:
            return self
        kept: set[str] = set()
        for pattern in patterns:
            found = {
                e.identifier for e in self if e.identifier == pattern or fnmatch.fnmatchcase(e.identifier, pattern)
            }
            if not found:
                raise SpaceError(f"--only {pattern!r} is no experiment of this sweep: `--dry-run` shows their names.")
            kept |= found
        return dataclasses.replace(self, experiments=tuple(e for e in self if e.identifier in kept))

    def select_unfinished(self, retry: Collection[str] | None = None) -> list[PlannedExperiment]:
        """Return the experiments that have not completed.

        Args:
            retry: The statuses that are tried again; None for all whose failure was not accepted.
        """
        if retry is None:
            return [one for one in self.experiments if one.status not in {"completed", "accepted"}]
        return [one for one in self.experiments if one.status in {"new", "running", *retry} - {"completed"}]


def plan(
    overrides: Sequence[str] = (),
    *,
    config_path: str | Path | None = None,
    config_name: str | None = "config",
    experiments_dir: str | Path | None = None,
    schema: type | None = None,
    group_schemas: Mapping[str, type] | None = None,
    **shaping: Unpack[SpaceOptions],
) -> Plan:
    """Return the experiments that overrides ask for; nothing is started or written.

    Args:
        overrides: As typed on the command line, `["C=1,10", "gamma=0.1"]`.
        config_path: The directory of the configs; None for none.
        config_name: The primary config in it.
        experiments_dir: Where experiments live; the project's if None.
        schema: A dataclass or pydantic model that every config must fit, and whose defaults it has.
        group_schemas: The same for single options, by `group/option`.
        shaping: `zip=`, `where=`, `exclude=`, `sample=`, `seed=`, `space=`, as the options of `mag sweep`.

    Raises:
        MagError: An override, a config or the space cannot be used.

    >>> [e.identifier for e in plan(["+a=1,2,3", "+b=1,2,3"], config_name=None, zip="a,b", where="a != 2")]
    ['1|1', '3|3']
    """
    composer = make_composer(config_path, config_name, schema, group_schemas)
    settings = find_settings(Path.cwd())
    store = StorePaths(str(experiments_dir or settings.store_root(Path.cwd())))
    shape = read_shape(shaping, Path(config_path) if config_path is not None else None)
    return make_plan(read_overrides(overrides), composer, store, settings, shape)


def make_plan(
    overrides: Sequence[Override],
    composer: Composer,
    store: StorePaths,
    settings: Settings,
    shape: Shape = PLAIN,
    *,
    prepare: Callable[[], None] | None = None,
    resolver: Resolver | None = None,
    names: Names | None = None,
) -> Plan:
    """Return the plan of parsed overrides; `names` are those that earlier plans of the command gave out.

    Raises:
        ConfigError: A point cannot be composed.
        SpaceError: The overrides span nothing that can be run.
    """
    spaces = build_spaces(overrides, composer, shape)
    filters = dict.fromkeys(each for space in spaces for grid in space.grids for each in grid.filters)
    sieve = PointFilter(shape.filters, list(filters))
    resolver = resolver or Resolver()
    selection = PointSelection(Describer(composer, settings, resolver), sieve)
    names = names or Names(store, settings)
    planned: list[PlannedExperiment] = []
    for description in (description for space in spaces for description in selection.select(space)):
        identity = description.identity
        place = names.choose(description.name, identity)
        status, known = _read_found(place, store)
        if prepare is not None and status != "completed":
            prepare()
            prepare = None
        made = description.point, composer, description.source, settings.secrets
        planned.append(PlannedExperiment(len(planned), identity, place.name, status, *made, *known))
    selection.check(spaces)
    idle = () if any(space.sample for space in spaces) else sieve.idle
    remarks = (*resolver.remarks, *names.merged)
    return Plan(tuple(planned), store, selection.duplicates, sieve.dropped, selection.missing, idle, remarks)


def _read_found(place: Address, store: StorePaths) -> tuple[str, tuple[str | None, str | None, int, str | None]]:
    """Return how an experiment stands; and the app that ran it, the commit of its code, its last attempt, its function.

    The last of these only where a program gave it to mag.
    """
    found = place.found
    if found is None:
        return "new", _NOTHING
    status, app, commit, attempt = found.get("status"), found.get("app"), found.get("commit"), found.get("attempt")
    told: dict[str, Any] = commit if type(commit) is dict else {}
    code, function = _take_text(told.get("snapshot") or told.get("hash")), _take_text(told.get("function"))
    number = attempt if type(attempt) is int else 0
    if type(status) is not str or not is_sound(found):
        return "corrupt", (_take_text(app), code, number, function)
    if status == "running" and locks.is_held(store.experiment(place.name).lock):
        return status, (_take_text(app), code, max(0, number - 1), function)
    status = "lost" if status == "running" else status
    if status in FAULTY and read_notes(store.experiment(place.name)).accepts(number):
        status = "accepted"
    return status, (_take_text(app), code, number, function)


def _take_text(value: object) -> str | None:
    return value if type(value) is str else None


def digest_plan(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield what a manifest keeps of a plan: for each experiment its name, identity and overrides."""
    for e in plan:
        yield {"identifier": e.identifier, "identity": e.identity, "overrides": e.overrides}
