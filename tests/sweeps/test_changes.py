"""Laws of going on: what has changed since a part of the experiments ran is said, in a line each."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Mag = Callable[..., CompletedProcess[str]]
Git = Callable[..., str]
CODE = "2 of the 2 done already ran other code (train.py): --force runs them again\n"


@pytest.fixture(autouse=True)
def versioned(project: Path, git: Git) -> Path:
    """Make the project a repository."""
    (project / ".gitignore").write_text("experiments\n__pycache__\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return project


def edit(path: Path, before: str, after: str) -> None:
    """Replace a part of a file that has it."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_nothing_has_changed(mag: Mag, git: Git) -> None:
    """Where nothing has changed nothing is said; a commit of what ran changes nothing."""
    Path("new.py").touch()
    mag("sweep", "C=1,2")
    git("add", ".")
    git("commit", "-q", "-m", "second")

    assert mag("sweep", "C=1,2,3").stderr.startswith("3 experiments in experiments, 2 done already; ")


def test_other_code(mag: Mag, versioned: Path) -> None:
    """That those which are done ran other code is said, with the files; what is advised settles it."""
    mag("sweep", "C=1,2")
    edit(versioned / "train.py", "C is", "C was")

    assert mag("sweep", "C=1,2,3").stderr.startswith(CODE)
    mag("sweep", "C=1,2,3", "--force")
    assert "other code" not in mag("sweep", "C=1,2,3,4").stderr


def test_where_all_are_done(mag: Mag, versioned: Path, git: Git) -> None:
    """It is said as well where nothing is left to run, and nothing is kept of the code that does not run."""
    mag("sweep", "C=1,2")
    assert mag("sweep", "C=1,2").stderr.startswith("2 experiments: all are done already")
    edit(versioned / "train.py", "C is", "C was")
    kept = git("for-each-ref", "refs/mag")

    assert mag("sweep", "C=1,2").stderr.startswith(CODE)
    assert mag("run", "C=1").stderr.startswith("1 of the 1 done already ran other code (train.py): --force runs them")
    assert "other code" not in mag("sweep", "C=1,2", "-q").stderr + mag("run", "C=1", "-q").stderr
    assert git("for-each-ref", "refs/mag") == kept
    git("commit", "-qam", "second")
    assert mag("sweep", "C=1,2").stderr.startswith(CODE)


def test_another_hidden_value(mag: Mag, versioned: Path) -> None:
    """A hidden key that has another value now is named, with both."""
    mag("sweep", "C=1,2")
    edit(versioned / "configs" / "config.yaml", "_seed: 0", "_seed: 7")

    assert "the config has changed since 2 of them ran (_seed: 0 -> 7)\n" in mag("sweep", "C=1,2,3").stderr


def test_another_default(mag: Mag, versioned: Path) -> None:
    """That the same command means other experiments now is said, with the key that makes them so."""
    mag("sweep", "C=1,2")
    edit(versioned / "configs" / "config.yaml", "gamma: 0.5", "gamma: 0.7")

    said = "2 completed experiments differ only by gamma, which was 0.5 and is 0.7 now: gamma=0.5 finds them\n"
    assert said in mag("sweep", "C=1,2,3").stderr


def test_values_that_always_change(mag: Mag, versioned: Path) -> None:
    """An interpolation that has another value each time is no change."""
    edit(versioned / "configs" / "config.yaml", "_seed: 0", "_home: ${oc.env:SOMEWHERE}")
    mag("sweep", "C=1,2", SOMEWHERE="a")

    assert "has changed" not in mag("sweep", "C=1,2,3", SOMEWHERE="b").stderr


def test_secrets_are_not_told(mag: Mag, versioned: Path) -> None:
    """A secret that has another value is masked in both."""
    edit(versioned / "configs" / "config.yaml", "_seed: 0", "_password: hunter2")
    mag("sweep", "C=1,2")
    edit(versioned / "configs" / "config.yaml", "hunter2", "hunter3")

    assert "hunter" not in mag("sweep", "C=1,2,3").stderr


def test_outputs_are_no_code(mag: Mag, versioned: Path) -> None:
    """What lies about changes nothing: results, a scratch file, an environment; a module that is imported does."""
    for name in ("k.out", "results.csv", "scratch.py", "helper.py", "venv/pyvenv.cfg", "venv/lib.py"):
        (versioned / name).parent.mkdir(exist_ok=True)
        (versioned / name).write_text("1\n")
    edit(versioned / "train.py", "import mag", "import mag, helper")
    mag("sweep", "C=1,2")
    for name in ("k.out", "results.csv", "scratch.py", "more.out", "venv/lib.py"):
        (versioned / name).write_text("2\n")
    assert "other code" not in mag("sweep", "C=1,2").stderr

    (versioned / "helper.py").write_text("2\n")
    assert "ran other code (helper.py)" in mag("sweep", "C=1,2").stderr
