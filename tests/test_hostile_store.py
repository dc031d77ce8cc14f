"""Laws of a store into which somebody has put links: what they lead to is never written, and looking runs nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Git, Mag

OWN = "1|0.5"
LINKS = [
    *(OWN, f"{OWN}/.mag", f"{OWN}/.mag/attempts", f"{OWN}/.mag/attempts/1", f"{OWN}/.mag/reruns"),
    *(f"{OWN}/.mag/record.json", f"{OWN}/.mag/lock", f"{OWN}/.mag/stop", f"{OWN}/log", f"{OWN}/metrics.jsonl"),
    *(".mag", ".mag/sweeps", ".mag/environments"),
]
LOOKING = [["ls"], ["show", OWN], ["log", OWN], ["path", OWN], ["status"], ["watch"], ["failures"], ["summarize"]]
WRITING = [["sweep", "C=1,2", "--force"], ["rerun", OWN], ["stop", OWN]]
Plant = Callable[[str], None]
Tree = dict[str, bytes | str | None]


def read_tree(folder: Path) -> Tree:
    """Return all that is in a folder: the content of each file."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def plant(project: Path, mag: Mag, git: Git) -> Plant:
    """Return a function that puts a link to a copy elsewhere, of which it has all, in a place of the store."""
    (project / ".gitignore").write_text("experiments\nelsewhere\n")
    git("init", "-q")
    mag("sweep", "C=1")
    Path("experiments", OWN, "metrics.jsonl").write_text('{"loss": 1}\n')

    def put_link(place: str) -> None:
        for name in (f"{OWN}/.mag/attempts/1", f"{OWN}/.mag/reruns"):
            Path("experiments", name).mkdir(parents=True)
        Path("experiments", OWN, ".mag", "stop").touch()
        shutil.copytree("experiments", "elsewhere")
        path = Path("experiments", place)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.symlink_to(Path("elsewhere", place).resolve())

    return put_link


@pytest.mark.parametrize("place", LINKS)
def test_nothing_is_written_through_a_link(plant: Plant, mag: Mag, place: str) -> None:
    """Whatever is typed: what a link in the store leads to stays as it is, and no command breaks over it."""
    plant(place)
    before = read_tree(Path("elsewhere"))
    said = [mag(*words) for words in WRITING]

    assert read_tree(Path("elsewhere")) == before
    assert not [done.stderr for done in said if "Traceback" in done.stderr]
    assert {done.returncode for done in said} <= {0, 1, 2, 4}


@pytest.mark.parametrize("place", [".mag", ".mag/sweeps"])
def test_a_link_in_place_of_a_folder_of_mags_own_is_told(plant: Plant, mag: Mag, place: str) -> None:
    """It is named, nothing is started, and without it all goes on."""
    plant(place)
    done = mag("sweep", "C=1,2")
    assert (done.returncode, f"experiments/{place}: it is a link" in done.stderr) == (2, True)
    assert not Path("experiments", "2|0.5").exists()
    Path("experiments", place).unlink()

    assert mag("sweep", "C=1,2").returncode == 0


@pytest.mark.usefixtures("plant")
def test_looking_writes_and_runs_nothing(mag: Mag, git: Git, project: Path) -> None:
    """No command that looks imports the app, runs a hook, or changes a file."""
    (project / "train.py").write_text(f"open({str(project / 'ran')!r}, 'w'); import mag\nmag.main()(print)")
    hook = project / "hook"
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    git("config", "core.fsmonitor", str(hook))
    before = read_tree(project)
    for words in LOOKING:
        assert mag(*words, PAGER=str(hook)).returncode == 0, words

    assert read_tree(project) == before
