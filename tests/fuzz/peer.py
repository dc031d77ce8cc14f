"""Hydra's side of the fuzz, run by a Python that has hydra-core: a JSON line for each question, one for each answer.

A question is {"kind": "grammar", "text": ...} or {"kind": "compose" | "sweeps", "folder": ..., "overrides": [...]}; an
answer {"exact": ..., "loose": ...}, as `spell` writes it, or {"refused": why}.
"""

import itertools
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, IntervalSweep, Override, RangeSweep, Sweep
from omegaconf import OmegaConf

from tests.fuzz.spelling import spell

MOST = 2000
"""Of a sweep that may be endless, so many values are compared."""

_OPERATIONS = {"CHANGE": "set", "ADD": "add", "FORCE_ADD": "force", "DEL": "delete"}


def read_override(text: str) -> list[Any]:
    """Return what an override means, as `tests.fuzz.answers.read_override` says it."""
    override = OverridesParser.create().parse_override(text)
    name = [_OPERATIONS[override.type.name], override.key_or_group, override.package]
    value = override._value
    if isinstance(value, Glob):
        return [*name, "glob", list(value.include), list(value.exclude)]
    if isinstance(value, IntervalSweep):
        return [*name, "interval", value.start, value.end, sorted(value.tags)]
    if override.is_sweep_override():
        return [*name, "choice", _list_values(override), sorted(getattr(value, "tags", ()))]
    return [*name, "value" if override.value_type else "none", override.value()]


def _list_values(override: Override) -> list[Any]:
    sweep = override._value
    values = sweep.range() if isinstance(sweep, RangeSweep) else sweep.list if isinstance(sweep, ChoiceSweep) else sweep
    listed = [Override._convert_value(value) for value in itertools.islice(values, MOST)]
    if any(isinstance(value, Sweep | Glob) for value in listed):
        raise ValueError("a sweep inside a sweep")
    return sorted(listed, key=spell) if "shuffle" in str(override.input_line) else listed


def compose_one(folder: str, overrides: list[str]) -> Any:
    """Return the config that overrides make of the files in a folder, its interpolations unresolved."""
    with initialize_config_dir(folder, version_base="1.3"):
        return OmegaConf.to_container(compose("config", overrides), resolve=False)


def compose_each(folder: str, overrides: list[str]) -> list[Any]:
    """Return the configs of a sweep's points, in order; one that came before is left out, as mag runs it once."""
    with initialize_config_dir(folder, version_base="1.3"):
        parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
        (points,) = BasicSweeper.split_arguments(parser.parse_overrides(overrides), None)
        configs = [OmegaConf.to_container(compose("config", list(point)), resolve=False) for point in points]
    return list({spell(config): config for config in configs}.values())


def answer(question: dict[str, Any]) -> dict[str, str]:
    """Return the answer to one question."""
    try:
        if question["kind"] == "grammar":
            value = read_override(question["text"])
        else:
            ask = compose_one if question["kind"] == "compose" else compose_each
            value = ask(question["folder"], question["overrides"])
        return {"exact": spell(value), "loose": spell(value, loose=True)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the question was refused
        return {"refused": f"{type(error).__name__}: {error}"[:500]}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
