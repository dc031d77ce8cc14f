"""Searchers: Optuna's samplers, by the names that `--sampler` takes; packages offer more by `mag.samplers`."""

import importlib.metadata
import warnings
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mag.errors import UsageError
from mag.suggestion import list_names, name_nearest

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler


def _make_random(seed: int) -> "BaseSampler":
    from optuna.samplers import RandomSampler  # noqa: PLC0415 - an extra

    return RandomSampler(seed=seed)


def _make_tpe(seed: int) -> "BaseSampler":
    from optuna.samplers import TPESampler  # noqa: PLC0415 - an extra

    return TPESampler(seed=seed, constant_liar=True)


def _make_gp(seed: int) -> "BaseSampler":
    _require("torch", "gp")
    from optuna.samplers import GPSampler  # noqa: PLC0415 - an extra

    return GPSampler(seed=seed)


def _make_cmaes(seed: int) -> "BaseSampler":
    _require("cmaes", "cmaes")
    from optuna.samplers import CmaEsSampler  # noqa: PLC0415 - an extra

    return CmaEsSampler(seed=seed)


SEARCHERS: Mapping[str, Callable[[int], "BaseSampler"]] = {
    "random": _make_random,
    "tpe": _make_tpe,
    "gp": _make_gp,
    "cmaes": _make_cmaes,
}
"""What makes a sampler from a seed."""


def list_searchers() -> list[str]:
    """Return the names of all samplers that search, those of packages included."""
    return [*SEARCHERS, *(point.name for point in importlib.metadata.entry_points(group="mag.samplers"))]


def make_searcher(name: str, seed: str) -> "BaseSampler":
    """Return the sampler that asks for the next point, whose random choices depend on the seed.

    That tells how many points are known: a search that goes on later asks for what it would have asked for without a
    break.

    Raises:
        UsageError: There is none of that name, or what it needs is not installed.
    """
    number = zlib.crc32(seed.encode())
    with warnings.catch_warnings(action="ignore"):  # what Optuna calls experimental
        if name in SEARCHERS:
            return SEARCHERS[name](number)
        offered = {point.name: point for point in importlib.metadata.entry_points(group="mag.samplers")}
        if name in offered:
            made: BaseSampler = offered[name].load()(number)
            return made
    near = name_nearest(name, list_searchers())
    hint = f"did you mean {near}?" if near else f"there are {list_names(list_searchers())}."
    raise UsageError(f"There is no sampler {name!r} that searches: {hint}")


def open_study(*, maximize: bool) -> "Study":
    """Return a new study, in memory.

    Raises:
        UsageError: Optuna is not installed.
    """
    try:
        import optuna  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            "A search needs Optuna, which is not installed: type pip install 'mag-sweep[tune]'."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(direction="maximize" if maximize else "minimize")


def _require(module: str, sampler: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError(
            f"--sampler {sampler} needs the package {module}, which is not installed: type pip install {module}."
        ) from error
