"""What is known of the points of a search: which experiments are some, and what else than a value Optuna is told."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mag.config.flat import flatten
from mag.config.language.override import Choice
from mag.plans.describer import Describer
from mag.plans.goals import Goal
from mag.plans.parameters import Branch
from mag.plans.space import Dimension, Grid, Point
from mag.record.pruning import LoggedCurve
from mag.record.store import StoredExperiment

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


def identify(branch: Branch, rows: Sequence[Sequence[Any]], describer: Describer) -> list[str]:
    """Return the identities of points that choose the same options: what is worked out of a value serves all."""
    overrides, dimensions, columns = list(branch.overrides), [], []
    for number, each in enumerate(branch.parameters):
        place = branch.overrides.index(each.override)
        if each.chooses:
            overrides[place] = each.override.with_value(rows[0][number])
            continue
        places = {repr(row[number]): row[number] for row in rows}
        overrides[place] = dataclasses.replace(each.override, sweep=Choice(tuple(places.values())))
        dimensions.append(Dimension((place,), (overrides[place],), (tuple(places.values()),)))
        index = {text: at for at, text in enumerate(places)}
        columns.append([index[repr(row[number])] for row in rows])
    grid = Grid(overrides, dimensions)
    points = zip(*columns, strict=True) if columns else [()] * len(rows)
    return [describer.describe(Point(grid, tuple(indices))).identity for indices in points]


def recall(
    one: StoredExperiment,
    value: float | None,
    goal: Goal,
    params: dict[str, Any],
    distributions: dict[str, "BaseDistribution"],
) -> "FrozenTrial":
    """Return an experiment that has ended as a trial of Optuna's; one without a value has failed, or was pruned."""
    from optuna.trial import TrialState, create_trial  # noqa: PLC0415 - an extra

    violations = _measure(goal, one.config, one.results)
    state = TrialState.COMPLETE if value is not None else TrialState.FAIL
    steps: dict[int, float] = {}
    if one.status == "pruned":
        state, steps = TrialState.PRUNED, dict(LoggedCurve(one.paths.metrics, goal.metric).read())
    elif not all(map(math.isfinite, violations.values())):
        state = TrialState.FAIL
    trial = create_trial(
        state=state,
        value=value if state == TrialState.COMPLETE else None,
        params=params,
        distributions=distributions,
        intermediate_values=steps,
    )
    for text, violation in violations.items():
        trial.set_constraint(text, violation)
    return trial


def describe_choice(number: int) -> "BaseDistribution":
    """Return what the number of a grid is taken from."""
    from optuna.distributions import CategoricalDistribution  # noqa: PLC0415 - an extra

    return CategoricalDistribution(range(number))


def settle(trial: "Trial", name: str, value: Any) -> None:
    """Have a trial that asks for a value ask for this one, which is the same with fewer digits."""
    if trial.params[name] != value:
        storage, distribution = trial.storage, trial.distributions[name]
        study = storage.get_study_id_from_name(trial.study.study_name)
        number = storage.get_trial_id_from_study_id_trial_number(study, trial.number)
        storage.set_trial_param(number, name, distribution.to_internal_repr(value), distribution)


def constrain(trial: "Trial", goal: Goal, config: Mapping[str, Any], results: Mapping[str, Any]) -> bool:
    """Note by how much results violate the constraints; return whether there is telling."""
    violations = _measure(goal, config, results)
    for text, violation in violations.items():
        trial.set_constraint(text, violation)
    return all(map(math.isfinite, violations.values()))


def _measure(goal: Goal, config: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, float]:
    if not goal.constraints:
        return {}
    known = {**flatten(config), **results}
    return {each.text: each.measure(known.get) for each in goal.constraints}


def prune(trial: "Trial", metric: str, one: StoredExperiment) -> None:
    """Tell the study of an experiment that was pruned, and what it had logged by then."""
    from optuna.trial import TrialState  # noqa: PLC0415 - an extra

    for step, value in dict(LoggedCurve(one.paths.metrics, metric).read()).items():
        trial.report(value, step)
    trial.study.tell(trial, state=TrialState.PRUNED)
