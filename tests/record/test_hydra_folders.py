"""Laws of Hydra's output folders: each becomes an experiment once, and nothing is claimed that they do not tell."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mag.errors import NotFoundError
from mag.record.hydra_folders import Taken, find_folders, take_folders
from mag.record.paths import StorePaths
from mag.record.records import read_record
from mag.record.store import Store
from mag.settings import Settings

Mag = Callable[..., subprocess.CompletedProcess[str]]

HYDRA = """\
hydra:
  job: {name: train}
  overrides: {task: [lr=2]}
  runtime: {cwd: /there, version: 1.3.2, choices: {model: svm, hydra/launcher: basic}}
"""


def write(folder: Path, config: str, log: str = "all well\n", hydra: str = HYDRA) -> Path:
    """Write an output folder as Hydra leaves it."""
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text(config)
    (folder / ".hydra" / "hydra.yaml").write_text(hydra)
    (folder / "train.log").write_text(log)
    (folder / "model.pt").write_text("weights")
    return folder


def take(top: Path, store: Path) -> list[Taken]:
    """Take all folders below one into a store."""
    return list(take_folders(find_folders(top), StorePaths(str(store)), Settings()))


def test_each_becomes_an_experiment(tmp_path: Path) -> None:
    """With its config, overrides, choices, log and files, named without what only the job knew."""
    write(tmp_path / "multirun" / "0", "lr: 2\nname: ${lr}\nat: ${now:%Y}\n")
    (taken,) = take(tmp_path / "multirun", tmp_path / "store")
    record, folder = read_record(taken.paths), Path(taken.paths.directory)

    assert (folder.name, record.status) == ("2|2", "imported")
    assert record.config == {"lr": 2, "name": 2, "at": "${now:%Y}"}
    assert (record.choices, record.overrides, record.app) == ({"model": "svm"}, ("lr=2",), "train.py")
    assert "imported from Hydra's folder" in record.commit["reason"]
    assert ((folder / "log").read_text(), (folder / "model.pt").read_text()) == ("all well\n", "weights")


def test_twice_is_once(tmp_path: Path) -> None:
    """What is in the store already is left alone; another config with the same name has its own place."""
    write(tmp_path / "out" / "0", "lr: 2\n")
    write(tmp_path / "out" / "1", "rate: 2\n")

    assert [each.is_new for each in take(tmp_path / "out", tmp_path / "store")] == [True, True]
    assert [each.is_new for each in take(tmp_path / "out", tmp_path / "store")] == [False, False]
    assert len([name for name in (tmp_path / "store").iterdir() if name.name != ".mag"]) == 2


def test_a_failure_shows_in_the_log(tmp_path: Path) -> None:
    """A job whose log has an error is failed, with the log's last line."""
    write(tmp_path / "out", "lr: 2\n", "Traceback (most recent call last):\n  ...\nValueError: no\n")
    (taken,) = take(tmp_path / "out", tmp_path / "store")
    record = read_record(taken.paths)

    assert record.status == "failed"
    assert record.error is not None
    assert record.error["message"] == "ValueError: no"


def test_none_counts_as_done(project: Path, mag: Mag) -> None:
    """A sweep runs what was imported, and says so; what a person says is done, it leaves alone."""
    for number, config in enumerate(("C: 1\ngamma: 0.5\n", "C: 2\ngamma: 0.5\n")):
        write(project / "multirun" / str(number), config, hydra="hydra: {}\n")
    assert "mag accept status=imported" in mag("import", "--hydra", "multirun").stderr
    assert mag("failures").returncode == 0

    assert mag("accept", "1|0.5").returncode == 0
    planned = mag("sweep", "C=1,2", "-n").stderr
    assert "1 accepted, 1 imported, imported ones run again" in planned
    assert mag("sweep", "C=1,2", "-q").returncode == 0
    assert [(one.name, one.status, one.attempt) for one in Store("experiments")] == [
        ("1|0.5", "imported", 1),
        ("2|0.5", "completed", 2),
    ]
    assert (project / "experiments/2|0.5/.mag/attempts/1/log").read_text() == "all well\n"


def test_none(tmp_path: Path) -> None:
    """A folder without any is an error that says what was looked for."""
    with pytest.raises(NotFoundError, match=r"\.hydra/config\.yaml"):
        find_folders(tmp_path)
