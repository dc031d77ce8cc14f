"""The local launcher: joblib hands out turns, each of which takes the next task and gives it to a supervisor."""

import collections
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from mag.errors import LaunchError
from mag.launch.capacity import Gate
from mag.launch.gpu_book import GpuBook
from mag.launch.orphan import NOT_BEGUN, settle_orphan
from mag.record.records import BROKEN
from mag.run.tasks import LEFT_ALONE, Conditions, Outcome, Task

_NO_SUPERVISOR = "no supervisor"
_WAIT_SECONDS = 0.1
_TRIES = 3  # of supervisors that die before the experiment begins


class Handle(Protocol):
    """What runs one task after the other: a supervisor's handle, or a supervisor in this process."""

    begun: str | None
    pid: int

    def run(self, task: Task, started: Callable[[str], None], /) -> Outcome | None:
        """Run a task and return its outcome, or None if the supervisor died over it."""

    def stop(self, *, at_once: bool = False) -> None:
        """Ask it to stop what it runs: with a grace period, or at once."""

    def close(self) -> None:
        """Let it end."""


class Server(Protocol):
    """Where supervisors come from: the fork server, or what stands in for it in this process."""

    def hire(self, conditions: Conditions) -> Handle:
        """Return a new supervisor."""

    def close(self) -> None:
        """Let it end."""


def load_engine(most: int) -> None:
    """Import joblib, and numpy with it, unless one experiment runs at a time; best while the app is being imported."""
    if most > 1:
        import joblib  # noqa: F401, PLC0415  (this process must have forked before there are threads of numpy's)


class LocalLauncher:
    """Runs tasks on this machine."""

    def __init__(
        self,
        server: Server,
        conditions: Conditions,
        *,
        jobs: int,
        gpus: GpuBook | None = None,
        most: int = 1,
        max_failures: int | None = None,
        started: Callable[[str], None] = lambda _: None,
        ended: Callable[[Outcome], None] = lambda _: None,
    ) -> None:
        self._server = server
        self._conditions = conditions
        self._jobs = jobs
        self._most = max(jobs, most)
        self._gate = Gate(jobs)
        self._gpus = gpus
        self._idle: collections.deque[Handle] = collections.deque()
        self._hired: list[Handle] = []
        self._stops = 0
        self._ends = False
        self._failures_left = max_failures
        self._started = started
        self._ended = ended

    def launch(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Run the tasks, and yield what became of each in the order in which they end."""
        rest = _Rest(tasks)
        turns = iter(lambda: self._take_turn(rest), None) if self._most == 1 else self._take_turns(rest)
        for turn in turns:
            if isinstance(turn, BaseException):
                raise turn
            yield turn

    def _take_turns(self, rest: "_Rest") -> Iterator[Outcome | BaseException]:
        """Yield the outcome of each turn. joblib may ask for turns ahead: a task is taken only when a turn begins."""
        from joblib import Parallel, delayed  # noqa: PLC0415  (a single run needs none of it)

        from mag.launch.slots import SlotBackend  # noqa: PLC0415

        parallel = Parallel(self._most, backend=SlotBackend(), return_as="generator_unordered", batch_size=1, verbose=0)
        turns = parallel(delayed(self._take_turn)(rest) for _ in iter(lambda: rest.is_over, True))
        try:
            yield from (turn for turn in turns if turn is not None)
        finally:
            rest.is_over = True
            with warnings.catch_warnings(action="ignore"):  # joblib warns of what is left, which ends by itself
                turns.close()

    def _take_turn(self, rest: "_Rest") -> Outcome | BaseException | None:
        """Run the next task when there is a place for it; None where there is none, or what went wrong with mag."""
        self._gate.enter()
        try:
            task = rest.take()
            if task is None:
                return None
            outcome = self.run(task)
            self._ended(outcome)
        except BaseException as error:  # noqa: BLE001  (raised through joblib it would leave threads behind)
            rest.is_over = True
            return error
        finally:
            self._gate.leave()
        return outcome

    def run(self, task: Task) -> Outcome:
        """Run one task on a free supervisor, and retry it if it fails, as often as the conditions say."""
        outcome = self._run_once(task)
        for _ in range(self._conditions.retries):
            if outcome.cause not in self._conditions.retry_on:
                break
            self._gate.make_room()  # a retry is a start like any other
            again = self._run_once(task._replace(attempt=None, force=False, clean=False))
            if again.status == "unstarted":
                break
            outcome = again
        self._count_failure(outcome)
        return outcome

    def _run_once(self, task: Task) -> Outcome:
        if self.is_ending:
            return Outcome(task.index, task.name, "unstarted")
        if self._gpus is None:
            return self._try_to_begin(task)
        with self._gpus.lend(task.name, lambda: self.is_ending) as variables:
            if variables is None:
                return Outcome(task.index, task.name, "unstarted")
            return self._try_to_begin(task._replace(environment=(*task.environment, *variables)))

    def _try_to_begin(self, task: Task) -> Outcome:
        tries = _TRIES
        while True:
            outcome = self._try(task)
            if outcome.cause == NOT_BEGUN:
                tries, task = tries - 1, task._replace(attempt=None)  # what is on record of it is no run by anybody
            if outcome.cause == _NO_SUPERVISOR and self._hired and not self.is_ending:
                time.sleep(_WAIT_SECONDS)  # the system has no room for more; those that there are will be free
            elif self._stops or outcome.cause != NOT_BEGUN or not tries:
                return outcome

    def _try(self, task: Task) -> Outcome:
        unstarted = Outcome(task.index, task.name, "unstarted")
        try:
            supervisor = self._hire()
        except LaunchError as error:
            return unstarted._replace(message=str(error), cause=_NO_SUPERVISOR)
        outcome = unstarted if self._stops else supervisor.run(task, self._started)
        if outcome is not None and (outcome.cause != LEFT_ALONE or self._stops):
            self._idle.append(supervisor)
            return outcome
        self._hired.remove(supervisor)
        supervisor.close()
        if outcome is not None:  # somebody else has asked this supervisor to stop
            return outcome._replace(cause=NOT_BEGUN)
        return settle_orphan(task, self._conditions, supervisor, lambda: self._stops)

    def _count_failure(self, outcome: Outcome) -> None:
        """Give up in time: before the place is given to the next."""
        if self._failures_left is not None and outcome.status in BROKEN:
            self._failures_left -= 1
            if self._failures_left <= 0:
                self.start_no_more()

    def _hire(self) -> Handle:
        try:
            return self._idle.popleft()
        except IndexError:
            supervisor = self._server.hire(self._conditions)
            self._hired.append(supervisor)
            return supervisor

    def start_no_more(self) -> None:
        """Let what runs come to its end, and start nothing more."""
        self._ends = True
        self._gate.throw_open()

    @property
    def is_ending(self) -> bool:
        """Whether nothing more is started."""
        return self._ends or self._stops > 0

    def adjust(self, *, jobs: int | None, paused: bool) -> int:
        """Run another number of experiments at a time (None: as at the start), or start none for now."""
        wanted = self._jobs if jobs is None else max(1, min(jobs, self._most))
        self._gate.adjust(capacity=wanted, paused=paused)
        return wanted

    def stop(self) -> None:
        """Start nothing more and stop what runs: with a grace period, or at once when called again."""
        self._stops += 1
        self._gate.throw_open()
        for supervisor in list(self._hired):
            supervisor.stop(at_once=self._stops > 1)

    def close(self) -> None:
        """Let supervisors and fork server end."""
        for supervisor in self._hired:
            supervisor.close()
        self._server.close()


class _Rest:
    """The tasks that nobody has taken yet; several threads may take."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = iter(tasks)
        self._turn = threading.Lock()
        self.is_over = False

    def take(self) -> Task | None:
        """Return the next one, None when there are no more."""
        with self._turn:
            task = None if self.is_over else next(self._tasks, None)
            self.is_over = task is None
            return task
