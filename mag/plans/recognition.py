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
from mag.plans.selection import PointFilter, PointSelection
from mag.plans.space import Dimension, Grid, Space
from mag.record.pruning import Curve
from mag.record.store import StoredExperiment

if TYPE_CHECKING:
    from optuna import Trial


def identify(branch: Branch, rows: Sequence[Sequence[Any]], describer: Describer) -> list[str | None]:
    """Return the identities of points that choose the same options."""
    places, members, columns = [], [], []
    overrides = list(branch.overrides)
    for number, each in enumerate(branch.parameters):
        place = branch.overrides.index(each.override)
        if each.chooses:
            overrides[place] = each.override.with_value(rows[0][number])
        else:
            places.append(place)
            members.append(dataclasses.replace(each.override, sweep=Choice(tuple(row[number] for row in rows))))
            columns.append([row[number] for row in rows])
            overrides[place] = members[-1]
    dimensions = (Dimension(tuple(places), tuple(members), tuple(columns)),) if places else ()
    selection = PointSelection(describer, PointFilter((), ()))
    found: list[str | None] = [None] * len(rows)
    for description in selection.select(Space((Grid(overrides, dimensions),))):
        index = description.point.indices[0] if places else 0
        found[index] = description.identity
    return found


def constrain(trial: "Trial", goal: Goal, config: Mapping[str, Any], results: Mapping[str, Any]) -> bool:
    """Note by how much results violate the constraints; return whether there is telling."""
    if not goal.constraints:
        return True
    known = {**flatten(config), **results}
    violations = [each.measure(known.get) for each in goal.constraints]
    for each, violation in zip(goal.constraints, violations, strict=True):
        trial.set_constraint(each.text, violation)
    return all(map(math.isfinite, violations))


def prune(trial: "Trial", metric: str, one: StoredExperiment) -> None:
    """Tell the study of an experiment that was pruned, and what it had logged by then."""
    from optuna.trial import TrialState  # noqa: PLC0415 - an extra

    for step, value in dict(Curve(one.paths.metrics, metric).read()).items():
        trial.report(value, step)
    trial.study.tell(trial, state=TrialState.PRUNED)
