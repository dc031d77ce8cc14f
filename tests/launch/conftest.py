"""A real Slurm for the tests of a session, where its packages are installed."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launch.ledger import APP, wait_until
from tests.launch.slurm_cluster import is_installed, run_cluster


@pytest.fixture(scope="session")
def slurm() -> Iterator[Path]:
    """Lend the configuration of a cluster that runs, to which SLURM_CONF leads meanwhile."""
    if not is_installed():
        if "CI" in os.environ:
            pytest.fail("Slurm is not installed: apt-get install slurmctld slurmd slurm-client munge")
        pytest.skip("Slurm is not installed")
    with tempfile.TemporaryDirectory(prefix="mag-slurm-") as folder, run_cluster(Path(folder, "cluster")) as config:
        os.environ["SLURM_CONF"] = str(config)
        try:
            yield config
        finally:
            del os.environ["SLURM_CONF"]


@pytest.fixture(scope="session")
def dask() -> Iterator[str]:
    """Lend the address of a scheduler with two workers, which the environment names meanwhile."""
    pytest.importorskip("distributed")
    with tempfile.TemporaryDirectory(prefix="mag-dask-") as folder, contextlib.ExitStack() as stack:
        file = Path(folder, "scheduler.json")
        common = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard"]
        worker = ["--nworkers", "2", "--nthreads", "1", "--local-directory", folder, "--resources", "GPU=1"]
        for words in (["dask_scheduler", *common, "--port", "0"], ["dask_worker", *common, *worker]):
            command = [sys.executable, "-m", f"distributed.cli.{words[0]}", *words[1:]]
            null = subprocess.DEVNULL
            process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True)
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
        wait_until(file.exists)
        address = str(json.loads(file.read_text())["address"])
        os.environ["DASK_SCHEDULER_ADDRESS"] = address
        try:
            yield address
        finally:
            del os.environ["DASK_SCHEDULER_ADDRESS"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose experiments keep a ledger, in the current folder."""
    (tmp_path / "train.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return tmp_path
