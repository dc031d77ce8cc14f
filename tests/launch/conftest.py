"""A real Slurm for the tests of a session, where its packages are installed."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launch.ledger import APP
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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose experiments keep a ledger, in the current folder."""
    (tmp_path / "train.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return tmp_path
