"""Sharing a sweep: what another process is running is waited for, and taken over if that dies."""

import time
from collections.abc import Callable, Iterator, Sequence

from mag.disk import locks
from mag.launch.local import LocalLauncher
from mag.plans.plan import PlannedExperiment
from mag.record.paths import StorePaths
from mag.run.tasks import Outcome, Task

_LOOK_SECONDS = 0.1


def run_shared(
    launcher: LocalLauncher,
    todo: Sequence[PlannedExperiment],
    store: StorePaths,
    *,
    force: bool,
    waiting: Callable[[int], None],
) -> Iterator[Outcome]:
    """Run experiments, and yield the one outcome of each in the order in which they end."""
    planned = {experiment.index: experiment for experiment in todo}
    told = 0
    while todo:
        elsewhere = []
        for outcome in launcher.launch(_list_tasks(todo, force=force)):
            if outcome.status == "elsewhere" and not launcher.is_ending:
                elsewhere.append(planned[outcome.index])
            else:
                yield outcome
        todo, force = elsewhere, False  # who runs it now need not have been asked to run it once more
        if todo:
            if told != len(todo):
                waiting(told := len(todo))
            _wait_for_any(todo, store, launcher)


def _list_tasks(todo: Sequence[PlannedExperiment], *, force: bool) -> Iterator[Task]:
    for e in todo:
        known = e.index, e.identifier, e.identity, e.resolved, e.overrides
        yield Task(*known, force=force, attempt=e.attempt, composed=e.written, choices=e.choices)


def _wait_for_any(todo: Sequence[PlannedExperiment], store: StorePaths, launcher: LocalLauncher) -> None:
    paths = [store.experiment(experiment.identifier).lock for experiment in todo]
    time.sleep(_LOOK_SECONDS)  # always: it may be another directory, with a suffix, that is held
    while not launcher.is_ending and all(map(locks.is_held, paths)):
        time.sleep(_LOOK_SECONDS)
