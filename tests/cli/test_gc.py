"""Laws of `mag gc`."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.disk.locks import is_held
from mag.record.paths import StorePaths
from mag.record.records import read_record
from tests.cli.conftest import Run

Factory = pytest.TempPathFactory
Mag = Callable[..., CompletedProcess[str]]
Git = Callable[..., str]


def list_refs(git: Git) -> list[str]:
    """Return the refs that mag keeps."""
    return git("for-each-ref", "--format=%(refname)", "refs/mag").split()


def run_three(project: Path, mag: Mag) -> None:
    """Run an experiment of a clean tree, two of a changed one."""
    mag("run")
    for number in (2, 3):
        (project / "train.py").write_text((project / "train.py").read_text() + f"# {number}\n")
        mag("run", f"C={number}")


def test_what_is_named_stays(versioned: Path, mag: Mag, git: Git) -> None:
    """Nothing that a record names is dropped, nor what an earlier attempt or a rerun names."""
    run_three(versioned, mag)
    mag("run", "--force")
    mag("rerun", "2|0.5")
    refs = list_refs(git)
    done = mag("gc", "--force")

    assert (done.returncode, done.stdout) == (0, "")
    assert (list_refs(git), len(refs)) == (refs, 3)


def test_what_is_not_named_goes(versioned: Path, mag: Mag, git: Git) -> None:
    """The snapshot of an experiment that was removed goes, if it is not recent; a dry run only tells."""
    run_three(versioned, mag)
    shutil.rmtree(versioned / "experiments" / "2|0.5")

    assert mag("gc").stdout == ""
    assert len(json.loads(mag("gc", "--force", "-n", "--json").stdout)) == 1
    assert len(list_refs(git)) == 3
    assert "refs/mag/snapshots/" in mag("gc", "--force").stdout
    assert len(list_refs(git)) == 2
    assert mag("rerun", "3|0.5").returncode == 0


def test_other_experiments_are_asked(versioned: Path, mag: Mag, git: Git, run: Run, tmp_path_factory: Factory) -> None:
    """Experiments anywhere that ran from the repository count; nothing is dropped while some cannot be seen."""
    elsewhere, moved = (tmp_path_factory.mktemp("stores") / name for name in ("elsewhere", "moved"))
    for directory in (elsewhere, versioned / "experiments"):
        (versioned / "train.py").write_text((versioned / "train.py").read_text() + "# more\n")
        mag("run", "--dir", str(directory))
    done = run("gc", "--force")
    assert (done.out, f"asked the experiments in {elsewhere}" in done.err) == ("", True)

    elsewhere.rename(moved)
    elsewhere.mkdir()  # as where a disk is not mounted
    for words in (["gc"], ["gc", "--force"], ["gc", "--force", "--dir", str(moved)], ["gc", "-n"]):
        done = run(*words)
        assert (done.status, f"mag gc --gone {elsewhere}" in done.err) == (2, True)
    assert run("gc", "--force", "--dir", str(moved), "--gone", str(elsewhere)).out == ""
    assert len(list_refs(git)) == 2
    assert len(run("gc", "--force").out.splitlines()) == 2
    assert len(list_refs(git)) == 1


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("words", [["gc"], ["rerun", "1|0.5"]])
def test_the_work_tree_of_a_rerun_that_was_killed(versioned: Path, mag: Mag, git: Git, words: list[str]) -> None:
    """It stays as long as the experiment goes on in it, and the next rerun, or gc, removes it."""
    waits = f"    import os, time\n    while os.path.exists({str(versioned / 'wait')!r}): time.sleep(0.01)\n    print("
    app = (versioned / "train.py").read_text().replace("    print(", waits)
    (versioned / "train.py").write_text(app)
    mag("run", "C=1")
    (versioned / "wait").touch()
    with subprocess.Popen([sys.executable, "-m", "mag", "rerun", "1|0.5"], stderr=subprocess.DEVNULL) as rerun:
        paths = StorePaths("experiments/1|0.5/.mag/reruns").experiment("1")
        wait_for(lambda: Path(paths.log).exists() and is_held(paths.lock))
        rerun.kill()
    assert mag("gc").stderr.count("work tree") == 0
    (versioned / "wait").unlink()
    wait_for(lambda: not is_held(paths.lock))

    assert read_record(paths).status == "completed"
    assert "would remove 1 temporary" in mag("gc", "-n").stderr
    assert len(git("worktree", "list").splitlines()) == 2
    assert mag(*words).returncode == 0
    assert len(git("worktree", "list").splitlines()) == 1
