"""Laws of what a person says of experiments, and of where they go: nothing is lost, and nothing runs by accident."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mag.disk.locks import acquire
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.store import Store

Mag = Callable[..., subprocess.CompletedProcess[str]]
Run = Callable[..., Any]
Write = Callable[..., ExperimentPaths]
Git = Callable[..., str]
FAILING = """\
import mag

@mag.main(config_path="configs", config_name="config")
def train(config):
    with open("runs", "a") as file:
        file.write(f"{config.C}")
    if config.C > 1:
        raise ValueError("diverged")
    return {"score": config.C}
"""


@pytest.mark.usefixtures("three")
def test_tags_and_notes_find_experiments(run: Run) -> None:
    """They are shown, found by filters, taken away again, and no record knows of them."""
    record = Path("experiments/10|0/.mag/record.json").read_bytes()
    assert run("tag", "10|0", "+paper", "+good/v2").err == "tagged 1 experiment ('10|0')\n"
    assert run("tag", "C<5", "+paper", "--dir", "experiments").status == 0
    assert run("ls", "-q", "tag=paper").out.split() == ["1|0", "2|0", "10|0"]
    assert run("ls", "-q", "tag=good*").out.split() == ["10|0"]
    assert run("tag", "10|0", "-paper", "-never").status == 0
    assert run("tag", "10|0", "-hard").err == "tagged 1 experiment ('10|0')\n"
    assert run("ls", "--columns", "name,tag", "tag=good/v2").out.splitlines()[1] == "10|0\tgood/v2"
    run("note", "10|0", "lr too high\x1b[0m")
    assert run("note", "10|0").out == "lr too high\\x1b[0m\n"
    assert "lr too high" in run("show", "10|0").out
    assert run("ls", "-q", "note=lr*").out == "10|0\n"
    run("note", "10|0", "")
    assert run("note", "10|0").out == ""
    assert Path("experiments/10|0/.mag/record.json").read_bytes() == record


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["tag", "10|0"], 2, "Which tag?"),
        (["tag", "10|0", "+a b"], 2, "'+a b' is no tag"),
        (["tag", "+a"], 2, "Which experiments?"),
        (["tag", "nope", "+a"], 4, "No experiment 'nope'"),
        (["rm"], 2, "Which experiments?"),
        (["rm", "C=77"], 2, "matches C=77"),
        (["rm", "--restore"], 2, "The trash is empty"),
        (["accept", "10|0"], 2, "nothing to accept"),
        (["archive", "lr=1"], 2, "`mag archive DIR status=failed`"),
        (["archive", "experiments", "10|0"], 2, "is where the experiments are"),
        (["sweep", "--retry", "faild"], 2, "did you mean failed?"),
    ],
)
def test_what_is_refused(run: Run, words: list[str], status: int, said: str) -> None:
    """Bad input is one sentence, and changes nothing."""
    before = sorted(Path("experiments").rglob("*"))
    ending = run(*words)
    assert (ending.status, said in ending.err) == (status, True), ending
    assert sorted(Path("experiments").rglob("*")) == before


@pytest.mark.usefixtures("three")
def test_what_is_removed_comes_back(run: Run) -> None:
    """A dry run removes nothing; what was removed comes back whole; gc removes it for good."""
    before = {path: path.read_bytes() for path in Path("experiments").rglob("*") if path.is_file()}
    assert "would remove 2 experiments" in run("rm", "status=completed", "-n").err
    assert {path for path in Path("experiments").rglob("*") if path.is_file()} == {*before}
    run("rm", "1|0")
    run("rm", "10|0", "2|0")
    assert run("ls", "-q").out == ""
    assert run("rm", "--restore").out.split() == ["10|0", "2|0"]
    assert run("rm", "--restore", "1|0").status == 0
    after = {path: path.read_bytes() for path in Path("experiments").rglob("*") if path.is_file()}
    assert {path: data for path, data in after.items() if path in before} == before
    run("rm", "1|0")
    shutil.copytree("experiments/2|0", "experiments/1|0")
    assert "'1|0' is there again" in run("rm", "--restore").err


@pytest.mark.usefixtures("three")
def test_what_runs_stays(run: Run) -> None:
    """Where one of them runs, none is removed, and none is moved."""
    lock = acquire(StorePaths("experiments").experiment("10|0").lock)
    assert lock is not None
    assert "'10|0' is running" in run("rm", "1|0", "10|0").err
    assert "'10|0' is running" in run("archive", "old", "1|0", "10|0").err
    assert run("ls", "-q").out.split() == ["1|0", "2|0", "10|0"]
    lock.release()


def test_an_archive_keeps_the_code(versioned: Path, mag: Mag, git: Git, tmp_path: Path) -> None:
    """What was moved to another store is whole there, reruns there, and gc keeps its code."""
    (versioned / ".gitignore").write_text("experiments/\nold/\n__pycache__/\n")
    mag("sweep", "C=1,2", "-q")
    assert "moved 1 experiment" in mag("archive", "old", "1|0.5").stderr
    assert [one.name for one in Store("experiments")] == ["2|0.5"]
    mag("rm", "2|0.5")
    (versioned / "train.py").write_text("gone")
    done = mag("gc", "--force")
    assert "removed 1 experiment for good" in done.stderr
    assert len(git("for-each-ref", "refs/mag/", folder=tmp_path).splitlines()) == 1
    assert mag("rerun", "old/1|0.5").returncode == 0


def test_an_accepted_failure_is_final(project: Path, mag: Mag) -> None:
    """The same sweep leaves it alone and is complete, failures does not count it, and --retry tries it again."""
    (project / "train.py").write_text(FAILING)
    assert mag("sweep", "C=1,2,3", "-q").returncode == 1
    assert "accepted: 1 experiment" in mag("accept", "2|0.5", "--reason", "diverges").stderr
    assert mag("ls", "-q", "accepted=div*").stdout == "2|0.5\n"
    assert "1 accepted" in mag("sweep", "C=1,2,3", "-n").stderr
    assert mag("sweep", "C=1,2,3", "-q").returncode == 1
    assert sorted(Path("runs").read_text()) == ["1", "2", "3", "3"]
    mag("accept", "3|0.5")
    done = mag("sweep", "C=1,2,3")
    assert (done.returncode, "2 accepted" in done.stderr) == (0, True), done.stderr
    assert mag("failures").returncode == 0
    assert mag("sweep", "C=1,2,3", "--retry", "accepted", "-q").returncode == 1
    assert sorted(Path("runs").read_text()) == ["1", "2", "2", "3", "3", "3"]
    assert mag("sweep", "C=1,2,3", "--retry", "none", "-q").returncode == 1
    assert len(Path("runs").read_text()) == 6
