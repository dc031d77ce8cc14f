"""Laws of `mag restore`."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Mag = Callable[..., CompletedProcess[str]]
Git = Callable[..., str]


def test_code_and_config_come_back(versioned: Path, mag: Mag, git: Git) -> None:
    """The directory holds the code as it ran and the config, and is a work tree of the repository."""
    (versioned / "new.py").write_text("new = 1\n")
    mag("run", "C=10")
    (versioned / "new.py").unlink()
    done = mag("restore", "10|0.5", "../code as it was")
    place = versioned.parent / "code as it was"

    assert (done.returncode, done.stdout) == (0, f"{place}\n"), done.stderr
    assert (place / "new.py").read_text() == "new = 1\n"
    assert json.loads((place / "mag-config.json").read_text()) == {"C": 10, "gamma": 0.5, "_seed": 0}
    assert git("rev-parse", "--git-common-dir", folder=place) == str(versioned / ".git")


def test_it_can_be_worked_in(versioned: Path, mag: Mag) -> None:
    """The command that it names runs there as it ran before; the directory is chosen where none is named."""
    mag("run", "C=10")
    done = mag("restore", "10|0.5")
    place = versioned.with_name(f"{versioned.name}-10|0.5")

    assert done.stdout == f"{place}\n"
    assert f"cd '{place}' && mag run C=10" in done.stderr
    os.chdir(place)
    assert mag("run", "C=10").returncode == 0


@pytest.mark.usefixtures("versioned")
def test_nothing_is_overwritten(mag: Mag) -> None:
    """A directory that holds something is refused."""
    mag("run")

    done = mag("restore", "1|0.5", "configs")
    assert (done.returncode, "name another directory" in done.stderr) == (2, True)


@pytest.mark.usefixtures("project")
def test_code_that_was_not_recorded(mag: Mag) -> None:
    """Without a repository there is nothing to restore."""
    mag("run")

    done = mag("restore", "1|0.5", "there")
    assert (done.returncode, "not in a git repository" in done.stderr) == (2, True)
