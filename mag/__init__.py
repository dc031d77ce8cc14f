"""mag: describe experiments as config groups, run every combination, lose nothing.

The package is a pipeline, in the order in which data flows:

    app/         which function and which configs a command means
    config/      YAML groups and overrides -> nested config -> flat config -> identity, identifier
    sweeps/      overrides -> space -> points -> plan
    launch/      a plan onto an engine
    run/         one experiment in a process of its own
    experiment   one config with a home
    record/      everything on disk: paths, records, locks, store, commit
    compare/     experiments -> table -> summary
    cli/         the command line, one file a command
    settings     what a project says about how mag works in it
    errors       MagError and its tree
    suggestion   what an error says is known, and nearest
    patterns     regular expressions, compiled when they are used

Public names are loaded when they are first asked for: `import mag` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mag.app.definition import main
    from mag.config.composition.programs import compose
    from mag.config.language.grammar import parse_override
    from mag.config.language.override import Override
    from mag.errors import MagError
    from mag.experiment import Experiment
    from mag.record.seeds import seed_everything
    from mag.record.store import Store
    from mag.sweeps.plans import Plan, plan
    from mag.sweeps.programs import sweep

_HOMES = {
    "Experiment": "mag.experiment",
    "MagError": "mag.errors",
    "Override": "mag.config.language.override",
    "Plan": "mag.sweeps.plans",
    "Store": "mag.record.store",
    "compose": "mag.config.composition.programs",
    "main": "mag.app.definition",
    "parse_override": "mag.config.language.grammar",
    "plan": "mag.sweeps.plans",
    "seed_everything": "mag.record.seeds",
    "sweep": "mag.sweeps.programs",
}

__all__ = [
    "Experiment",
    "MagError",
    "Override",
    "Plan",
    "Store",
    "compose",
    "main",
    "parse_override",
    "plan",
    "seed_everything",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mag' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
