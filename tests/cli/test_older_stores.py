"""Stores that an older mag left: every command reads them, and finished work in them stays finished."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mag.record.store import Store

Git = Callable[..., str]
Mag = Callable[..., subprocess.CompletedProcess[str]]
Run = Callable[..., Any]
STORES = sorted((Path(__file__).parent.parent / "stores").glob("*.json"))
DONE = "none|10|0.1|svm|1|8x16|svm"
READING = [
    "ls",
    "ls --json",
    "ls status=failed -q",
    "ls accuracy>0.6 model.name=svm --sort -accuracy",
    "summarize --by model.C",
    "failures",
    "status",
    f"show {DONE}",
    f"show {DONE} --json",
    f"path {DONE}",
    f"log {DONE}",
    f"diff {DONE} none|1|0.1|svm|1|8x16|svm",
    "show 0.5|script",
]


@pytest.fixture(params=STORES, ids=lambda path: path.stem)
def older(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: Git) -> Path:
    """Return a project, which is the current directory, as an older mag left it: files, repository and store."""
    kept = json.loads(request.param.read_text())
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    subprocess.run(["git", "fast-import", "--quiet"], input=kept["repository"], text=True, check=True)
    git("reset", "-q", "--mixed")
    for name, text in kept["files"].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.usefixtures("older")
def test_reads(run: Run) -> None:
    """Every command that looks understands the store of an older mag, and says nothing of trouble."""
    for line in READING:
        ending = run(*line.split())
        expected = int(line.startswith(("diff", "failures")))
        assert (ending.status, "corrupt" in ending.out + ending.err) == (expected, False), (line, ending)


@pytest.mark.usefixtures("older")
def test_statuses() -> None:
    """How each experiment stood is how it stands; results and attempts are those that were recorded."""
    found = {e.name: e for e in Store("experiments")}
    counts = sorted(e.status for e in found.values())
    assert counts == ["completed"] * 8 + ["failed", "killed", "timeout"]
    record = found[DONE].record
    assert record is not None
    assert record.results == {"accuracy": 10 / 11, "sizes": [8, 16], "curve": {"best": float("inf")}}
    assert (record.seed, record.choices, record.written) == (int(record.identity[:8], 16), {}, record.config)
    again = found["none|1|0.1|svm|2|8x16|svm"].record
    assert again is not None
    assert again.attempt == 2


@pytest.mark.usefixtures("older")
def test_stays_done(mag: Mag) -> None:
    """The sweep that an older mag completed is complete."""
    done = mag("sweep", "model=svm,mlp", "model.C=1,10", "-n")
    assert "4 completed" in done.stderr
    assert mag("sweep", "fault=crash,once", "-n").stderr.count("1 completed, 1 failed") == 1


@pytest.mark.usefixtures("older")
def test_reruns(mag: Mag) -> None:
    """What an older mag ran reruns from its snapshot with the same results, even if it was migrated since."""
    assert mag("migrate", "+dropout=0.0", "~sizes").returncode == 0
    [name] = mag("ls", "-q", "model.name=svm", "model.C=10").stdout.splitlines()
    assert name != DONE
    done = mag("rerun", name)
    assert (done.returncode, "agree" in done.stderr) == (0, True), done.stderr
