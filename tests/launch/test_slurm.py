"""Laws of the engine Slurm, on a real one: what Slurm does to a job, the experiments in it survive or record."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launch.ledger import list_statuses, read_ledger, start, wait_until

Mag = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("slurm", "folder")]


def run(*words: str) -> str:
    """Return what a command of Slurm's prints."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def find_job() -> str:
    """Return the job that was submitted last, as Slurm numbers it."""
    (handles,) = [
        json.loads(path.read_text()) for path in Path().glob("experiments/.mag/sweeps/*.batches/handles.json")
    ]
    return max(map(str, handles["handles"].values()), key=lambda handle: int(handle.partition("_")[0]))


def test_arrays_are_no_larger_than_slurm_allows(mag: Mag) -> None:
    """Here an array may have ten tasks; a sweep of 25 batches is three of them."""
    done = mag("sweep", "+x=range(10,35)", "--launcher", "slurm", "--per-task", "1", timeout=90)
    assert done.returncode == 0, done.stderr
    assert read_ledger("start") == read_ledger("end") == Counter(range(10, 35))


def test_a_requeued_job_goes_on(mag: Mag) -> None:
    """What was interrupted goes on with its checkpoint in a new attempt, and what had completed is not run again."""
    words = ["+x=11,12", "+steps=30", "--launcher", "slurm", "--per-task", "2", "-o", "cpus=2"]
    client = start("sweep", *words)
    wait_until(lambda: len(read_ledger("start")) == 2)
    run("scontrol", "requeue", find_job())
    assert client.wait(90) == 0
    assert read_ledger("end") == Counter([11, 12])
    assert Counter(list_statuses(mag).values()) == Counter(completed=2)
    assert [one["attempt"] for one in json.loads(mag("ls", "--json").stdout)] == [2, 2]


def test_a_preempted_job_goes_on() -> None:
    """A job of a higher partition takes the nodes; afterwards the experiment goes on where it was."""
    client = start("sweep", "+x=11", "+steps=30", "--launcher", "slurm", "-o", "extra=--exclusive\n--nodelist=n1")
    wait_until(lambda: read_ledger("start"))
    run("sbatch", "--partition=urgent", "--exclusive", "--nodelist=n1", "--output=/dev/null", "--wrap", "sleep 1")
    assert client.wait(90) == 0
    assert (read_ledger("start")[11], read_ledger("end")[11]) == (2, 1)


def test_a_job_that_the_user_cancels(mag: Mag) -> None:
    """Scancel is seen: what ran is interrupted, what waited is not started, and neither is submitted again."""
    client = start(
        "sweep", "+x=11,12", "+steps=100", "--launcher", "slurm", "--per-task", "2", "-o", "cpus=1", "-j", "2"
    )
    wait_until(lambda: read_ledger("start"))
    run("scancel", find_job())
    assert client.wait(60) == 1
    assert set(list_statuses(mag).values()) == {"interrupted"}
    assert read_ledger("end") == Counter()


def test_a_refused_job(mag: Mag) -> None:
    """Slurm's own words, exit status 2, and nothing that seems to run."""
    done = mag("sweep", "+x=11", "--launcher", "slurm", "-o", "partition=nowhere")
    assert (done.returncode, "partition" in done.stderr) == (2, True)
    assert mag("ls", "--json").stdout.strip() in {"[]", ""}


def test_slurm_that_is_not_here(mag: Mag) -> None:
    """Without its commands, one sentence says so."""
    done = mag("sweep", "+x=11", "--launcher", "slurm", PATH="/nowhere")
    assert (done.returncode, "there is no command sbatch" in done.stderr) == (2, True)


def test_settings_of_the_launcher(mag: Mag, folder: Path) -> None:
    """A named profile in the settings, and lines of shell that come before the batch."""
    settings = 'app = "train.py"\n[launcher.mine]\nengine = "slurm"\nsetup = ["export STEPS=1", "touch set-up"]\n'
    (folder / "mag.toml").write_text(settings)
    assert mag("sweep", "+x=11", "--launcher", "mine").returncode == 0
    assert (folder / "set-up").exists() or list(folder.glob("experiments/.mag/frozen/*/*/set-up"))


def test_a_job_that_is_asked_to_end_goes_on(mag: Mag) -> None:
    """The signal before a job's limit ends its experiments; another job goes on with their checkpoints."""
    client = start("sweep", "+x=11", "+steps=30", "--launcher", "slurm")
    wait_until(lambda: read_ledger("start"))
    run("scancel", "--signal=TERM", "--batch", find_job())
    assert client.wait(60) == 0
    assert (read_ledger("start")[11], read_ledger("end")[11]) == (2, 1)
    assert list_statuses(mag) == {"30|11": "completed"}


def test_a_node_that_fails(mag: Mag) -> None:
    """What ran on a node that is gone is run on another one, and the sweep ends well."""
    client = start("sweep", "+x=11,12", "+steps=30", "--launcher", "slurm", "--per-task", "1", "-o", "cpus=2")
    wait_until(lambda: len(read_ledger("start")) == 2)
    run("scontrol", "update", "NodeName=n1", "State=DOWN", "Reason=tests")
    assert client.wait(90) == 0
    subprocess.run(["scontrol", "update", "NodeName=n1", "State=RESUME"], check=False)  # it may be back by itself
    assert read_ledger("end").keys() == {11, 12}
    assert set(list_statuses(mag).values()) == {"completed"}
