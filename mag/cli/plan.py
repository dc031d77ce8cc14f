"""What `--dry-run` shows: the experiments of a plan and how each stands."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mag.cli.messages import say
from mag.cli.output import write_lines, write_table
from mag.cli.wording import count_experiments, describe_counts
from mag.config.secrets import mask
from mag.disk.values import encode_config

if TYPE_CHECKING:
    from mag.plans.plan import Plan, PlannedExperiment

_IMPORTED = "imported ones run again, unless `mag accept NAME` says that they are done"


def show_plan(plan: "Plan", *, as_json: bool, secrets: Sequence[str] = ()) -> None:
    """Print a plan on standard output: name, state, overrides."""
    if as_json:
        write_lines(_list_json(plan, secrets))
        return
    rows = [[e.identifier, e.status, " ".join(e.overrides)] for e in plan]
    write_table(["name", "status", "overrides"], rows)
    say(f"{describe_plan(plan)}. Nothing was run.")


def describe_plan(plan: "Plan") -> str:
    """Return how many experiments a plan has, how they stand, and what it does not have."""
    parts = [describe_counts(plan.count()), *list_remarks(plan)]
    return f"{count_experiments(len(plan))}: {', '.join(parts)}"


def list_remarks(plan: "Plan") -> list[str]:
    """Return what there is to say of the points that are not in a plan, and of those that Hydra ran."""
    remarks = [
        f"{plan.duplicates} asked for more than once" if plan.duplicates else "",
        f"{plan.left_out} left out by the filters" if plan.left_out else "",
        *(f"{text} leaves out none" for text in plan.idle),
        f"{plan.missing} fewer than the sample asked for, there are no more" if plan.missing else "",
        _IMPORTED if any(experiment.status == "imported" for experiment in plan) else "",
    ]
    return [remark for remark in remarks if remark]


def _list_json(plan: "Plan", secrets: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a JSON list, an experiment each, so that a large plan needs no memory of its own."""
    yield "["
    for experiment in plan:
        comma = "," if experiment is not plan.experiments[-1] else ""
        yield json.dumps(_describe(experiment, secrets)) + comma
    yield "]"


def _describe(experiment: "PlannedExperiment", secrets: Sequence[str]) -> dict[str, Any]:
    return {
        "name": experiment.identifier,
        "status": experiment.status,
        "identity": experiment.identity,
        "overrides": list(experiment.overrides),
        "config": mask(encode_config(experiment.resolved), secrets),
    }
