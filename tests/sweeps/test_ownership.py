"""Laws of ownership: no app passes for another that has the same config."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import mag as package
from mag.settings import Settings
from mag.sweeps.ownership import find_successor

Mag = Callable[..., CompletedProcess[str]]


@pytest.fixture(autouse=True)
def evaluate(project: Path) -> Path:
    """Put a second app beside the project's, with the same configs."""
    (project / "evaluate.py").write_text((project / "train.py").read_text().replace("train", "evaluate"))
    return project


@pytest.mark.parametrize("names", [("train", "evaluate"), ("evaluate", "train")], ids="-".join)
@pytest.mark.parametrize("force", [[], ["--force"]], ids=len)
def test_apps_are_kept_apart(mag: Mag, names: tuple[str, str], force: list[str]) -> None:
    """What one app has run is neither done nor to be run again for the other; the advice works."""
    one, other = names
    mag("run", f"{one}.py", "C=1")
    done = mag("run", f"{other}.py", "C=1", *force)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"'1|0.5' was run by {one}.py:{one}, not by {other}.py:{other}" in done.stderr
    assert f"--dir {other}-experiments" in done.stderr
    assert mag("run", f"{other}.py", "C=1", "--dir", f"{other}-experiments").returncode == 0
    assert f"+app={other}" in done.stderr
    assert mag("run", f"{other}.py", "C=1", f"+app={other}").returncode == 0


def test_failed_ones_have_an_owner_too(evaluate: Path, mag: Mag) -> None:
    """What failed in one app is not tried again in another."""
    (evaluate / "train.py").write_text("import mag\n@mag.main('configs')\ndef train(c): 1 / 0\n")
    mag("run", "train.py")

    assert mag("run", "evaluate.py").returncode == 2


def test_dry_run(mag: Mag) -> None:
    """`--dry-run` shows the plan, and tells what would keep it from being run."""
    mag("sweep", "train.py", "C=1,2")
    done = mag("sweep", "evaluate.py", "C=1,2,3", "--dry-run")

    assert done.returncode == 2
    assert done.stdout.count("completed") == 2
    assert "(and 1 more were run by others)" in done.stderr


def test_another_folder_is_no_difference(evaluate: Path, mag: Mag) -> None:
    """An app that moved to another folder, or is named or started in another way, is the same app."""
    mag("run", "train.py", "C=1")
    (evaluate / "src").mkdir()
    for name in ("configs", "train.py"):
        (evaluate / name).rename(evaluate / "src" / name)

    assert "done already" in mag("run", "src/train.py", "C=1").stderr
    assert "done already" in mag("run", "src.train:train", "C=1").stderr
    assert subprocess.run([sys.executable, "src/train.py", "C=1"], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("file", ["pyproject.toml", "mag.toml"])
def test_a_renamed_app_is_the_same(evaluate: Path, mag: Mag, file: str) -> None:
    """Where the project says that an app was renamed, as the message advises, its experiments are its own."""
    mag("sweep", "train.py", "C=1,2")
    (evaluate / "train.py").unlink()
    (evaluate / file).write_text("jobs = 2\n" if file == "mag.toml" else "[tool.mag]\njobs = 2\n")
    said = mag("sweep", "evaluate.py", "C=1,2,3").stderr
    assert f"say so in {file}" in said
    with (evaluate / file).open("a") as settings:
        settings.write(said.partition("renamed = ")[1] + said.partition("renamed = ")[2].strip().removesuffix("."))
    done = mag("sweep", "evaluate.py", "C=1,2,3")

    assert (done.returncode, done.stderr.count("1 completed, 2 done before")) == (0, 1), done.stderr
    assert mag("rerun", "1|0.5", "--here").returncode == 0


@pytest.mark.parametrize(
    ("app", "successor"),
    [
        ("a.py:f", "c.py:f"),
        ("x/b.py:f", "c.py:f"),
        ("a.py:g", "a.py:g"),
        ("d.py:f", "d.py:f"),
        ("script.py", "script.py"),
    ],
)
def test_names_may_change_more_than_once(app: str, successor: str) -> None:
    """A chain of names leads to the last; in a circle, nothing hangs."""
    settings = Settings(renamed={"b.py:f": "c.py:f", "a.py:f": "b.py:f", "d.py:f": "e.py:f", "e.py:f": "d.py:f"})
    assert find_successor(app, settings) == successor


def test_scripts_own_nothing(mag: Mag) -> None:
    """What a script of its own ran, or nobody knows who, is anybody's."""
    with package.Experiment({"C": 1, "gamma": 0.5, "_seed": 0}):
        pass

    assert "done already" in mag("run", "train.py", "C=1").stderr
