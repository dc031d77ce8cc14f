"""Laws of attempts: what the next one finds, and what is kept of those before."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import mag.cli as mag_cli
from mag.experiment import Experiment
from mag.record.records import Record

Mag = Callable[..., subprocess.CompletedProcess[str]]
Read = Callable[[str], Record]
APP = """\
import mag

@mag.main(config_path="configs", config_name="config")
def train(config, experiment):
    own = {".mag", "log", "config.json"}
    there = sorted(path.name for path in experiment.directory.iterdir() if path.name not in own)
    (experiment.directory / f"file{experiment.attempt}").write_text("x")
    experiment.register_directory("plots")
    for step in range(3 * experiment.attempt - 2, 3 * experiment.attempt + 2):
        experiment.log_metrics(step=step, loss=step + experiment.attempt / 10)
    if experiment.attempt < 2:
        raise ValueError("not yet")
    return {"there": there}
"""
NAME = "1|0.5"


@pytest.fixture
def failing(project: Path, mag: Mag) -> Path:
    """Return a project in which an experiment has failed once."""
    (project / "train.py").write_text(APP)
    assert mag("run").returncode == 1
    return project


def test_a_retry_goes_on_with_the_files(failing: Path, mag: Mag, read: Read) -> None:
    """It finds what the last attempt left, says so, and its metrics and the earlier ones read as one."""
    done = mag("sweep")
    said = "goes on with the files of attempt 1: file1, plots"
    assert said in done.stderr
    assert f"mag: {said}" in (failing / "experiments" / NAME / "log").read_text()
    assert (read(NAME).results["there"], read(NAME).attempt, read(NAME).since) == (["file1", "plots"], 2, 1)
    found = [(line["step"], line["loss"], line["attempt"]) for line in Experiment(resume_from=NAME).metrics]
    assert found == [(1, 1.1, 1), (2, 2.1, 1), (3, 3.1, 1), *((step, step + 0.2, 2) for step in range(4, 8))]
    assert Experiment(resume_from=NAME).attempt == 2
    assert '"loss@1"' not in mag("ls", "--json").stdout or "1.1" in mag("ls", "--columns", "loss@1").stdout


def test_clean_begins_with_nothing(failing: Path, mag: Mag, read: Read) -> None:
    """What was there is set aside, whole; the metrics are those of this attempt alone."""
    assert mag("sweep", "--clean", "-q").returncode == 0
    assert (read(NAME).results["there"], read(NAME).since) == ([], 2)
    aside = failing / "experiments" / NAME / ".mag" / "attempts" / "1"
    assert sorted(path.name for path in aside.iterdir()) == ["files", "log", "metrics.jsonl", "record.json"]
    assert sorted(path.name for path in (aside / "files").iterdir()) == ["file1", "plots"]
    assert [line["step"] for line in Experiment(resume_from=NAME).metrics] == [4, 5, 6, 7]


@pytest.mark.usefixtures("failing")
def test_force_begins_with_nothing(mag: Mag, read: Read) -> None:
    """So does an experiment that completed, and is run again."""
    mag("sweep", "-q")
    assert mag("sweep", "--force", "-q").returncode == 0
    assert (read(NAME).results["there"], read(NAME).attempt, read(NAME).since) == ([], 3, 3)


def test_a_retry_within_a_forced_sweep_goes_on(project: Path, mag: Mag, read: Read) -> None:
    """What is asked for is an empty beginning, not that a retry loses what the first attempt saved."""
    (project / "train.py").write_text(APP.replace("attempt < 2", "attempt < 3"))
    mag("run")
    assert mag("sweep", "--force", "--retries", "1", "-q").returncode == 0
    assert (read(NAME).results["there"], read(NAME).since) == (["file2", "plots"], 2)


def test_the_recipe_for_checkpoints_works(project: Path, mag: Mag, read: Read) -> None:
    """The function in `mag help checkpoints` goes on where it was killed, and logs no epoch twice."""
    page = (Path(mag_cli.__file__).parent / "topics" / "checkpoints.md").read_text()
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code is not None
    app = code[1].replace(
        "        os.replace", '        os._exit(9) if state["epoch"] == 4 else None\n        os.replace'
    )
    (project / "configs" / "config.yaml").write_text("epochs: 6\nlr: 0.5\n")
    (project / "train.py").write_text(app)
    assert mag("run").returncode == 1
    (project / "train.py").write_text(code[1])
    assert mag("run").returncode == 0

    record = read("6|0.5")
    assert (record.results, record.attempt) == ({"weight": 3.0}, 2)
    found = Experiment(resume_from="6|0.5").metrics
    assert [(line["step"], line["attempt"]) for line in found] == [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2)]
    state = json.loads((project / "experiments" / "6|0.5" / "checkpoint.json").read_text())
    assert state == {"epoch": 6, "weight": 3.0}


def test_a_rerun_says_where_the_original_went_on(project: Path, mag: Mag, git: Callable[..., str]) -> None:
    """It begins with an empty directory; where the original did not, that may be why the results differ."""
    (project / "train.py").write_text(APP)
    (project / ".gitignore").write_text("experiments/\n__pycache__/\n")
    git("init", "-q", "-b", "main")
    mag("run")
    mag("run")
    done = mag("rerun", NAME)
    assert done.returncode == 1
    assert "the original is attempt 2, which went on with the files of attempt 1" in done.stderr
