"""The contract of engines: whatever schedules them, experiments come back once, and nothing is lost or run twice.

The judge is a ledger that the experiments keep themselves.
"""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launch.ledger import APP, list_statuses, read_ledger, start, wait_until

Mag = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.usefixtures("folder")
ENGINES = ["background", *(pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("slurm", "dask", "ray"))]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """Return the name of an engine that is there."""
    if request.param in {"slurm", "dask", "ray"}:
        request.getfixturevalue(str(request.param))
    return str(request.param)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_every_experiment_comes_back_once(engine: str, mag: Mag) -> None:
    """A failure and a death cost themselves; typed again, what failed is tried again and nothing else."""
    done = mag("sweep", "+x=range(1,9)", "--launcher", engine, "--per-task", "3")
    assert done.returncode == 1, done.stderr
    assert "6 completed, 1 failed, 1 killed" in done.stderr
    assert read_ledger("start") == Counter(range(1, 9))
    again = mag("sweep", "+x=range(1,9)", "--launcher", engine)
    assert "1 failed, 1 killed" in again.stderr
    assert read_ledger("start") == Counter(range(1, 9)) + Counter([3, 4])


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_killed_client_is_followed_by_the_next(engine: str, mag: Mag) -> None:
    """What was submitted comes without the command; the same line again follows it, and runs nothing twice."""
    words = ["sweep", "+x=11,12,13,14", "+steps=15", "--launcher", engine, "--per-task", "2"]
    client = start(*words)
    wait_until(lambda: read_ledger("start"))
    client.send_signal(signal.SIGKILL)
    client.wait()
    assert mag(*words).returncode == 0
    assert read_ledger("start") == read_ledger("end") == Counter([11, 12, 13, 14])


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_an_interrupt_ends_what_runs(engine: str, mag: Mag) -> None:
    """Ctrl-C ends batches, queued and running; what ran is recorded as interrupted, and the line goes on later."""
    words = ["sweep", "+x=11,12", "+steps=100", "--launcher", engine, "--per-task", "2"]
    client = start(*words)
    wait_until(lambda: len(read_ledger("start")) == 2)
    client.send_signal(signal.SIGINT)
    assert client.wait(30) == 130
    assert set(list_statuses(mag).values()) == {"interrupted"}
    assert mag("sweep", "+x=11,12", "+steps=1", "--launcher", engine).returncode == 0


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_two_commands_at_once_share(engine: str) -> None:
    """The same line typed twice runs each experiment once, and both know what became of all."""
    words = ["sweep", "+x=11,12,13,14", "+steps=8", "--launcher", engine, "--per-task", "2"]
    clients = [start(*words), start(*words)]
    assert [client.wait(60) for client in clients] == [0, 0]
    assert read_ledger("start") == Counter([11, 12, 13, 14])


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_detached_sweeps_are_steered_from_elsewhere(engine: str, mag: Mag) -> None:
    """--detach returns at once; status, watch and stop work without the command that started the sweep."""
    done = mag("sweep", "+x=11,12", "+steps=100", "--launcher", engine, "--detach")
    assert (done.returncode, "2 submitted" in done.stderr) == (0, True)
    assert json.loads(mag("status", "--json").stdout)[0]["state"] == "submitted"
    wait_until(lambda: len(read_ledger("start")) == 2)
    assert mag("stop").returncode == 0
    assert set(list_statuses(mag).values()) == {"interrupted"}
    assert json.loads(mag("status", "--json").stdout)[0]["state"] == "ended"


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_killed_worker_loses_nothing(engine: str, mag: Mag) -> None:
    """What ran when its worker was killed comes to its end, and the rest is run by another."""
    client = start("sweep", "+x=11,12", "+steps=10", "--launcher", engine, "--per-task", "2", "-j", "1")
    wait_until(lambda: read_ledger("start"))
    out = subprocess.run(
        ["pgrep", "-o", "-f", f"mag.sweeps.worker {Path.cwd()}"], capture_output=True, text=True, check=True
    )
    for pid in out.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    assert client.wait(60) == 0
    assert read_ledger("end") == Counter([11, 12])
    assert set(list_statuses(mag).values()) == {"completed"}


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_an_app_that_cannot_be_imported(engine: str, mag: Mag, folder: Path) -> None:
    """It is an error before anything is submitted."""
    (folder / "train.py").write_text(APP + "import nowhere\n")
    done = mag("sweep", "+x=1", "--launcher", engine)
    assert (done.returncode, "nowhere" in done.stderr) == (2, True)
    assert not list(folder.glob("experiments/.mag/sweeps/*.batches"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--launcher", "slurn"], "did you mean 'slurm'?"),
        (["--launcher", "background", "-o", "partition=x"], "has no option 'partition'"),
        (["--launcher", "background", "-o", "partition"], "KEY=VALUE"),
        (["--per-task", "3"], "--launcher"),
    ],
)
def test_what_cannot_be_meant(words: list[str], said: str, mag: Mag, folder: Path) -> None:
    """An unknown launcher or option is one sentence, and nothing is written."""
    done = mag("sweep", "+x=1", *words)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (folder / "experiments" / "1").exists()
    assert json.loads(mag("status", "--json").stdout or "[]") == []


def test_what_engines_leave_is_cleared_away(mag: Mag, folder: Path) -> None:
    """A sweep that is over keeps no frozen code after gc, one that may still come does."""
    for words in (["init", "-q"], ["add", "train.py"]):
        subprocess.run(["git", *words], check=True)
    mag("sweep", "+x=11,12", "+steps=60", "--launcher", "background", "--detach")
    wait_until(lambda: len(read_ledger("start")) == 2)
    frozen = [path for path in folder.glob("experiments/.mag/frozen/*/*") if path.is_dir()]
    assert len(frozen) == 1
    assert mag("gc").returncode == 0
    assert frozen[0].exists()
    (status,) = json.loads(mag("status", "--json").stdout)
    assert (status["state"], status["batches"]) == ("submitted", {"running": 1})
    mag("stop")
    mag("gc")
    assert not frozen[0].exists()


def test_batches_that_are_gone_are_noted(mag: Mag) -> None:
    """Where the engine knows nothing of a batch any more, status says what its experiments say, and no more comes."""
    mag("sweep", "+x=11", "+steps=300", "--launcher", "background", "--detach")
    wait_until(lambda: read_ledger("start"))
    found = subprocess.run(
        ["pgrep", "-f", f"mag.sweeps.worker {Path.cwd()}"], capture_output=True, text=True, check=True
    )
    for pid in found.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    wait_until(lambda: json.loads(mag("status", "--json").stdout)[0]["state"] == "ended")
    assert set(list_statuses(mag).values()) <= {"lost", "killed"}


def test_no_more_run_at_a_time_than_asked_for(mag: Mag) -> None:
    """Where the engine sets no limit, batches are handed to it as others end."""
    done = mag("sweep", "+x=11,12,13", "+steps=5", "--launcher", "background", "--per-task", "1", "-j", "1")
    assert done.returncode == 0
    words = [line.split()[0] for line in Path("ledger").read_text().splitlines()]
    assert words == ["start", "end"] * 3


def test_what_was_not_submitted_is_told(mag: Mag) -> None:
    """After a Ctrl-C every experiment has an outcome, also where nothing was handed to the engine yet."""
    client = start("sweep", "+x=11,12,13", "+steps=100", "--launcher", "background", "--per-task", "1", "-j", "1")
    wait_until(lambda: read_ledger("start"))
    client.send_signal(signal.SIGINT)
    assert client.wait(30) == 130
    assert json.loads(mag("status", "--json").stdout)[0]["progress"]["counts"] == {"interrupted": 1, "unstarted": 2}
