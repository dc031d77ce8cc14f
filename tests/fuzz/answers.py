"""mag's side of the fuzz: the same questions as `tests/fuzz/peer.py` answers."""

import itertools
from typing import Any

from omegaconf import OmegaConf

import mag
from mag.config.language.override import Choice, Glob, Interval
from tests.fuzz.spelling import spell

MOST = 2000


def answer(question: dict[str, Any]) -> dict[str, str]:
    """Return the answer to one question; an error that is not mag's own is "crashed"."""
    try:
        value = _ask(question)
        return {"exact": spell(value), "loose": spell(value, loose=True)}
    except mag.MagError as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    except Exception as error:  # noqa: BLE001 - that nothing else is raised is what is tried
        return {"crashed": f"{type(error).__name__}: {error}"}


def _ask(question: dict[str, Any]) -> Any:
    if question["kind"] == "grammar":
        return read_override(question["text"])
    folder, overrides = question["folder"], question["overrides"]
    if question["kind"] == "compose":
        return OmegaConf.to_container(mag.compose(overrides, config_path=folder))
    planned = mag.plan(overrides, config_path=folder, experiments_dir=f"{folder}/experiments")
    return [experiment.composed for experiment in planned]


def read_override(text: str) -> list[Any]:
    """Return what an override means: operation, key, package, and its value or values; shuffled ones sorted."""
    override = mag.parse_override(text)
    name = [override.operation, override.key, override.package]
    sweep = override.sweep
    if isinstance(sweep, Glob):
        return [*name, "glob", list(sweep.include), list(sweep.exclude)]
    if isinstance(sweep, Interval):
        return [*name, "interval", sweep.start, sweep.end, sorted(sweep.tags)]
    if isinstance(sweep, Choice):
        values = list(itertools.islice(sweep.values, MOST))
        return [*name, "choice", sorted(values, key=spell) if "shuffle" in text else values, sorted(sweep.tags)]
    return [*name, "value" if override.has_value else "none", override.value]
