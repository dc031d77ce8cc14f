"""Laws of a store that lives on: what is finished stays finished, whatever becomes of names and settings."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Mag = Callable[..., subprocess.CompletedProcess[str]]
APP = """\
import mag

@mag.main(config_path="configs", config_name="config")
def train(config, experiment):
    with open("runs", "a") as file:
        file.write(f"{config.C}\\n")
    return {"score": config.C, "seed": experiment.seed}
"""


@pytest.fixture
def living(project: Path) -> Path:
    """Return a project whose app keeps count of its runs."""
    (project / "train.py").write_text(APP)
    return project


def count_runs() -> int:
    """Return how many experiments were run in the current directory."""
    return len(Path("runs").read_text().splitlines())


def test_a_setting_or_a_move_runs_nothing_again(living: Path, mag: Mag) -> None:
    """After a change of names, a move and a link to another disk, the same sweep has nothing to do."""
    mag("sweep", "C=1,2", "-q")
    (living / "mag.toml").write_text("separator = '-'\nidentifier = ['gamma', 'C']\n")
    Path("experiments/1|0.5").rename("experiments/kept for the paper")
    (living / "disk").mkdir()
    Path("experiments/2|0.5").rename("disk/2|0.5")
    Path("experiments/2|0.5").symlink_to(living / "disk" / "2|0.5")

    done = mag("sweep", "C=1,2,3")
    assert (done.returncode, count_runs()) == (0, 3), done.stderr
    names = sorted(path.name for path in Path("experiments").iterdir() if path.name != ".mag")
    assert names == ["0.5-3", "2|0.5", "kept for the paper"]
    assert mag("summarize", "--by", "C").stdout.count("\n") == 4


@pytest.mark.usefixtures("living")
def test_a_copy_counts_once(mag: Mag) -> None:
    """A directory that was copied is marked, and no table counts it twice."""
    mag("sweep", "C=1,2", "-q")
    subprocess.run(["cp", "-r", "experiments/1|0.5", "experiments/copy"], check=True)

    assert "\tduplicate\t" in mag("ls").stdout
    assert "copy" not in mag("summarize").stdout
    assert mag("ls", "status=completed", "-q").stdout.splitlines() == ["1|0.5", "2|0.5"]
    assert mag("sweep", "C=1,2").returncode == 0
    assert count_runs() == 2


def test_what_a_link_leads_to_is_never_run(living: Path, mag: Mag) -> None:
    """A failed experiment behind a link is tried again in a directory of the store's own."""
    (living / "train.py").write_text(APP.replace("    return", "    1 / 0\n    return"))
    mag("sweep", "C=1", "-q")
    (living / "disk").mkdir()
    Path("experiments/1|0.5").rename("disk/1|0.5")
    Path("experiments/1|0.5").symlink_to(living / "disk" / "1|0.5")
    before = Path("disk/1|0.5/.mag/record.json").read_bytes()
    (living / "train.py").write_text(APP)

    assert mag("sweep", "C=1", "-q").returncode == 0
    assert mag("sweep", "C=1", "-q").returncode == 0
    assert (count_runs(), Path("disk/1|0.5/.mag/record.json").read_bytes()) == (2, before)
