"""The engines that there are: mag's own, and those that packages offer."""

import contextlib
import importlib.metadata
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from mag.errors import UsageError
from mag.launch.batches import Batches
from mag.launch.engine import Engine, EngineRequest, Standing
from mag.record.paths import StorePaths
from mag.suggestion import list_names, name_nearest

_LOOK_SECONDS = 0.5


def _make_background(options: Mapping[str, str]) -> Engine:
    from mag.launch.background import Background  # noqa: PLC0415 - few sweeps need one

    return Background(options)


def _make_dask(options: Mapping[str, str]) -> Engine:
    from mag.launch.dask import Dask  # noqa: PLC0415 - few sweeps need one

    return Dask(options)


def _make_ray(options: Mapping[str, str]) -> Engine:
    from mag.launch.ray import Ray  # noqa: PLC0415 - few sweeps need one

    return Ray(options)


def _make_slurm(options: Mapping[str, str]) -> Engine:
    from mag.launch.slurm import Slurm  # noqa: PLC0415 - few sweeps need one

    return Slurm(options)


ENGINES: Mapping[str, Callable[[Mapping[str, str]], Engine]] = {
    "background": _make_background,
    "slurm": _make_slurm,
    "dask": _make_dask,
    "ray": _make_ray,
}
"""mag's own engines; packages offer more by the entry-point group `mag.engines`."""


def make_engine(request: EngineRequest) -> Engine:
    """Return the engine that is asked for.

    Raises:
        UsageError: There is none of that name, or it cannot do with its options.
        LaunchError: It is not to be reached.
    """
    if request.name in ENGINES:
        return ENGINES[request.name](request.options)
    offered = {point.name: point for point in importlib.metadata.entry_points(group="mag.engines")}
    if request.name not in offered:
        known = ["local", *ENGINES, *offered]
        near = name_nearest(request.name, known)
        hint = f"did you mean {near!r}?" if near else f"there are {list_names(known)}."
        raise UsageError(f"There is no launcher {request.name!r}: {hint}")
    made: Engine = offered[request.name].load()(request.options)
    return made


def cancel_batches(store: StorePaths, sweep: str, *, at_once: bool) -> None:
    """End the batches of a sweep that an engine has, where no runner of the sweep lives to do it.

    Raises:
        MagError: The engine is not to be reached.
    """
    batches = Batches(store.batches(sweep))
    with _reach(batches) as (engine, handles):
        if engine is None:
            return
        engine.cancel(handles.values(), at_once=at_once)
        while any(standing.phase != "over" for standing in engine.poll(handles.values()).values()):
            time.sleep(_LOOK_SECONDS)
        batches.close(handles)


def count_phases(store: StorePaths, sweep: str) -> Counter[str]:
    """Return how many batches of a sweep are queued, and how many run; what is over is noted as such.

    Raises:
        MagError: The engine is not to be reached.
    """
    batches = Batches(store.batches(sweep))
    with _reach(batches) as (engine, handles):
        if engine is None:
            return Counter()
        standings = engine.poll(handles.values())
        phases = {number: standings.get(handle, Standing("over")).phase for number, handle in handles.items()}
        if over := [number for number, phase in phases.items() if phase == "over"]:
            batches.close(over)
        return Counter(phase for phase in phases.values() if phase != "over")


@contextlib.contextmanager
def _reach(batches: Batches) -> Iterator[tuple[Engine | None, dict[int, str]]]:
    """Lend the engine that has batches, and their handles; None where all are over."""
    name, options, handles = batches.read_handles()
    if not handles:
        yield None, {}
        return
    engine = make_engine(EngineRequest(name, options))
    try:
        yield engine, handles
    finally:
        engine.close()
