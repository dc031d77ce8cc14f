"""The founding promise: every experiment runs again to the same bits, whatever became of the code since."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mag.record.store import Store

Git = Callable[..., str]
Mag = Callable[..., subprocess.CompletedProcess[str]]

APP = """\
import importlib
import random

import mag
import model


@mag.main(config_path="configs", config_name="config")
def train(config, experiment):
    mag.seed_everything(experiment.seed)
    weights = [random.gauss(0, 1) for _ in range(20)]
    for _ in range(50):
        weights = [w - config.lr * (w - model.target(i)) + 1e-3 * random.random() for i, w in enumerate(weights)]
    extra = importlib.import_module("lib.part").VALUE if config.use_lib else 0
    return {"loss": sum(w * w for w in weights) + extra, "weights": weights}
"""

SCRIPTED = (0, 4, 9)
"""The states in which the script is run: a clean tree, a package with a deleted file, amended history."""
SCRIPT = """\
import random
import sys

import mag
import train

for rate in (0.1, 0.2):
    with mag.Experiment(config={"lr": rate, "state": int(sys.argv[1])}) as experiment:
        mag.seed_everything(experiment.seed)
        experiment.register_result("weights", [train.model.target(i) + random.random() * rate for i in range(20)])
"""


def write_model(code: Path, number: int) -> None:
    """Let the model be another one."""
    (code / "model.py").write_text(f"def target(i):\n    return {number} * i / 7\n")


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: Git) -> Path:
    """Return a repository with an app that trains deterministically, and a submodule."""
    library, code = tmp_path / "library", tmp_path / "code"
    for folder in (library, code / "configs"):
        folder.mkdir(parents=True)
    (library / "part.py").write_text("VALUE = 1\n")
    (code / "train.py").write_text(APP)
    (code / "script.py").write_text(SCRIPT)
    (code / "configs" / "config.yaml").write_text("lr: 0.1\nuse_lib: true\nstate: 0\n")
    (code / ".gitignore").write_text("__pycache__/\nexperiments/\n")
    write_model(code, 0)
    monkeypatch.chdir(code)
    for folder in (library, code):
        git("init", "-q", "-b", "main", folder=folder)
        git("add", ".", folder=folder)
        git("commit", "-q", "-m", "first", folder=folder)
    git("submodule", "--quiet", "add", str(library), "lib")
    git("commit", "-q", "-m", "library")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return code


def pass_through_states(code: Path, git: Git) -> Iterator[str]:
    """Bring the work tree into ten states, one after the other."""
    yield "clean"
    write_model(code, 1)
    yield "modified"
    git("add", "-u")
    yield "staged"
    (code / "helper.py").write_text("SCALE = 3\n")
    (code / "model.py").write_text("import helper\ndef target(i):\n    return helper.SCALE * i\n")
    yield "untracked module"
    (code / "model.py").unlink()
    (code / "model").mkdir()
    (code / "model" / "__init__.py").write_text("def target(i):\n    return -i\n")
    yield "deleted file"
    git("add", "-A")
    git("commit", "-q", "-m", "package")
    git("mv", "model", "network")
    (code / "train.py").write_text(APP.replace("import model", "import network as model"))
    yield "renamed"
    (code / "lib" / "part.py").write_text("VALUE = 2\n")
    yield "submodule"
    git("checkout", "-q", "--", ".")
    git("reset", "-q", "--hard")
    git("checkout", "-q", "-b", "other", "HEAD~1")
    write_model(code, 5)
    git("commit", "-q", "-a", "-m", "other")
    yield "branch switched"
    write_model(code, 6)
    git("commit", "-q", "-a", "--amend", "-m", "amended")
    yield "amended history"
    write_model(code, 7)
    git("commit", "-q", "-a", "--amend", "-m", "amended again")
    git("reflog", "expire", "--expire=now", "--all")
    git("gc", "-q", "--prune=now")
    yield "after git gc"


def run_all(code: Path, git: Git, mag: Mag) -> list[str]:
    """Run one experiment in each state (three with MAG_TORTURE=1), and two of a script's in some; return all names."""
    rates = "0.1,0.2,0.3" if os.environ.get("MAG_TORTURE") else "0.1"
    for number, _ in enumerate(pass_through_states(code, git)):
        assert mag("sweep", f"state={number}", f"lr={rates}", "-q").returncode == 0
        if number in SCRIPTED:
            subprocess.run([sys.executable, "script.py", str(number)], check=True, capture_output=True)
    git("gc", "-q", "--prune=now")
    names = [experiment.name for experiment in Store("experiments")]
    assert len(names) == 10 * len(rates.split(",")) + 2 * len(SCRIPTED)
    assert len({tuple(one.results["weights"]) for one in Store("experiments")}) > 2 * len(names) // 3
    return names


@pytest.mark.timeout(300)
def test_everything_comes_back(code: Path, git: Git, mag: Mag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Experiments of ten states of the tree rerun to the same bits, here and in a clone of refs/mag/*."""
    names = run_all(code, git, mag)
    assert [name for name in names if mag("rerun", name, "--json").returncode != 0] == []

    clone = tmp_path / "clone"
    git("clone", "-q", "--recurse-submodules", code.as_uri(), str(clone))
    git("fetch", "-q", "origin", "refs/mag/*:refs/mag/*", folder=clone)
    shutil.move(code / "experiments", clone)
    code.rename(tmp_path / "hidden")
    monkeypatch.chdir(clone)
    assert [name for name in names if mag("rerun", name, "--json").returncode != 0] == []
    assert all(len(os.listdir(one.paths.reruns)) == 2 for one in Store("experiments"))
