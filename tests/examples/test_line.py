"""The laws of examples/line.py and examples/predict.py."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mag.experiment import Experiment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with the example, which is the current directory."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    return tmp_path


def run(*words: str) -> str:
    """Run Python and return what it printed."""
    return subprocess.check_output([sys.executable, *words], env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True)


@pytest.mark.usefixtures("project")
def test_train_save_restore_predict() -> None:
    """A model saved by one script is loaded by another from nothing but the experiment's path."""
    run("-m", "mag", "run", "examples/line.py", "rate=0.5")
    said, predicted = run("examples/predict.py", "experiments/0.05|0.5|200", "2.0").splitlines()
    assert "fitted in 200 steps" in said
    assert float(predicted) == pytest.approx(5, abs=0.2)

    experiment = Experiment(resume_from="experiments/0.05|0.5|200")
    assert [line["step"] for line in experiment.metrics] == [0, 50, 100, 150]


def test_it_comes_back(project: Path) -> None:
    """A rerun computes the same bits, whatever became of the example."""
    run("-m", "mag", "run", "examples/line.py")
    (project / "examples" / "line.py").write_text("")

    assert "yes" in run("-m", "mag", "rerun", "experiments/0.05|0.1|200")
