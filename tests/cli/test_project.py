"""Laws of what a command works on: app, settings, store and code belong together."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from mag.config.secrets import MASK
from mag.record.paths import StorePaths
from mag.record.records import Record, read_record

Git = Callable[..., str]
Run = Callable[..., Any]
Mag = Callable[..., CompletedProcess[str]]


def read_from(folder: Path, name: str) -> Record:
    """Return the record of an experiment in the store of a folder."""
    return read_record(StorePaths(str(folder / "experiments")).experiment(name))


@pytest.fixture
def elsewhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder beside the project, whose settings name its app; return the project's folder."""
    home = project / "project"
    home.mkdir()
    for name in ("train.py", "configs"):
        (project / name).rename(home / name)
    (home / "mag.toml").write_text('app = "train.py"\nseparator = ","\nsecrets = ["_seed"]\n')
    (project / "other").mkdir()
    monkeypatch.chdir(project / "other")
    return home


def test_the_app_comes_first(project: Path, mag: Mag) -> None:
    """An app behind the overrides is told to stand before them."""
    assert project.is_dir()
    assert "type train.py 'C=range(2)'\n" in mag("sweep", "C=range(2)", "train.py").stderr


def test_settings_are_the_apps(elsewhere: Path, mag: Mag) -> None:
    """From another directory an app keeps its project's settings, and its experiments lie where they always do."""
    done = mag("run", "../project/train.py", "C=10")

    assert done.returncode == 0, done.stderr
    assert read_from(elsewhere, "10,0.5").config["_seed"] == MASK
    assert list(Path().iterdir()) == []


def test_scripts_have_the_same_settings(elsewhere: Path, mag: Mag) -> None:
    """`python ../project/train.py` is `mag run ../project/train.py`."""
    subprocess.run([sys.executable, "../project/train.py", "C=10"], check=True, capture_output=True)

    assert "done already" in mag("run", "../project/train.py", "C=10").stderr
    assert read_from(elsewhere, "10,0.5").app == f"{elsewhere}/train.py:train"


@pytest.mark.parametrize("inside", ["project", "other", None])
def test_commit_is_of_the_apps_repository(elsewhere: Path, mag: Mag, git: Git, inside: str | None) -> None:
    """The code that is recorded is that of the repository that the app's file is in, wherever the command was typed."""
    (elsewhere.parent / "other" / "tracked").touch()
    for folder in {"project", inside} - {None}:
        git("init", "-q", "-b", folder, folder=elsewhere.parent / str(folder))
        git("add", ".", folder=elsewhere.parent / str(folder))
        git("commit", "-q", "-m", "first", folder=elsewhere.parent / str(folder))
    mag("run", "../project/train.py", "C=10")
    commit = read_from(elsewhere, "10,0.5").commit

    assert commit["hash"] == git("rev-parse", "HEAD", folder=elsewhere)
    assert (commit["branch"], commit["top"]) == ("project", str(elsewhere))


def test_rerun_of_an_app_elsewhere(elsewhere: Path, mag: Mag, git: Git) -> None:
    """What was run from outside of the app's repository runs again from its recorded code."""
    (elsewhere / "mag.toml").write_text('app = "train.py"\n')
    git("init", "-q", folder=elsewhere)
    git("add", ".", folder=elsewhere)
    git("commit", "-q", "-m", "first", folder=elsewhere)
    mag("run", "../project/train.py", "C=10")
    (elsewhere / "train.py").write_text((elsewhere / "train.py").read_text().replace("config.C *", "0 *"))
    done = mag("rerun", "../project/experiments/10|0.5")
    today = mag("rerun", "../project/experiments/10|0.5", "--here")

    assert (done.returncode, today.returncode) == (0, 1), done.stderr + today.stderr


def test_a_name_of_keys_that_are_not_there(project: Path, mag: Mag) -> None:
    """Settings that would leave all experiments without a name stop the command before anything starts."""
    (project / "mag.toml").write_text('identifier = ["nope"]\n')
    done = mag("sweep", "C=1,2")

    assert done.returncode == 2
    assert "known are C, gamma." in done.stderr
    assert not (project / "experiments").exists()


@pytest.mark.parametrize(
    ("word", "meant"), [("train", "train.py"), ("trian", "train.py"), ("sub.train", "sub.train:FUNCTION")]
)
def test_a_first_word_that_is_almost_an_app(project: Path, mag: Mag, word: str, meant: str) -> None:
    """Where the first word is almost an app, the error says which, whatever the project's app is."""
    (project / "mag.toml").write_text('app = "train.py"\n')
    (project / "sub").mkdir()
    (project / "sub" / "train.py").write_text("")
    done = mag("run", word, "C=3")

    assert done.returncode == 2
    assert f"{word!r} is neither an app nor an override: did you mean {meant}?" in done.stderr
    assert mag("run", "train.py", "C=3").returncode == 0


def test_a_first_word_that_is_nothing(project: Path, mag: Mag) -> None:
    """Where there are several apps, the first word that is none of them is named, and so are they."""
    (project / "more.py").write_text((project / "train.py").read_text())
    done = mag("run", "nothing", "C=3")

    assert done.returncode == 2
    assert "'nothing' is neither an app" in done.stderr
    assert "more.py, train.py" in done.stderr


def test_another_primary_config(project: Path, run: Run) -> None:
    """--config-name names another primary config of the app's, wherever a command composes."""
    (project / "configs" / "other.yaml").write_text("D: 5\n")

    assert run("config", "--config-name", "other").out == "D: 5\n"
    assert run("sweep", "-cn", "other.yaml", "D=6,7", "-n").out.splitlines()[1:] == ["6\tnew\tD=6", "7\tnew\tD=7"]
    assert "there are: config, other" in run("config", "-cn", "nothing").err


def test_more_configs(project: Path, run: Run) -> None:
    """--config-dir adds a folder, of which the app's own take precedence; where there is none it is the app's."""
    (project / "more" / "model").mkdir(parents=True)
    (project / "more" / "model" / "svm.yaml").write_text("k: 1\n")
    (project / "more" / "config.yaml").write_text("D: 1\n")
    (project / "plain.py").write_text("import mag\n@mag.main\ndef train(config): ...\n")

    assert "k: 1" in run("config", "train.py", "+model=svm", "-cd", "more").out
    assert run("config", "train.py", "-cd", "more").out == run("config", "train.py").out
    assert run("config", "plain.py", "--config-dir=more").out == "D: 1\n"
    assert "is no folder of configs" in run("config", "train.py", "-cd", "nothing").err


def test_other_configs(project: Path, run: Run) -> None:
    """--config-path takes the place of the app's own configs, relative to its file."""
    (project / "more").mkdir()
    (project / "more" / "config.yaml").write_text("D: 1\n")

    assert run("config", "--config-path", "more").out == "D: 1\n"


def test_packages_beside_the_app(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """pkg:// finds packages in the app's folder, from wherever the command is typed, and runs nothing of them."""
    (project / "library" / "presets").mkdir(parents=True)
    (project / "library" / "__init__.py").write_text("raise ValueError\n")
    (project / "library" / "presets" / "small.yaml").write_text("n: 1\n")
    with (project / "configs" / "config.yaml").open("a") as file:
        file.write("hydra:\n  searchpath: [pkg://library]\n")
    (project / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")

    assert "n: 1" in run("config", "../train.py", "+presets=small").out


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["run", "--multirun"], "mag sweep"),
        (["run", "--cfg", "job"], "mag config"),
        (["config", "--package", "a"], "mag config --json | jq"),
        (["run", "--info"], "mag config --choices"),
    ],
)
def test_hydras_options(project: Path, run: Run, words: list[str], advice: str) -> None:
    """An option of Hydra's programs is answered with what to type here."""
    assert project.is_dir()
    done = run(*words)

    assert (done.status, advice in done.err) == (2, True)
