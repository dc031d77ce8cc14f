"""Laws of `mag gc`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

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


def test_other_experiments_are_asked(versioned: Path, mag: Mag, git: Git) -> None:
    """Experiments anywhere that ran from the repository count; where some are gone, nothing is dropped unasked."""
    run_three(versioned, mag)
    (versioned / "train.py").write_text((versioned / "train.py").read_text() + "# 4\n")
    mag("run", "--dir", "../elsewhere")
    assert mag("gc", "--force").stdout == ""

    (versioned.parent / "elsewhere").rename(versioned.parent / "moved")
    (versioned / "tmp").mkdir()
    done = mag("gc", TMPDIR=str(versioned / "tmp"))
    assert (done.returncode, "elsewhere is gone" in done.stderr) == (2, True)
    assert mag("gc", "--force", "--dir", "../moved").stdout == ""
    assert len(list_refs(git)) == 4
    mag("gc", "--force")
    assert len(list_refs(git)) == 3
