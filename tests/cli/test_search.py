"""Laws of `mag sweep --trials`: a search on the command line."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("optuna")
Mag = Callable[..., subprocess.CompletedProcess[str]]
WORDS = ("sweep", "gamma=interval(0,1)", "C=1,2", "--metric", "score", "--direction", "max", "-j", "2")


@pytest.mark.usefixtures("project")
def test_the_same_line_asks_for_what_is_left(mag: Mag) -> None:
    """Trials are experiments like any others; typed again nothing runs, and more trials go on."""
    done = mag(*WORDS, "--trials", "6")
    assert (done.returncode, "6 completed" in done.stderr) == (0, True), done.stderr
    assert "6 points of this space are known already" in mag(*WORDS, "--trials", "6").stderr
    assert "2 completed" in mag(*WORDS, "--trials", "8").stderr
    assert len(json.loads(mag("ls", "--json").stdout)) == 8
    (newer, older) = json.loads(mag("status", "--json").stdout)[:2]
    assert (newer["state"], older["progress"]["total"]) == ("ended", 6)


@pytest.mark.usefixtures("project")
def test_a_metric_that_is_missing_ends_the_search(mag: Mag) -> None:
    """It is said after the first experiment, with what was registered, and the exit status is 1."""
    done = mag(*WORDS, "--metric", "scor", "--trials", "50")
    assert (done.returncode, "did you mean 'score'" in done.stderr) == (1, True)
    assert len(json.loads(mag("ls", "--json").stdout)) < 10


@pytest.mark.usefixtures("project")
def test_a_killed_search_goes_on(mag: Mag, project: Path) -> None:
    """What a killed search had run is known to the next."""
    app = (project / "train.py").read_text().replace('print("C', 'import time; time.sleep(0.2); print("C')
    (project / "train.py").write_text(app)
    client = subprocess.Popen([sys.executable, "-m", "mag", *WORDS, "--trials", "8"], stderr=subprocess.DEVNULL)
    while len(list(project.glob("experiments/*/results.json"))) < 3:
        time.sleep(0.05)
    client.send_signal(signal.SIGKILL)
    client.wait()
    assert mag(*WORDS, "--trials", "8").returncode == 0
    assert 8 <= len(json.loads(mag("ls", "--json").stdout)) <= 9


def test_a_launcher_for_clusters_does_not_wait(mag: Mag, project: Path) -> None:
    """A search needs outcomes before it asks: that is said, and nothing runs."""
    done = mag(*WORDS, "--trials", "6", "--launcher", "background")
    assert (done.returncode, "leave --launcher" in done.stderr) == (2, True)
    assert not (project / "experiments").exists() or not list((project / "experiments").glob("[!.]*"))


PRUNED = ("sweep", "gamma=0,0.1,0.2,0.3,0.4,5", "C=1", "-j", "1")


@pytest.mark.usefixtures("project")
def test_what_is_pruned_is_done_until_the_pruner_is_taken_away(mag: Mag, project: Path) -> None:
    """The worst of six is pruned and counts as done; without a pruner it goes on, and completes."""
    app = (project / "train.py").read_text().replace("(config)", "(config, experiment)")
    asked = 'experiment.log_metrics(step=1, loss=config.gamma); stopped = experiment.should_stop(); print("C'
    (project / "train.py").write_text(app.replace('print("C', asked))
    compared = (*PRUNED, "--pruner", "median", "--metric", "loss", "--direction", "min")
    done = mag(*compared)
    assert (done.returncode, "5 completed, 1 pruned" in done.stderr) == (0, True), done.stderr
    assert "5 done before, 1 pruned, nothing to run" in mag(*compared).stderr
    assert len(json.loads(mag("ls", "status=pruned", "--json").stdout)) == 1
    assert "1 completed, 5 done before" in mag(*PRUNED).stderr


@pytest.mark.usefixtures("project")
def test_a_pruner_needs_a_metric(mag: Mag, project: Path) -> None:
    """What is compared, and which is better, is to be said; nothing runs."""
    for words in (("--pruner", "median"), ("--pruner", "medain", "--metric", "loss", "--direction", "min")):
        done = mag(*PRUNED, *words)
        assert (done.returncode, "--metric loss" in done.stderr or "median?" in done.stderr) == (2, True), done.stderr
    assert not (project / "experiments").exists()
