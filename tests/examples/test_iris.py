"""The laws of examples/iris.py."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the demonstration, beside nothing else."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def run_iris(project: Path, *arguments: str) -> str:
    """Run the example as a program and return what it printed."""
    command = [sys.executable, "examples/iris.py", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.check_output(command, cwd=project, env=environment, text=True)


def test_training_is_a_function_of_the_config() -> None:
    """Called with a config, the app is a plain function, and a test of it needs no mag."""
    train = runpy.run_path(str(ROOT / "examples" / "iris.py"))["train"]
    assert train(OmegaConf.create({"C": 10, "gamma": 0.01, "_jobs": 1}))["accuracy"] == pytest.approx(0.98, abs=0.02)


def test_the_example_runs_as_a_program(project: Path) -> None:
    """`python examples/iris.py C=10` leaves the experiment's directory and shows what it printed."""
    assert "Accuracy is 0.9" in run_iris(project, "C=10", "gamma=0.01")
    results = json.loads((project / "experiments" / "10|0.01" / "results.json").read_text())
    assert results["accuracy"] > 0.9


def test_the_example_sweeps(project: Path) -> None:
    """Every combination has its directory, named as the page says."""
    run_iris(project, "-m", "C=1,10", "gamma=0.01,0.1")
    names = {path.parent.name for path in (project / "experiments").glob("*/results.json")}
    assert names == {"1|0.01", "1|0.1", "10|0.01", "10|0.1"}
