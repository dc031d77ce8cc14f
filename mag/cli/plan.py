"""What `--dry-run` shows: the experiments of a plan and how each stands."""

import json
from typing import Any

import click

from mag.cli.messages import say
from mag.cli.output import write_table
from mag.cli.wording import count_experiments, describe_counts
from mag.config.secrets import mask
from mag.record.values import encode_config
from mag.sweeps.plans import Plan


def show_plan(plan: Plan, *, as_json: bool) -> None:
    """Print a plan on standard output: name, state, overrides."""
    if as_json:
        click.echo(json.dumps([_describe(experiment) for experiment in plan], ensure_ascii=False, indent=2))
        return
    rows = [[e.identifier, e.status, " ".join(e.overrides)] for e in plan]
    write_table(["name", "status", "overrides"], rows)
    more = f", {plan.duplicates} asked for more than once" if plan.duplicates else ""
    say(f"{count_experiments(len(plan))}: {describe_counts(plan.count())}{more}. Nothing was run.")


def _describe(experiment: Any) -> dict[str, Any]:
    return {
        "name": experiment.identifier,
        "status": experiment.status,
        "identity": experiment.identity,
        "overrides": list(experiment.overrides),
        "config": mask(encode_config(experiment.resolved)),
    }
