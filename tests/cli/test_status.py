"""Laws of `mag status`, `watch` and of steering where the files of a sweep are not what mag wrote."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.paths import StorePaths
from mag.record.progress import Progress, read_progress, write_progress
from mag.record.sweeps import Control, read_control
from tests.cli.conftest import Run

Mag = Callable[..., CompletedProcess[str]]
STORE = StorePaths("experiments")
OLD, NEW = "20261129-100000-000001", "20261129-110000-000002"


@pytest.fixture(autouse=True)
def sweeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put two sweeps that have ended into the store."""
    monkeypatch.chdir(tmp_path)
    for sweep in (OLD, NEW):
        write_progress(STORE, sweep, Progress(total=2, counts={"completed": 2}, over=True))
        STORE.manifest(sweep).write_text(json.dumps({"version": 1, "command": ["mag", "sweep", "C=1,2"]}))


@pytest.mark.parametrize(
    "torn", ["", "{", "[]", '{"version": 9}', '{"plan": 3}', '{"command": 3}', '{"plan": [], "started": [1]}']
)
def test_a_corrupt_manifest_costs_one_row(run: Run, torn: str) -> None:
    """The others are listed, the corrupt one is a row, the note says why, and its progress can be looked at."""
    STORE.manifest(NEW).write_text(torn)
    status, out, err = run("status")

    assert (status, [line.split("\t")[:2] for line in out.splitlines()[1:]]) == (0, [[NEW, "corrupt"], [OLD, "ended"]])
    assert err.startswith(f"mag: {NEW} is corrupt. Cannot read experiments/.mag/sweeps/{NEW}.json: ")
    assert json.loads(run("status", "--json").out)[0]["state"] == "corrupt"
    assert run("watch", NEW).out == f"{NEW} corrupt: 2 of 2: 2 completed\n"


@pytest.mark.parametrize(
    "torn",
    [
        *("", "{", "[]", '{"version": 9}', '{"total": "x"}', '{"total": 1, "counts": {"failed": "x"}}'),
        *('{"total": 1, "running": 3}', '{"total": 1, "failures": [1]}', '{"total": 1, "extremes": {}}'),
        '{"total": 1, "extremes": {"metric": "loss", "lowest": 1, "highest": [1, "a"]}}',
    ],
)
def test_progress_that_cannot_be_read_is_not_known(run: Run, torn: str) -> None:
    """The sweep is shown without it."""
    Path(STORE.progress(NEW)).write_text(torn)

    assert read_progress(STORE, NEW) is None
    assert f"{NEW}\tlost\t\t?/0\t\tmag sweep C=1,2" in run("status").out


def test_a_sweep_whose_runner_was_killed(run: Run) -> None:
    """Its experiments are counted as they stand now, each of them only where it is still the planned one."""
    for name, status in (("1", "completed"), ("2", "failed"), ("3", "running"), ("4", "completed")):
        paths = STORE.experiment(name)
        Path(paths.private).mkdir(parents=True)
        Path(paths.record).write_text(json.dumps({"identity": name, "status": status}))
    planned = [{"identifier": name, "identity": name.replace("4", "5")} for name in "12346"]
    STORE.manifest(NEW).write_text(json.dumps({"plan": planned}))
    write_progress(STORE, NEW, Progress(total=5, running=("1", "2")))

    shown = [f"{NEW}\tlost", "1/5", "1 completed, 1 failed, 1 lost"]
    assert [part in run("status").out for part in shown] == [True, True, True]


@pytest.mark.parametrize("torn", ["", "[]", '{"jobs": "many"}', '{"paused": 1}', '{"stops": null}'])
def test_an_order_that_cannot_be_read_is_none(torn: str) -> None:
    """The runner goes on as it did."""
    Path(STORE.control(NEW)).write_text(torn)

    assert read_control(STORE, NEW) == Control()


def test_control_characters_are_spelled_out(run: Run) -> None:
    """Whatever commands, names and messages hold, the terminal gets none of it."""
    nasty = "\x1b]0;x\x07\u202e\r\n"
    STORE.manifest(NEW).write_text(json.dumps({"command": ["mag", nasty], "started": nasty, "overrides": [nasty]}))
    write_progress(STORE, NEW, Progress(total=2, counts={nasty: 1}, failures=((nasty, nasty),), over=True))
    for arguments in (["status"], ["status", "--json"], ["watch"]):
        out = run(*arguments).out
        assert not set(out) & set("\x1b\x07\u202e\r")
        assert arguments == ["watch"] or "1b]0;x" in out


@pytest.mark.parametrize("change", ["mv", "rename", "migrate"])
def test_experiments_that_have_other_names_by_now(project: Path, mag: Mag, change: str) -> None:
    """A sweep that was killed is told of by its experiments, also where they were renamed, moved or migrated."""
    for left in STORE.manifests.iterdir():
        left.unlink()
    mag("sweep", "C=1,2")
    sweep = next((project / "experiments" / ".mag" / "sweeps").glob("*.progress.json"))
    sweep.unlink()
    if change == "mv":
        (project / "experiments" / "1|0.5").rename(project / "experiments" / "kept")
    elif change == "rename":
        (project / "mag.toml").write_text('separator = "-"\n')
        assert mag("rename").returncode == 0
    else:
        assert mag("migrate", "+more=1").returncode == 0
    (known,) = json.loads(mag("status", "--json").stdout)
    assert known["progress"]["counts"] == {"completed": 2}
