"""The follower: a launcher that hands batches of tasks to an engine, and learns from the store what became of them."""

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from mag.errors import LaunchError, RecordError
from mag.launch.batches import Batches
from mag.launch.engine import Engine, EngineRequest, Standing
from mag.launch.verdict import settle
from mag.record.paths import StorePaths
from mag.record.records import BROKEN
from mag.run.tasks import Outcome, Task

_LOOK_SECONDS = 0.1
"""Between looks at what batches tell, which costs one read of a small file each."""
_FIRST_POLL, _SLOWEST_POLL = 0.5, 5.0
"""Seconds between questions to the engine: soon at first, so that short sweeps are not held up, then seldom."""
_LOOKS_WHEN_OVER = 2
"""How often a batch is found over before that is believed: a shared file system may show its last lines late."""
RESUMED = frozenset({"preempted", "timeout", "node failure"})
"""Why a batch may have ended so that its experiments are tried again: each goes on with the files that it has."""
_CHUNK = 1000
"""How many batches are submitted in one go."""


@dataclasses.dataclass(slots=True)
class _Batch:
    """A batch that was submitted.

    Attributes:
        of: The batches that it belongs to; those of another command's, where this one attached.
        waiting: Its tasks that have not ended yet, by identity.
        held: Outcomes that are believed when it is over: it may be tried again.
        offset: Where to go on listening.
        looks: How often it was found over.
    """

    of: Batches
    number: int
    handle: str
    waiting: dict[str, Task]
    held: dict[str, Outcome] = dataclasses.field(default_factory=dict)
    offset: int = 0
    looks: int = 0


class Follower:
    """Runs tasks through an engine."""

    def __init__(
        self,
        engine: Engine,
        batches: Batches,
        request: EngineRequest,
        store: StorePaths,
        *,
        per_batch: int = 1,
        most: int | None = None,
        max_failures: int | None = None,
        resumes: int = 3,
        others: Sequence[Batches] = (),
        started: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._batches = batches
        self._request = request
        self._store = store
        self._per_batch = per_batch
        self._most = most
        self._failures_left = max_failures
        self._resumes = resumes
        self._others = others
        self._started = started
        self._numbers = itertools.count(1)
        self._open: list[_Batch] = []
        self._handles: dict[int, str] = {}
        self._over: set[int] = set()
        self._stops = 0
        self._cancelled = 0
        self._ends = False
        self._tries: dict[str, int] = {}

    @property
    def is_ending(self) -> bool:
        """Whether nothing more is started."""
        return self._ends or self._stops > 0

    def launch(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Submit the tasks, but for those that an earlier command's batches still bring, and follow all of them."""
        rest = self._attach(tasks)
        if self._most is not None and not self._engine.limits:
            rest = iter(list(rest))  # they are submitted by and by, and it must be known before what others bring
        self._refill(rest)
        if self._request.detach:
            self._open.clear()
        yield from self._follow(rest)
        for task in rest:
            yield Outcome(task.index, task.name, "unstarted")

    def _refill(self, rest: Iterator[Task]) -> None:
        """Submit more tasks; where the engine sets no limit, as many as may run at a time."""
        while chunk := self._take_chunk(rest):
            self._submit(chunk)

    def _take_chunk(self, rest: Iterator[Task]) -> list[list[Task]]:
        room = _CHUNK
        if self._most is not None and not self._engine.limits and not self._request.detach:
            room = min(room, self._most - sum(batch.of is self._batches for batch in self._open))
        chunk: list[list[Task]] = []
        while not self.is_ending and len(chunk) < room and (batch := list(itertools.islice(rest, self._per_batch))):
            chunk.append(batch)
        return chunk

    def _attach(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Yield the tasks that nobody brings; follow the batches of earlier commands that bring the others."""
        coming = [one for each in self._others for one in self._find_alive(each)]
        brought: dict[str, _Batch] = {identity: one for one in coming for identity in one.waiting}
        wanted: set[str] = set()
        for task in tasks:
            one = brought.get(task.identity)
            if one is None:
                yield task
            else:
                wanted.add(task.identity)
                one.waiting[task.identity] = task
        for one in coming:
            one.waiting = {identity: task for identity, task in one.waiting.items() if identity in wanted}
            if one.waiting:
                self._open.append(one)

    def _find_alive(self, batches: Batches) -> Iterator[_Batch]:
        """Yield the batches of an earlier command that may still come, in this engine."""
        name, _, handles = batches.read_handles()
        if name != self._request.name or not handles or batches.folder == self._batches.folder:
            return
        standings = self._engine.poll(handles.values())
        for number, handle in handles.items():
            if (standing := standings.get(handle)) is not None and standing.phase != "over":
                try:
                    tasks = {task.identity: task for task in batches.read_tasks(number)}
                except RecordError:
                    continue
                done = {event.identity for event in batches.listen(number)[0] if event.outcome is not None}
                left = {identity: task for identity, task in tasks.items() if identity not in done}
                yield _Batch(batches, number, handle, left)

    def _submit(self, chunk: Sequence[Sequence[Task]]) -> None:
        """Hand batches to the engine.

        Raises:
            LaunchError: It refused, which ends the sweep: what was taken comes, and is found when it is typed again.
        """
        made = {next(self._numbers): tasks for tasks in chunk}
        for number, tasks in made.items():
            self._batches.add(number, tasks)
        try:
            handles = self._engine.submit(self._batches.folder, list(made), most=self._most)
        except LaunchError:
            for number in made:
                self._batches.drop(number)
            raise
        self._handles |= handles
        self._note_handles()
        for number, tasks in made.items():
            waiting = {task.identity: task for task in tasks}
            self._open.append(_Batch(self._batches, number, handles[number], waiting))

    def _note_handles(self) -> None:
        self._batches.write_handles(self._request.name, dict(self._request.options), self._handles, self._over)

    def _follow(self, rest: Iterator[Task]) -> Iterator[Outcome]:
        """Yield what becomes of all tasks of the open batches."""
        pause, polled = _FIRST_POLL, time.monotonic()
        while self._open:
            self._pass_stops_on()
            for batch in self._open:
                for outcome in self._hear(batch):
                    pause = _FIRST_POLL
                    yield self._count(outcome)
            if time.monotonic() - polled >= pause or all(batch.looks for batch in self._open):
                standings = self._engine.poll([batch.handle for batch in self._open])
                pause, polled = min(pause * 1.5, _SLOWEST_POLL), time.monotonic()
                for batch in list(self._open):
                    for outcome in self._judge(batch, standings.get(batch.handle, Standing("over"))):
                        yield self._count(outcome)
                self._refill(rest)
            if self._open:
                time.sleep(_LOOK_SECONDS)

    def _pass_stops_on(self) -> None:
        if self._stops > self._cancelled:
            self._cancelled = self._stops
            self._engine.cancel([batch.handle for batch in self._open], at_once=self._stops > 1)

    def _hear(self, batch: _Batch) -> Iterator[Outcome]:
        """Yield what a batch tells of its tasks."""
        events, batch.offset = batch.of.listen(batch.number, batch.offset)
        for event in events:
            task = batch.waiting.get(event.identity)
            if task is None:
                continue
            if event.outcome is None:
                self._started(event.name)
            elif event.outcome.status in {"interrupted", "unstarted"}:
                batch.held[event.identity] = event.outcome
            else:
                del batch.waiting[event.identity]
                batch.held.pop(event.identity, None)
                yield event.outcome._replace(index=task.index)

    def _judge(self, batch: _Batch, standing: Standing) -> Iterator[Outcome]:
        """Yield what became of the tasks of a batch that is over, and have those tried again that deserve it."""
        batch.looks = batch.looks + 1 if standing.phase == "over" else 0
        if standing.phase != "over" and batch.waiting:
            return
        if standing.phase == "over" and batch.looks < _LOOKS_WHEN_OVER and batch.waiting:
            return
        yield from self._hear(batch)
        self._open.remove(batch)
        if batch.of is self._batches and standing.phase == "over":
            self._over.add(batch.number)
            self._batches.drop(batch.number)
            self._note_handles()
        again = []
        for identity, task in batch.waiting.items():
            outcome = settle(self._store, task, standing, batch.held.get(identity))
            if outcome is None or _deserves_more(outcome, standing):
                tries = self._tries[identity] = self._tries.get(identity, 0) + 1
                if tries <= self._resumes and not self.is_ending:
                    again.append(task._replace(attempt=None, force=False, clean=False))
                    continue
            said = standing.said or batch.of.read_last_line(batch.number)
            yield outcome or Outcome(task.index, task.name, "unstarted", message=said, cause=standing.cause)
        for start in range(0, len(again), self._per_batch):
            self._submit([again[start : start + self._per_batch]])

    def _count(self, outcome: Outcome) -> Outcome:
        """Give up in time: nothing more is started after so many failures."""
        if self._failures_left is not None and outcome.status in BROKEN:
            self._failures_left -= 1
            if self._failures_left <= 0:
                self.stop()
        return outcome

    def adjust(self, *, jobs: int | None, paused: bool) -> int:  # noqa: ARG002  (batches look at the control file)
        """Batches that run start nothing while the sweep is paused; how many run is the engine's to say."""
        return self._most or jobs or 0

    def stop(self) -> None:
        """Have the engine end its batches: with a grace period, or at once when called again."""
        self._stops += 1

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()


def _deserves_more(outcome: Outcome, standing: Standing) -> bool:
    """Tell whether an experiment was cut off by its engine, or by a signal that nobody asked mag for."""
    if standing.cause in RESUMED:
        return outcome.status != "completed"
    return standing.cause is None and outcome.status == "interrupted"
