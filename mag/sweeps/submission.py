"""Submission: a sweep handed to an engine, in batches of as many experiments as seem right."""

import json
import os
import statistics
from collections.abc import Callable, Iterator
from itertools import islice

from mag.launch.batches import Batches, list_batches
from mag.launch.engine import EngineRequest
from mag.launch.engines import make_engine
from mag.launch.follower import Follower
from mag.record.paths import StorePaths
from mag.run.tasks import Conditions
from mag.sweeps.codebase import Codebase
from mag.sweeps.request import Request
from mag.sweeps.worker import describe_setup

_BATCH_SECONDS = 600
"""How long a batch may take where nothing is said, as far as the experiments that ran before tell."""
_MOST_PER_BATCH = 50
_KNOWN = 20
"""How many experiments that ran before are asked how long they took."""


def make_follower(
    request: Request,
    engine: EngineRequest,
    code: Codebase,
    conditions: Conditions,
    *,
    count: int,
    started: Callable[[str], None],
) -> Follower:
    """Return the launcher that hands the experiments to an engine.

    Raises:
        UsageError: There is no such engine, or it cannot do with its options.
        LaunchError: It is not to be reached, or the app cannot be run elsewhere.
    """
    store, sweep = StorePaths(conditions.store), str(conditions.provenance.sweep)
    per_batch = engine.per_task or choose_per_batch(store, count)
    most = None if request.jobs is None else max(1, request.jobs // per_batch)
    jobs = request.jobs if engine.name == "background" else None
    setup = describe_setup(code, conditions, jobs=jobs, gpus=engine.gpus, start_method=request.start_method)
    made = make_engine(engine)
    batches = Batches(store.batches(sweep))
    batches.create(setup)
    return Follower(
        made,
        batches,
        engine,
        store,
        per_batch=per_batch,
        most=most,
        max_failures=request.max_failures,
        others=list_batches(store.manifests),
        started=started,
    )


def choose_per_batch(store: StorePaths, count: int) -> int:
    """Return how many experiments a batch has: one where nobody knows how long they take, more where they are short."""
    seconds = [known for known in islice(_read_seconds(store), _KNOWN) if known is not None]
    if not seconds:
        return 1
    return max(1, min(_MOST_PER_BATCH, count, int(_BATCH_SECONDS / max(0.1, statistics.median(seconds)))))


def _read_seconds(store: StorePaths) -> Iterator[float | None]:
    """Yield how long experiments of a store took."""
    try:
        names = [entry.name for entry in islice(os.scandir(store.root), 2 * _KNOWN)]
    except OSError:
        return
    for name in names:
        try:
            with open(store.experiment(name).record, "rb") as file:
                found = json.load(file).get("seconds")
        except (OSError, ValueError, AttributeError):
            continue
        yield float(found) if isinstance(found, int | float) else None
