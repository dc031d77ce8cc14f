"""Laws of files that are taken away or spoilt while an experiment runs: it costs that one, and the next run repairs."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mag.record.store import Store
from tests.conftest import Mag

APP = """\
import json
import os, time
import mag

@mag.main(config_path="configs", config_name="config")
def train(config, experiment):
    print("C is", config.C, flush=True)
    while config.C == 1 and not os.path.exists("go"):
        time.sleep(0.01)
    experiment.log_metrics(step=1)
    return config.C
"""
OWN = Path("experiments", "1|0.5")
RECORD = OWN / ".mag" / "record.json"
LOST = "its directory was removed while it ran"


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda: shutil.rmtree(OWN), LOST),
        (lambda: shutil.rmtree("experiments"), LOST),
        (lambda: shutil.rmtree(OWN / ".mag"), LOST),
        (lambda: OWN.rename("elsewhere"), "2 completed"),
        (lambda: RECORD.write_text("garbage"), "2 completed"),
        (lambda: RECORD.write_text(""), "2 completed"),
        ((OWN / "log").unlink, "2 completed"),
        (lambda: shutil.rmtree("experiments/.mag"), "2 completed"),
    ],
    ids=["directory", "store", "private", "moved", "garbled", "empty", "log", "sweeps"],
)
def test_damage_while_it_runs(project: Path, mag: Mag, damage: Callable[[], object], said: str) -> None:
    """What the experiment cannot publish is a failure of it alone, and typed again the command completes all."""
    (project / "train.py").write_text(APP)
    command = [sys.executable, "-m", "mag", "sweep", "C=1,2", "-j", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as runner:
        wait_for(lambda: [one.status for one in Store()] == ["running", "completed"] and (OWN / "log").exists())
        damage()
        Path("go").touch()
        words = runner.communicate(timeout=60)[1]

    assert (runner.returncode, said in words, "Traceback" in words) == (said == LOST, True, False), words
    assert mag("sweep", "C=1,2").returncode == 0
    assert sorted((one.record.results["result"], one.status) for one in Store() if one.record) == [
        (1, "completed"),
        (2, "completed"),
    ]


@pytest.mark.parametrize("garbled", ["", "{", "null", '{"version": 1, "sta', "\x00" * 100])
def test_a_garbled_record_is_never_completed(project: Path, mag: Mag, garbled: str) -> None:
    """An experiment whose record cannot be read is run again; the record is set aside as it is, and nothing is lost."""
    (project / "go").touch()
    (project / "train.py").write_text(APP)
    mag("sweep", "C=1,2")
    RECORD.write_text(garbled)
    done = mag("sweep", "C=1,2")

    assert (done.returncode, "again: 1 corrupt" in done.stderr) == (0, True)
    assert [one.status for one in Store()] == ["completed"] * 2
    assert (OWN / ".mag" / "attempts" / "1" / "record.json").read_text() == garbled


def test_a_record_of_wrong_kinds_is_never_completed(project: Path, mag: Mag) -> None:
    """What a list calls corrupt, a sweep runs again."""
    (project / "go").touch()
    (project / "train.py").write_text(APP)
    mag("sweep", "C=1,2")
    RECORD.write_text(json.dumps(json.loads(RECORD.read_text()) | {"started": 5}))

    assert "corrupt" in mag("ls").stdout
    assert "again: 1 corrupt" in mag("sweep", "C=1,2").stderr
    assert [one.status for one in Store()] == ["completed"] * 2


@pytest.mark.usefixtures("project")
def test_a_directory_that_is_moved_while_it_is_in_use() -> None:
    """A run keeps to its directory, which may move; the same command waits for it and runs nothing."""
    Path("train.py").write_text(APP)
    command, log = [sys.executable, "-m", "mag", "sweep", "C=1", "-q"], OWN / "log"
    with subprocess.Popen(command) as first:
        wait_for(lambda: log.exists() and log.read_text())
        OWN.rename("experiments/moved")
        with subprocess.Popen(command) as second:
            time.sleep(0.5)
            Path("go").touch()

    assert (first.returncode, second.returncode) == (0, 0)
    records = [one.record for one in Store() if one.record]
    assert [(one.identifier, one.results) for one in records] == [("1|0.5", {"result": 1})]
