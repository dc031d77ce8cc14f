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
        pytest.skip("Slurm is not installed: apt-get install slurmctld slurmd slurm-client munge")
    with tempfile.TemporaryDirectory(prefix="mag-slurm-") as folder, contextlib.ExitStack() as stack:
        try:
            config = stack.enter_context(run_cluster(Path(folder, "cluster")))
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"Slurm does not come up on this system: {error}")
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


@pytest.fixture(scope="session")
def ray() -> Iterator[str]:
    """Lend the address of a cluster of one node, which the environment names meanwhile."""
    pytest.importorskip("ray")
    port, null = 26379, subprocess.DEVNULL
    own = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    os.environ.update(own)
    program = str(Path(sys.executable).with_name("ray"))
    words = ["start", "--head", "--block", "--num-cpus=4", f"--port={port}", "--include-dashboard=false"]
    words += ["--node-ip-address=127.0.0.1", "--object-store-memory=100000000"]
    head = subprocess.Popen([program, *words], stdin=null, stdout=null, stderr=null, start_new_session=True)
    os.environ["RAY_ADDRESS"] = f"127.0.0.1:{port}"
    status = [program, "status"]
    try:
        wait_until(lambda: subprocess.run(status, stdout=null, stderr=null, check=False).returncode == 0, 60)
        yield os.environ["RAY_ADDRESS"]
    finally:
        for name in ("RAY_ADDRESS", *own):
            os.environ.pop(name, None)
        subprocess.run([program, "stop", "--force"], stdout=null, stderr=null, check=False)
        head.kill()
        head.wait(30)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose experiments keep a ledger, in the current folder."""
    (tmp_path / "train.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return tmp_path
