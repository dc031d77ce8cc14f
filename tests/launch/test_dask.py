"""Laws of the engine Dask, on a scheduler and workers of its own."""

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable

import pytest

from tests.launch.ledger import read_ledger, start, wait_until

Mag = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = [pytest.mark.dask, pytest.mark.usefixtures("folder")]


@pytest.mark.usefixtures("dask")
def test_a_resource_that_nobody_has(mag: Mag) -> None:
    """Tasks that would wait for ever are an error; those that a worker can have run."""
    done = mag("sweep", "+x=1", "--launcher", "dask", "-o", "resources=GPU=7")
    assert (done.returncode, "No worker of this Dask cluster has GPU=7" in done.stderr) == (2, True)
    assert mag("sweep", "+x=1", "--launcher", "dask", "-o", "resources=GPU=1").returncode == 0


@pytest.mark.parametrize(
    ("option", "said"), [("resources=GPU", "NAME=NUMBER"), ("adress=x", "did you mean 'address'?")]
)
def test_options_that_are_none(option: str, said: str, mag: Mag) -> None:
    """What cannot be read is one sentence."""
    done = mag("sweep", "+x=1", "--launcher", "dask", "-o", option)
    assert (done.returncode, said in done.stderr) == (2, True)


def test_no_scheduler_at_the_address(mag: Mag) -> None:
    """It is said, with the address, and nothing runs."""
    done = mag("sweep", "+x=1", "--launcher", "dask", "-o", "address=tcp://127.0.0.1:9", timeout=60)
    assert (done.returncode, "no Dask scheduler at tcp://127.0.0.1:9" in done.stderr) == (2, True)
    assert read_ledger("start") == Counter()


def test_a_cluster_of_its_own(mag: Mag) -> None:
    """Without an address there is a cluster for the sweep, which ends with it."""
    assert mag("sweep", "+x=1,2", "--launcher", "dask", "-o", "workers=1", timeout=90).returncode == 0


@pytest.mark.usefixtures("dask")
def test_a_killed_worker_of_dask() -> None:
    """Dask runs the batch of a worker that died again; what runs meanwhile is not run twice at a time."""
    client = start("sweep", "+x=11,12", "+steps=20", "--launcher", "dask", "--per-task", "1")
    wait_until(lambda: len(read_ledger("start")) == 2)
    found = subprocess.run(["pgrep", "-f", "multiprocessing.*spawn_main"], capture_output=True, text=True, check=False)
    for pid in found.stdout.split()[:1]:
        os.kill(int(pid), signal.SIGKILL)
    assert client.wait(90) == 0
    assert read_ledger("end") == Counter([11, 12])
