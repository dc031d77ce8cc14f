"""Laws of a store that lives on: what is finished stays finished, whatever becomes of names and settings."""

import shlex
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


@pytest.mark.usefixtures("living")
def test_a_migration_keeps_what_is_finished(mag: Mag) -> None:
    """A key that was added makes nothing new once the finished ones have it; undone, they are as before."""
    mag("sweep", "C=1,2", "-q")
    seeds = mag("ls", "--columns", "seed").stdout
    Path("configs/config.yaml").write_text("C: 1\ngamma: 0.5\ndropout: 0.0\n_seed: 0\n")
    assert "1|0.5" in mag("migrate", "+dropout=0.0", "-n").stdout
    assert mag("ls", "--columns", "name").stdout.split() == ["name", "1|0.5", "2|0.5"]
    assert "changed 2 experiments" in mag("migrate", "+dropout=0.0").stderr

    assert mag("sweep", "C=1,2", "-q").returncode == 0
    assert (count_runs(), mag("ls", "--columns", "seed").stdout) == (2, seeds)
    assert mag("ls", "--columns", "name").stdout.split() == ["name", "1|0.0|0.5", "2|0.0|0.5"]
    assert mag("migrate", "--undo").returncode == 0
    assert mag("ls", "--columns", "name").stdout.split() == ["name", "1|0.5", "2|0.5"]
    assert "nothing is to be changed" in mag("migrate", "~dropout").stderr
    assert mag("migrate", "--undo").returncode == 2
    assert "matches C=7" in mag("migrate", "+x=1", "C=7").stderr
    assert "mag migrate +dropout=0.0" in mag("migrate").stderr


def test_another_visibility_runs_nothing_again(living: Path, mag: Mag) -> None:
    """What is hidden, or visible, from now on changes identities; finished experiments are found under them."""
    mag("sweep", "C=1,2", "-q")
    (living / "mag.toml").write_text("hidden = ['gamma']\n")
    assert "2 completed, 1 new" in mag("sweep", "C=1,2,3", "gamma=0.7", "-n").stderr
    (living / "mag.toml").write_text("visible = ['_seed']\n")
    assert "2 completed, 1 new" in mag("sweep", "C=1,2,3", "-n").stderr
    (living / "mag.toml").write_text("hidden = ['C']\n")
    done = mag("run")
    assert "'1|0.5' and '2|0.5' are one experiment by today's settings, and '1|0.5' counts" in done.stderr
    assert count_runs() == 2


def test_directories_get_the_names_of_today(living: Path, mag: Mag) -> None:
    """`mag rename` gives the names that the settings make now, and runs nothing."""
    mag("sweep", "C=1,2", "-q")
    (living / "mag.toml").write_text("separator = '-'\n")
    assert mag("rename", "-n").stdout.splitlines()[1].split("\t")[:2] == ["1|0.5", "1-0.5"]
    assert "renamed 2 experiments" in mag("rename").stderr
    assert mag("ls", "-q").stdout.split() == ["1-0.5", "2-0.5"]
    (living / "mag.toml").write_text("identifier = ['nothing']\n")
    assert mag("rename").returncode == 2
    assert mag("ls", "-q").stdout.split() == ["1-0.5", "2-0.5"]


@pytest.mark.usefixtures("living")
def test_the_word_comes_before_the_first_run(mag: Mag) -> None:
    """A sweep that is new only for a key says so, and what it says to type keeps what is finished."""
    mag("sweep", "C=1,2", "-q")
    config = Path("configs/config.yaml")
    for text, said in {
        "C: 1\ngamma: 0.5\nd: {out: '1'}\n": "by d.out, which they lack: mag migrate \"+d.out='1'\" keeps them",
        "C: 1\ngamma: 0.5\n": "by d.out, which is no key any more: mag migrate '~d.out' keeps them",
        "C: 1\ng: 0.5\n": "by the name of gamma, which is g now: mag migrate --rename gamma=g keeps them",
    }.items():
        config.write_text(text)
        found = mag("sweep", "C=1,2,3", "-n").stderr
        assert f"2 completed experiments differ only {said}" in found
        command = found.partition("mag migrate ")[2].partition(" keeps them")[0]
        assert mag("migrate", *shlex.split(command)).returncode == 0
        assert "2 completed, 1 new" in mag("sweep", "C=1,2,3", "-n").stderr
    config.write_text("C: 1\ng: 0.7\n")
    assert "differ only by g, which was 0.5 and is 0.7 now: g=0.5 finds them" in mag("sweep", "C=1,2", "-n").stderr
    done = mag("sweep", "C=1,2")
    assert "g=0.5 finds them" in done.stderr
    assert "the config has changed" not in done.stderr
