"""Adaptive search: each point is asked for when there is room to run it, by what came of those before.

Optuna asks. Its study lives in memory alone: it is made anew from the experiments in the store each time, so that files
are the only truth, and whatever ran in this space counts as knowledge, whoever ran it.
"""

import dataclasses
import math
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mag.compare.columns import read_value
from mag.config.composition.composer import Composer
from mag.config.language.override import Override
from mag.errors import NotFoundError, SpaceError
from mag.plans.describer import Describer
from mag.plans.goals import Goal
from mag.plans.parameters import Branch, Parameter, explain_lacking, find_values, read_branches, read_number
from mag.plans.plan import Plan, PlannedExperiment, make_plan
from mag.plans.recognition import constrain, describe_choice, identify, prune, recall, settle
from mag.plans.resolver import Resolver
from mag.plans.samplers.searchers import make_searcher, open_study
from mag.plans.shapes import Shape, merge_overrides
from mag.record.names import Names
from mag.record.paths import StorePaths
from mag.record.records import BROKEN
from mag.record.store import Store, StoredExperiment
from mag.run.tasks import Outcome
from mag.settings import Settings

if TYPE_CHECKING:
    from optuna import Study, Trial

_MOST_TRIES = 200
"""How often in a row points may be asked for that are known, or left out, before the space counts as exhausted."""
_LOOK_SECONDS = 1.0
"""Between looks at what other runners have found meanwhile."""


class Search:
    """Points that are asked for one after the other; any thread may ask and tell.

    Attributes:
        experiments: Those that were asked for so far.
        trouble: Why it cannot go on; None if it can.
        is_exhausted: Whether the space seems to have no points but those that are known.
    """

    def __init__(
        self,
        goal: Goal,
        branches: Sequence[Branch],
        composer: Composer,
        store: StorePaths,
        settings: Settings,
        *,
        shape: Shape,
        resolver: Resolver,
    ) -> None:
        self._goal = goal
        self._branches = branches
        self._composer, self._store, self._settings = composer, store, settings
        filters = (*shape.filters, *(each for file in shape.files for each in file.filters))
        self._shape = Shape(filters=filters)
        self._resolver = resolver
        self._names = Names(store, settings)
        self._turn = threading.RLock()
        self._study: Study = open_study(maximize=goal.maximize)
        self._open: dict[str, Trial] = {}
        self._told: set[str] = set()
        self._settled: set[str] = set()
        self._looked = -math.inf
        self._lacking: list[StoredExperiment] = []
        self.is_exhausted = False
        self.experiments: list[PlannedExperiment] = []
        self.trouble: str | None = None
        self._look(force=True)
        if self._lacking and len(self._lacking) == len(self._told):
            raise SpaceError(explain_lacking(self._lacking[0].name, goal.metric, self._lacking[0].results))

    @property
    def known(self) -> int:
        """How many points are known, or being run."""
        return len(self._told) + len(self._open)

    @property
    def left(self) -> int:
        """How many points are still to be asked for."""
        return 0 if self.is_exhausted else max(0, self._goal.trials - self.known)

    def take(self, most: int) -> list[PlannedExperiment]:
        """Return as many experiments as are to start at once."""
        return [one for one in (self.ask() for _ in range(most)) if one is not None]

    def __iter__(self) -> Iterator[PlannedExperiment]:
        return iter(self.ask, None)

    def ask(self) -> PlannedExperiment | None:
        """Return the next experiment; None where there are enough, or no more in the space."""
        with self._turn:
            for attempt in range(_MOST_TRIES):
                self._look()
                if self.trouble or not self.left:
                    return None
                if (found := self._try(attempt)) is not None:
                    return found
            self.is_exhausted = True
            return None

    def _try(self, attempt: int) -> PlannedExperiment | None:
        """Return the experiment of a point that is asked for; None if it is known, or the filters leave it out."""
        trial, overrides = self._suggest(attempt)
        try:
            planned = make_plan(
                overrides,
                self._composer,
                self._store,
                self._settings,
                self._shape,
                resolver=self._resolver,
                names=self._names,
            )[0]
        except SpaceError:
            if not self._shape.filters:
                raise
            self._fail(trial)
            return None
        is_known = planned.identity in self._told or planned.identity in self._open
        if is_known or planned.status in {"completed", "accepted", "pruned"}:
            self._fail(trial)
            return None
        self._open[planned.identity] = trial
        planned = planned._replace(index=len(self.experiments))
        self.experiments.append(planned)
        return planned

    def _suggest(self, attempt: int) -> "tuple[Trial, list[Override]]":
        """Return a trial and the overrides of its point; of values with so many digits that they can be read back."""
        self._study.sampler = make_searcher(self._goal.sampler, f"{self._goal.seed} {self.known} {attempt}")
        trial = self._study.ask()
        branch, found = self._read_trial(trial)
        for each, value in found.items():
            settle(trial, each.name, each.label(value))
        values = {each.override: value for each, value in found.items()}
        return trial, [each.with_value(values[each]) if each in values else each for each in branch.overrides]

    def _read_trial(self, trial: "Trial") -> tuple[Branch, dict[Parameter, Any]]:
        number = 0
        if len(self._branches) > 1:
            number = trial.suggest_categorical("grid", list(range(len(self._branches))))
        branch = self._branches[number]
        return branch, {each: each.suggest(trial) for each in branch.parameters}

    def _fail(self, trial: "Trial") -> None:
        from optuna.trial import TrialState  # noqa: PLC0415 - an extra

        self._study.tell(trial, state=TrialState.FAIL)

    def tell(self, outcome: Outcome) -> None:
        """Take in what became of an experiment, before the next one is asked for."""
        with self._turn:
            identity = self.experiments[outcome.index].identity
            trial = self._open.get(identity)
            if trial is None or outcome.status in {"elsewhere", "unstarted", "interrupted"}:
                return
            del self._open[identity]
            self._told.add(identity)
            self._settled.add(outcome.name)
            value, known = self._read_outcome(outcome), self.experiments[outcome.index]
            if value is not None and not constrain(trial, self._goal, known.resolved, outcome.results):
                value = None
            if outcome.status == "pruned":
                prune(trial, self._goal.metric, Store(self._store.root).find(outcome.name))
            elif value is None:
                self._fail(trial)
            else:
                self._study.tell(trial, value)

    def _read_outcome(self, outcome: Outcome) -> float | None:
        """Return the value of an experiment; None for one that failed or diverged."""
        if outcome.status not in {"completed", "skipped"}:
            return None
        value = outcome.results.get(self._goal.metric)
        if value is None:
            try:
                value = self._read_value(Store(self._store.root).find(outcome.name))
            except NotFoundError:
                return None
            if value is None:
                self.trouble = explain_lacking(outcome.name, self._goal.metric, outcome.results)
        return read_number(value)

    def _read_value(self, experiment: StoredExperiment) -> float | None:
        value = experiment.results.get(self._goal.metric)
        return read_number(read_value(experiment, self._goal.metric) if value is None else value)

    def _look(self, *, force: bool = False) -> None:
        """Take in what is in the store, of earlier commands and of other runners."""
        if not force and time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        own = {one.identifier for one in self.experiments if one.identity in self._open}
        ended = []
        for one in Store(self._store.root).read_others(self._settled | own):
            if one.status in {"completed", "pruned", *BROKEN}:
                self._settled.add(one.name)
                ended.append(one)
        for branch in self._branches:
            self._learn(branch, ended)

    def _learn(self, branch: Branch, experiments: Sequence[StoredExperiment]) -> None:
        """Tell the study of the experiments that are points of a branch: those of which the config is what it makes."""
        groups: dict[tuple[Any, ...], list[tuple[StoredExperiment, list[Any]]]] = {}
        for one in experiments:
            values = find_values(branch, one)
            if values is not None and one.identity not in self._told:
                chosen = tuple(value for each, value in zip(branch.parameters, values, strict=True) if each.chooses)
                groups.setdefault(chosen, []).append((one, values))
        found = []
        for members in groups.values():
            identities = self._identify(branch, [values for _, values in members])
            found += [
                member for member, identity in zip(members, identities, strict=True) if identity == member[0].identity
            ]
        for one, values in sorted(found, key=_read_start):  # as they came to be known
            if one.identity not in self._told:
                self._told.add(one.identity)
                self._open.pop(one.identity, None)
                self._add(branch, one, values)

    def _identify(self, branch: Branch, rows: Sequence[Sequence[Any]]) -> list[str]:
        return identify(branch, rows, Describer(self._composer, self._settings, self._resolver))

    def _add(self, branch: Branch, one: StoredExperiment, values: Sequence[Any]) -> None:
        """Tell the study of an experiment that it has not asked for."""
        params = {each.name: each.label(known) for each, known in zip(branch.parameters, values, strict=True)}
        distributions = {each.name: each.distribution for each in branch.parameters}
        if len(self._branches) > 1:
            params["grid"] = self._branches.index(branch)
            distributions["grid"] = describe_choice(len(self._branches))
        value = self._read_value(one) if one.completed else None
        if one.completed and value is None and self._goal.metric not in one.results:
            self._lacking.append(one)
        self._study.add_trial(recall(one, value, self._goal, params, distributions))


def _read_start(member: tuple[StoredExperiment, Sequence[Any]]) -> str:
    record = member[0].record
    return (record.started if record else None) or ""


def plan_search(
    overrides: Sequence[Override],
    composer: Composer,
    store: StorePaths,
    settings: Settings,
    shape: Shape,
    *,
    resolver: Resolver,
    most: int,
) -> Plan:
    """Return the plan of a search: the first points, and the search that asks for more.

    Raises:
        SpaceError: There is nothing to search.
        UsageError: Optuna is not installed.
    """
    assert shape.goal is not None, "a search has a goal"
    if shape.zips or shape.points:
        raise SpaceError(f"--sampler {shape.goal.sampler} searches keys one by one: leave --zip and --points out")
    given: list[Sequence[Override]] = [overrides]
    if shape.files:
        given = [merge_overrides(grid, overrides) for file in shape.files for grid in file.grids]
    branches = read_branches(given, composer)
    if not any(branch.parameters for branch in branches):
        raise SpaceError("There is nothing to search: give a key a range, as in 'lr=log(1e-5,1e-1)', or values.")
    search = Search(shape.goal, branches, composer, store, settings, shape=shape, resolver=resolver)
    plan = Plan(tuple(search.take(most)), store, search=search)
    if plan.experiments:
        return plan
    known = f"{search.known} points of this space are known already"
    more = f"--trials {search.known + shape.goal.trials} asks for more"
    return dataclasses.replace(
        plan, remarks=(f"{known}, and it has no more" if search.is_exhausted else f"{known}: {more}",)
    )
