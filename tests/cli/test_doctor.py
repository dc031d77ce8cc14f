"""Laws of `mag doctor`."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

Mag = Callable[..., CompletedProcess[str]]
Git = Callable[..., str]


def test_all_is_well(project: Path, mag: Mag, git: Git) -> None:
    """A line for each thing; nothing is run or left behind."""
    git("init", "-q")
    before = sorted(project.iterdir())
    done = mag("doctor")
    told = {line.split()[1].rstrip(":") for line in done.stdout.splitlines()}

    assert done.returncode == 0
    assert told >= {"machine", "Python", "packages", "locks", "git", "app", "start", "random"}
    assert "train.py:train takes " in done.stdout
    assert "no commit yet -> `git add -A && git commit -m begin`" in done.stdout
    assert sorted(project.iterdir()) == before


def test_an_app_that_seeds_and_one_that_fails(project: Path, mag: Mag) -> None:
    """What the import does is told with what to do about it; what cannot be imported is trouble."""
    app = (project / "train.py").read_text()
    (project / "train.py").write_text("import random\nrandom.seed(1)\n" + app)
    (project / "broken.py").write_text("import mag\n@mag.main\ndef f(c): ...\nraise ValueError('no data')\n")
    found = {each["about"]: each for each in json.loads(mag("doctor", "train.py", "--json").stdout)}
    broken = mag("doctor", "broken.py")

    assert found["random states"]["finding"].startswith("train.py seeds random")
    assert found["random states"]["state"] == "note"
    assert found["git"]["advice"] == "`git init` in the project's folder"
    assert (broken.returncode, broken.stderr.count("in the way")) == (1, 1)
    assert "trouble  app: " in broken.stdout
    assert "no data" in broken.stdout


def test_without_an_app(tmp_path: Path, mag: Mag) -> None:
    """Without an app all else is told; one that is named and not there is trouble."""
    done = mag("doctor", "--dir", str(tmp_path / "none.py"))

    assert "locks: work" in done.stdout
    assert mag("doctor", "none.py").returncode == 1
