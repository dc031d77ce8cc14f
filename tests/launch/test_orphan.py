"""Laws of what becomes of a task whose supervisor died."""

import dataclasses
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mag.config.identity import compute_identity
from mag.disk.locks import NOBODY_YET, read_holder, write_holder
from mag.launch.orphan import NOT_BEGUN, settle_orphan
from mag.record.claims import Claim, begin_attempt, claim_directory
from mag.record.paths import StorePaths
from mag.record.provenance import Provenance, describe_host
from mag.record.records import Record, read_record, write_record
from mag.run.limits import Limits
from mag.run.tasks import Conditions, Task
from mag.settings import Settings

CONFIG = {"C": 1}
TASK = Task(0, "1", compute_identity(CONFIG), CONFIG)


@dataclasses.dataclass
class Dead:
    """A supervisor that is no more."""

    begun: str | None
    pid: int = 7


@pytest.fixture
def conditions(tmp_path: Path) -> Conditions:
    """Return the conditions of a sweep into an empty store."""
    return Conditions(str(tmp_path / "experiments"), Provenance(command=("mag",), directory="/"), Settings())


def begin(conditions: Conditions, name: str = "1") -> tuple[Claim, Record]:
    """Begin an attempt of the experiment."""
    claim = claim_directory(StorePaths(conditions.store), name, TASK.identity)
    host = {**describe_host(), "pid": Dead(name).pid}
    record = Record(identity=TASK.identity, identifier=name, status="running", config=dict(CONFIG), host=host)
    begun = begin_attempt(claim, record).record
    write_holder(claim.lock, os.getpid())
    return claim, begun


def test_died_before_it_began(conditions: Conditions) -> None:
    """Nothing is said of an experiment that nobody had begun, and nothing written."""
    assert settle_orphan(TASK, conditions, Dead(None)).status == "killed"
    assert not Path(conditions.store).exists()


@pytest.mark.parametrize("before", [False, True])
def test_died_before_its_first_record(conditions: Conditions, before: bool) -> None:
    """Nothing has begun, whatever an earlier attempt left, which stays as it is."""
    if before:
        claim, record = begin(conditions)
        write_record(claim.paths, record.replace(status="failed"), durable=False)
        claim.lock.release()
    claim = claim_directory(StorePaths(conditions.store), "1", TASK.identity)
    write_holder(claim.lock, NOBODY_YET)
    claim.lock.release()

    assert settle_orphan(TASK, conditions, Dead("1")).cause == NOT_BEGUN
    assert Path(claim.paths.record).exists() == before
    assert not before or read_record(claim.paths).status == "failed"


def test_died_while_it_set_aside_what_completed(conditions: Conditions) -> None:
    """What completed before is as it was."""
    claim, record = begin(conditions)
    write_record(claim.paths, record.replace(status="completed"), durable=False)
    aside = Path(claim.paths.attempt(1))
    aside.mkdir(parents=True)
    (aside / "results.json").write_text("{}")
    write_holder(claim.lock, NOBODY_YET)
    claim.lock.release()

    assert settle_orphan(TASK, conditions, Dead("1")).cause == NOT_BEGUN
    assert Path(claim.paths.results).read_text() == "{}"
    assert not aside.exists()


def test_died_with_its_child(conditions: Conditions) -> None:
    """An experiment that nobody carries on is on record as killed, with what it had found."""
    claim, _ = begin(conditions)
    Path(claim.paths.results).write_text('{"loss": 0.5, "log": {"nan": NaN}}')
    claim.lock.release()

    assert settle_orphan(TASK, conditions, Dead("1")).status == "killed"
    record = read_record(claim.paths)
    assert (record.status, repr(record.results)) == ("killed", "{'loss': 0.5, 'log': {'nan': nan}}")


CHILD = """\
import signal, sys, time
from mag.disk.locks import Lock, write_holder
import os
write_holder(Lock(int(sys.argv[1])), os.getpid())
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.setsid()
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("how", "timeout", "stops"), [("", 0.1, 0), ("deaf", 0.1, 0), ("", None, 1), ("deaf", None, 2)]
)
def test_its_child_is_held_to_limits_and_requests(
    conditions: Conditions, how: str, timeout: float | None, stops: int
) -> None:
    """It is ended as its supervisor would have ended it, whether it heeds that or not."""
    claim, _ = begin(conditions)
    command = [sys.executable, "-c", CHILD, str(claim.lock.descriptor), how]
    with subprocess.Popen(command, pass_fds=[claim.lock.descriptor]) as child:
        claim.lock.release()
        while read_holder(claim.paths.lock) != child.pid:
            time.sleep(0.01)
        orders = dataclasses.replace(conditions, limits=Limits(timeout=timeout), grace=0.3)
        settle_orphan(TASK, orders, Dead("1"), lambda: stops)

    assert read_record(claim.paths).status == ("interrupted" if stops else "timeout")
    assert not Path(claim.paths.stop).exists()


def test_its_child_publishes(conditions: Conditions) -> None:
    """While somebody carries it on its end is waited for, and what is published then stays."""
    claim, record = begin(conditions)

    def end() -> None:
        write_record(claim.paths, record.replace(status="completed"), durable=True)
        claim.lock.release()

    threading.Timer(0.1, end).start()

    assert settle_orphan(TASK, conditions, Dead("1")).status == "completed"
    assert read_record(claim.paths).status == "completed"


def test_an_experiment_of_the_same_name_is_left_alone(conditions: Conditions) -> None:
    """The verdict is on the directory that was used, not on that which the name leads to."""
    for name in ("1", "1~"):
        begin(conditions, name)[0].lock.release()

    settle_orphan(TASK, conditions, Dead("1~"))

    statuses = [read_record(StorePaths(conditions.store).experiment(name)).status for name in ("1", "1~")]
    assert statuses == ["running", "killed"]


def test_a_directory_that_is_gone(conditions: Conditions) -> None:
    """It is said that the directory is gone, and none is made."""
    assert "directory removed" in str(settle_orphan(TASK, conditions, Dead("1")).message)
    assert not Path(conditions.store).exists()


def test_somebody_elses_attempt_is_left_alone(conditions: Conditions) -> None:
    """What another runner has taken over is waited for, and held to nothing that was asked of this one."""
    claim, own = begin(conditions)
    record = own.replace(host=describe_host())
    write_record(claim.paths, record, durable=False)

    def end() -> None:
        write_record(claim.paths, record.replace(status="completed"), durable=True)
        claim.lock.release()

    threading.Timer(0.3, end).start()
    hasty = dataclasses.replace(conditions, limits=Limits(timeout=0.01), grace=0.01)

    assert settle_orphan(TASK, hasty, Dead("1"), lambda: 2).status == "completed"
    assert not Path(claim.paths.stop).exists()


def test_its_child_was_stopped_by_somebody(conditions: Conditions) -> None:
    """`mag stop EXP` is the reason, whoever watched over it."""
    claim, _ = begin(conditions)
    Path(claim.paths.stop).touch()
    claim.lock.release()

    assert settle_orphan(TASK, conditions, Dead("1")).status == "interrupted"
