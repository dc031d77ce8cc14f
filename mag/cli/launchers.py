"""The options that hand the experiments of a sweep to an engine."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.launch.engine import EngineRequest
    from mag.settings import Settings

_ENGINE_OPTIONS = (
    click.option("--launcher", metavar="NAME", help="Hand the experiments to slurm, say: mag help clusters."),
    click.option(
        "-o",
        "--launcher-option",
        "launcher_options",
        metavar="KEY=VALUE",
        multiple=True,
        help="Tell the launcher: -o partition=gpu (repeatable).",
    ),
    click.option(
        "--per-task", type=click.IntRange(min=1), metavar="N", help="How many experiments one task of the engine runs."
    ),
    click.option("--detach", is_flag=True, help="Return at once; the experiments run without this terminal."),
    click.option("--live", is_flag=True, help="With a launcher: run the code where it is, not a frozen copy."),
)


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that hand its experiments to an engine."""
    for option in reversed(_ENGINE_OPTIONS):
        command = option(command)
    return command


def read_engine(options: Mapping[str, Any], settings: "Settings") -> "EngineRequest | None":
    """Return which engine runs the experiments; None for this process's own launcher.

    Raises:
        UsageError: An option goes with a launcher, and there is none, or is no KEY=VALUE.
    """
    name = options["launcher"] if options["launcher"] != "local" else None
    if name is None and not options["detach"]:
        for option in ("launcher_options", "per_task", "live"):
            if options[option]:
                typed = {"launcher_options": "--launcher-option"}.get(option, f"--{option.replace('_', '-')}")
                raise UsageError(f"{typed} goes with a launcher: add --launcher slurm, for example, or --detach.")
        return None
    from mag.launch.engine import EngineRequest

    told = dict(settings.launcher.get(name or "background", {}))
    engine = told.pop("engine", name or "background")
    for text in options["launcher_options"]:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--launcher-option {text!r} is no KEY=VALUE, such as partition=gpu.")
        told[key] = value
    address = {"dask": "DASK_SCHEDULER_ADDRESS", "ray": "RAY_ADDRESS"}.get(engine)
    if options["detach"] and address and not (told.get("address") or os.environ.get(address)):
        raise UsageError(f"--detach needs a cluster that stays: say where it is, with -o address=... or {address}.")
    gpus = None if options["gpus"] is None else (options["gpus"], options["gpus_per_experiment"], options["per_gpu"])
    per_task = options["per_task"] or (sys.maxsize if engine == "background" else None)
    return EngineRequest(engine, told, per_task, detach=options["detach"], gpus=gpus)
