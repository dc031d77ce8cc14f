"""mag: describe experiments as config groups, run every combination, lose nothing.

The package is a pipeline. Each part uses only those below it:

    cli/         the command line, one file a command or family of commands
    sweeps/      request -> plan -> launch -> report
    plans/       overrides -> space -> points -> frozen plan
    launch/      a plan onto an engine
    run/         one experiment in a process of its own
    compare/     experiments -> table -> summary, differences
    experiment   one config with a home
    record/      what is on disk beside the code: paths, records, attempts, claims, log, store
    code/        the code that ran: commits, snapshots, checkouts; the environment
    app/         which function and which configs a command means
    config/      YAML groups and overrides -> nested config -> flat config -> identity, identifier
    settings     what a project says about how mag works in it
    disk/        files that no crash leaves half written, locks, JSON
    errors       MagError and its tree

and three small modules for all: clock, suggestion (what an error says is known, and nearest) and patterns (regular
expressions, compiled when they are first used).

Public names are loaded when they are first asked for: `import mag` costs next to nothing.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Never, overload

from mag.record import seeds as seeds  # it notes in which state `random` is before the program uses it

if TYPE_CHECKING:
    from pathlib import Path

    from mag.app import App, Main
    from mag.compare.experiments import Store
    from mag.config.composition.programs import compose
    from mag.config.instances import instantiate
    from mag.config.language.grammar import parse_override
    from mag.config.language.override import Override
    from mag.errors import MagError
    from mag.experiment import Experiment
    from mag.plans.plan import Plan, plan
    from mag.record.seeds import seed_everything
    from mag.sweeps.sweep import sweep

_HOMES = {
    "Experiment": "mag.experiment",
    "MagError": "mag.errors",
    "Override": "mag.config.language.override",
    "Plan": "mag.plans.plan",
    "Store": "mag.compare.experiments",
    "instantiate": "mag.config.instances",
    "compose": "mag.config.composition.programs",
    "parse_override": "mag.config.language.grammar",
    "plan": "mag.plans.plan",
    "seed_everything": "mag.record.seeds",
    "sweep": "mag.sweeps.sweep",
}

__all__ = [
    "Experiment",
    "MagError",
    "Override",
    "Plan",
    "Store",
    "compose",
    "instantiate",
    "main",
    "parse_override",
    "plan",
    "seed_everything",
    "sweep",
]


@overload
def main(config_path: Callable[..., Any], /) -> "Main": ...
@overload
def main(
    config_path: "str | Path | None" = None,
    config_name: str | None = "config",
    version_base: object = None,
    schema: type | None = None,
    group_schemas: Mapping[str, type] | None = None,
    *,
    missing: str = "early",
    start_method: str | None = None,
    **unknown: Never,
) -> "Callable[[Callable[..., Any]], Main]": ...
def main(
    config_path: "str | Path | Callable[..., Any] | None" = None,
    config_name: str | None = "config",
    version_base: object = None,  # noqa: ARG001
    schema: type | None = None,
    group_schemas: Mapping[str, type] | None = None,
    *,
    missing: str = "early",
    start_method: str | None = None,
    **unknown: object,
) -> "Main | Callable[[Callable[..., Any]], Main]":
    """Make a function the app of a project.

    The function takes the config and, if it has a second parameter or a keyword-only one called `experiment`, the
    experiment. What it returns is registered: a mapping as results by name, anything else as `result`. Called without
    an argument, `train()` runs the command line: `python train.py C=10` runs one experiment, `python train.py -m
    C=1,10` every combination.

    A function without configs of its own needs no parentheses: `@mag.main`.

    Args:
        config_path: Directory of the configs, relative to the function's file; None for no configs.
        config_name: The primary config in it, with or without `.yaml`.
        version_base: Taken for the sake of apps that were written for Hydra; without any effect.
        schema: A dataclass that says which keys a config has, of which types, and what they are if no file says so.
            What does not fit is an error before anything starts. The function gets the config, as ever.
        group_schemas: Dataclasses for the content of single options, `{"model/svm": Svm, "model/mlp": Mlp}`.
        missing: "late" where the function fills values that are still `???` in the config, or does not read them;
            otherwise such a value is an error before anything starts.
        start_method: "spawn" to run each experiment in a fresh interpreter that imports the app, "fork" for a fork of
            one that has. If left out they are forked, unless the import starts threads or initializes CUDA.
        unknown: None is known.

    Raises:
        UsageError: An argument has no such name.
    """
    from mag.app.decorator import decorate, refuse_argument  # noqa: PLC0415 - importing mag costs next to nothing

    for name in unknown:
        refuse_argument(name, "@mag.main")
    return decorate(
        _run_app, config_path, config_name, schema, group_schemas, missing=missing, start_method=start_method
    )


def _run_app(app: "App") -> Never:
    """Be the command line of this app: the app itself, being below it, cannot know of it."""
    from mag.cli.program import run_app  # noqa: PLC0415 - importing mag costs next to nothing

    run_app(app)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mag' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
