"""Laws of the local launcher that no command shows."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mag.config.identity import compute_identity
from mag.disk import files
from mag.errors import LaunchError
from mag.launch.local import LocalLauncher
from mag.record.attempts import Attempt
from mag.record.paths import StorePaths
from mag.record.provenance import gather_provenance
from mag.record.records import Record, read_record
from mag.run.forkserver import ForkServer
from mag.run.in_process import InProcessSupervisor
from mag.run.randomness import RandomStates
from mag.run.supervisor import Supervisor
from mag.run.supervisor_handle import SupervisorHandle
from mag.run.tasks import Conditions, Function, Outcome, Task
from mag.settings import Settings


def launch(store: Path, function: Function, count: int, jobs: int) -> list[tuple[int, str]]:
    """Run a function so many times, and return index and status of each outcome."""
    server = ForkServer(lambda: function, start_method="fork")
    server.start()
    server.wait_until_ready()
    conditions = Conditions(str(store), gather_provenance(app="x", commit={}), Settings())
    launcher = LocalLauncher(server, conditions, jobs=jobs)
    tasks = [Task(i, str(i), compute_identity({"i": i}), {"i": i}, attempt=0) for i in range(count)]
    try:
        return [(outcome.index, outcome.status) for outcome in launcher.launch(tasks)]
    finally:
        launcher.close()


@pytest.mark.parametrize("jobs", [1, 3])
def test_one_outcome_for_each_task(tmp_path: Path, jobs: int) -> None:
    """Each task has exactly one outcome, however many run at a time."""
    outcomes = launch(tmp_path, lambda config: config.i, 10, jobs)

    assert sorted(outcomes) == [(index, "completed") for index in range(10)]


def test_a_supervisor_that_dies_is_replaced(tmp_path: Path) -> None:
    """An experiment that kills its own supervisor is recorded, and the next one runs."""

    def kill_parent(config: object) -> None:
        if getattr(config, "i", None) == 0:
            os.kill(os.getppid(), 9)

    outcomes = dict(launch(tmp_path, kill_parent, 3, 1))

    assert outcomes == {0: "completed", 1: "completed", 2: "completed"}


def test_a_supervisor_that_dies_at_once_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor that is killed before it has begun anything is replaced, and its experiment runs."""
    hire = ForkServer.hire
    hired: list[int] = []

    def hire_and_kill(server: ForkServer, conditions: Conditions) -> SupervisorHandle:
        supervisor = hire(server, conditions)
        hired.append(supervisor.pid)
        if len(hired) < 3:
            os.kill(supervisor.pid, signal.SIGKILL)
        return supervisor

    monkeypatch.setattr(ForkServer, "hire", hire_and_kill)

    assert launch(tmp_path, lambda config: config.i, 1, 1) == [(0, "completed")]
    assert len(hired) == 3


@pytest.mark.parametrize(("deaths", "status"), [(1, "completed"), (2, "completed"), (9, "killed")])
def test_a_supervisor_that_dies_after_claiming_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaths: int, status: str
) -> None:
    """Killed between claiming and starting, it is replaced and its experiment runs; only so often, and on record."""
    attend = Supervisor._attend

    def die_first(supervisor: Supervisor, attempt: Attempt, task: Task, previous: Record | None) -> Outcome:
        if attempt.number <= deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        return attend(supervisor, attempt, task, previous)

    monkeypatch.setattr(Supervisor, "_attend", die_first)

    assert launch(tmp_path, lambda config: config.i, 1, 1) == [(0, status)]
    first = files.read_json(f"{StorePaths(str(tmp_path)).experiment('0').attempt(1)}/record.json")
    assert (first["status"], first["error"]["message"]) == ("killed", "its supervisor was killed before it began")


def test_where_the_runner_is_gone_there_is_no_attempt(tmp_path: Path) -> None:
    """What has been claimed, but cannot be told, is not begun: the next one is the first attempt."""
    conditions = Conditions(str(tmp_path), gather_provenance(app="x", commit={}), Settings())
    supervisor = InProcessSupervisor(lambda config: config.i, conditions, RandomStates(1), lambda _: True)
    task = Task(0, "0", compute_identity({"i": 0}), {"i": 0})

    def be_gone(_: str) -> None:
        raise BrokenPipeError

    assert supervisor.run(task, be_gone).status == "failed"
    assert not Path(StorePaths(str(tmp_path)).experiment("0").record).exists()
    assert supervisor.run(task, lambda _: None).status == "completed"
    assert read_record(StorePaths(str(tmp_path)).experiment("0")).attempt == 1


class Instant:
    """A server whose supervisors do nothing; `jobs` of them are at work before one ends."""

    begun: str | None = None
    pid = 0

    def __init__(self, jobs: int = 1) -> None:
        self._barrier = threading.Barrier(jobs)

    def hire(self, _: Conditions) -> "Instant":
        """Return itself: it is its own supervisor."""
        return self

    def run(self, task: Task, _: Callable[[str], None]) -> Outcome:
        """Return at once that it completed, when the others are at work, too."""
        self._barrier.wait(20)
        return Outcome(task.index, task.name, "completed")

    def stop(self, *, at_once: bool = False) -> None:
        """There is nothing to stop."""

    def close(self) -> None:
        """There is nothing to end."""


def test_a_task_is_asked_for_when_there_is_a_place(tmp_path: Path) -> None:
    """No task is asked for before one of those at work has ended and its outcome was told."""
    conditions = Conditions(str(tmp_path), gather_provenance(app="x", commit={}), Settings())
    told: list[int] = []

    def ask() -> Iterator[Task]:
        for i in range(12):
            assert i - len(told) < 2
            yield Task(i, str(i), "", {})

    launcher = LocalLauncher(Instant(), conditions, jobs=2, most=8, ended=lambda outcome: told.append(outcome.index))
    assert sorted(each.index for each in launcher.launch(ask())) == sorted(told) == list(range(12))


def test_tasks_that_cannot_be_made(tmp_path: Path) -> None:
    """What is raised while a task is asked for is raised to who launched, after what was at work has ended."""
    conditions = Conditions(str(tmp_path), gather_provenance(app="x", commit={}), Settings())

    def ask() -> Iterator[Task]:
        yield from (Task(i, str(i), "", {}) for i in range(3))
        raise LookupError

    outcomes = LocalLauncher(Instant(), conditions, jobs=2).launch(ask())
    with pytest.raises(LookupError):
        list(outcomes)


def test_as_many_threads_as_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses a thread, those that there are run everything; where it refuses all, that is said."""
    conditions = Conditions(str(tmp_path), gather_provenance(app="x", commit={}), Settings())
    start, room = threading.Thread.start, [2]

    def start_some(thread: threading.Thread) -> None:
        if not room[0]:
            raise RuntimeError("can't start new thread")
        room[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)
    tasks = [Task(i, str(i), "", {}) for i in range(9)]

    assert len(list(LocalLauncher(Instant(2), conditions, jobs=4).launch(tasks[:8]))) == 8
    with pytest.raises(LaunchError, match="can't start new thread"):
        list(LocalLauncher(Instant(), conditions, jobs=4).launch(tasks))


@pytest.mark.parametrize("variable", ["JOBLIB_MULTIPROCESSING=0", "JOBLIB_START_METHOD=loky"])
def test_variables_of_joblib_change_nothing(tmp_path: Path, variable: str) -> None:
    """`-j 2` is two at a time."""
    (tmp_path / "train.py").write_text(
        "import os, time\nimport mag\n\n@mag.main()\ndef train(config):\n    open(f'here{config.i}', 'w').close()\n"
        "    while not os.path.exists(f'here{3 - config.i}'): time.sleep(0.01)\n"
    )
    name, _, value = variable.partition("=")
    command = [sys.executable, "-m", "mag", "sweep", "+i=1,2", "-j", "2"]
    subprocess.run(command, cwd=tmp_path, env=os.environ | {name: value}, timeout=30, check=True)
