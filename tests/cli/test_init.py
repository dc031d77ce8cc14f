"""Laws of `mag init`."""

import shlex
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Mag = Callable[..., CompletedProcess[str]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def list_files(folder: Path) -> dict[str, str]:
    """Return the text of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


@pytest.mark.parametrize("directory", [".", "study", "deep/new study"])
def test_the_new_project_runs_as_told(directory: str, here: Path, mag: Mag, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that is named next runs and completes; the project says what is in it."""
    done = mag("init", directory)
    assert (done.returncode, set(list_files(here))) == (
        0,
        {line.removeprefix("created  ") for line in done.stdout.splitlines()},
    )
    *change, command = done.stderr.strip().removeprefix("Next: ").split(" && ")
    monkeypatch.chdir(here / (shlex.split(change[0])[1] if change else "."))
    assert "4 completed" in mag(*shlex.split(command)[1:]).stderr
    assert mag("check").returncode == 0


def test_nothing_is_overwritten(here: Path, mag: Mag) -> None:
    """A second time nothing changes, and every file is listed as kept."""
    mag("init")
    before = list_files(here)
    done = mag("init")
    assert list_files(here) == before
    assert sorted(done.stdout.splitlines()) == sorted(f"kept     {name}" for name in before)
    assert done.stderr == "Next: mag config\n"


def test_an_app_of_one_s_own_is_kept(here: Path, mag: Mag) -> None:
    """Where a train.py is there already, it stays, and what it needs to become an app is said."""
    (here / "train.py").write_text("print(1)\n")
    done = mag("init")
    assert "kept     train.py" in done.stdout
    assert "@mag.main(" in done.stderr
    assert (here / "train.py").read_text() == "print(1)\n"


@pytest.mark.parametrize(
    ("pyproject", "created"),
    [(None, "pyproject.toml"), ("[project]\nname = 'x'\n", "mag.toml"), ("[tool.mag]\njobs = 1\n", None)],
)
def test_the_settings(pyproject: str | None, created: str | None, here: Path, mag: Mag) -> None:
    """The app is named in a new pyproject.toml, or in mag.toml beside one that has no settings of mag."""
    if pyproject is not None:
        (here / "pyproject.toml").write_text(pyproject)
    shown = mag("init").stdout
    assert [name for name in ("pyproject.toml", "mag.toml") if f"created  {name}" in shown] == (
        [created] * bool(created)
    )
    assert mag("config").returncode == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "experiments/\n"),
        ("*.pyc", "*.pyc\nexperiments/\n"),
        ("*.pyc\n", "*.pyc\nexperiments/\n"),
        ("/experiments/\n", "/experiments/\n"),
    ],
)
def test_experiments_are_ignored_by_git(before: str | None, after: str, here: Path, mag: Mag) -> None:
    """`.gitignore` gets a line for the experiments, once."""
    if before is not None:
        (here / ".gitignore").write_text(before)
    mag("init")
    assert (here / ".gitignore").read_text() == after


def test_no_directory(here: Path, mag: Mag) -> None:
    """A name that is taken by a file is exit status 2 and a sentence."""
    (here / "file").write_text("")
    done = mag("init", "file")
    assert done.returncode == 2
    assert "name another directory" in done.stderr


def test_a_broken_pyproject(here: Path, mag: Mag) -> None:
    """What cannot be read is an error before anything is written."""
    (here / "pyproject.toml").write_text("[")
    assert mag("init").returncode == 2
    assert set(list_files(here)) == {"pyproject.toml"}


SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
args = parser.parse_args()
print("accuracy:", 1 - args.lr)
"""


def test_a_script_with_argparse_runs_as_it_is(here: Path, mag: Mag) -> None:
    """What is written for it is enough to sweep it, results included; the script stays as it was."""
    (here / "fit.py").write_text(SCRIPT)
    done = mag("init", "--from", "fit.py")
    assert "def main(args, experiment):" in done.stdout
    assert (here / "fit.py").read_text() == SCRIPT
    assert "2 completed" in mag("sweep", "lr=0.1,0.2", "--result", "accuracy: ([0-9.]+)").stderr
    assert "0.8" in mag("ls", "lr=0.2").stdout


def test_the_shown_app_is_one(here: Path, mag: Mag) -> None:
    """The constants of a script become a config, and the function that is shown gets it."""
    (here / "fit.py").write_text("LR = 0.1\nprint(LR)\n")
    shown = mag("init", "--from", "fit.py").stdout.partition("would be:\n")[2]
    app = shown.replace('{"accuracy": accuracy}', '{"accuracy": config.lr}')
    (here / "fit.py").write_text("\n".join(line[4:] for line in app.splitlines()))
    assert "accuracy=0.2" in mag("run", "lr=0.2").stderr


def test_a_script_that_is_not_there(here: Path, mag: Mag) -> None:
    """A script that cannot be read is named, and nothing is written."""
    done = mag("init", "--from", "nope.py")
    assert (done.returncode, "nope.py" in done.stderr, list_files(here)) == (2, True, {})
