"""The laws of the store."""

import json
import os
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from mag.disk.locks import acquire
from mag.errors import NotFoundError
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record, write_record
from mag.record.store import Store

IDENTITY = "ab" * 32


def write(root: Path, name: str, **fields: Any) -> ExperimentPaths:
    """Put an experiment into a store."""
    paths = StorePaths(str(root)).experiment(name)
    Path(paths.private).mkdir(parents=True)
    standard = {"identity": IDENTITY, "identifier": name, "status": "completed", "config": {"C": 1}}
    write_record(paths, Record(**{**standard, **fields}), durable=False)
    return paths


def test_making_a_store_touches_nothing(tmp_path: Path) -> None:
    """A store that is not there is empty, and is not made by looking."""
    assert list(Store(tmp_path / "experiments")) == []
    assert not (tmp_path / "experiments").exists()


def test_experiments_come_in_the_order_of_names(tmp_path: Path) -> None:
    """Only directories that hold a record count: no files, hidden directories, links, or those of something else."""
    for name in ("b", "a"):
        write(tmp_path, name)
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / ".mag" / "sweeps").mkdir(parents=True)
    assert [one.name for one in Store(tmp_path)] == ["a", "b"]


def test_one_of_each_identity_counts(tmp_path: Path) -> None:
    """Of several directories of one identity that which completed first counts, and a link last; it alone is found."""
    store = tmp_path / "store"
    write(store, "a", status="failed", started="2026-01-01")
    write(store, "b", started="2026-01-03")
    write(store, "c", started="2026-01-02")
    write(tmp_path / "disk", "d", started="2026-01-01")
    (store / "d").symlink_to(tmp_path / "disk" / "d")
    found = list(Store(store))
    assert [(one.name, one.status) for one in found if one.status != "duplicate"] == [("c", "completed")]
    assert found[0].problem == "'c' has the same config, and counts instead"
    assert Store(store).find(IDENTITY).name == "c"


def test_a_link_to_another_disk_is_listed(tmp_path: Path) -> None:
    """What a link leads to is an experiment like any other; a link that leads nowhere is none."""
    write(tmp_path / "disk", "a")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "big").symlink_to(tmp_path / "disk" / "a")
    (tmp_path / "store" / "nowhere").symlink_to(tmp_path / "gone")
    assert [one.name for one in Store(tmp_path / "store")] == ["big"]


def test_a_running_one_that_nobody_runs_is_lost(tmp_path: Path) -> None:
    """The lock decides, not the record."""
    paths = write(tmp_path, "a", status="running")
    assert [one.status for one in Store(tmp_path)] == ["lost"]
    lock = acquire(paths.lock)
    assert lock
    assert [one.status for one in Store(tmp_path)] == ["running"]
    lock.release()


@pytest.mark.parametrize("left", [b"", b"\0" * 100])
def test_a_first_attempt_that_a_power_cut_left_nothing_of_is_none(tmp_path: Path, left: bytes) -> None:
    """An empty record is no experiment, unless there are results or an earlier attempt: then it is corrupt."""
    paths = write(tmp_path, "a")
    Path(paths.record).write_bytes(left)
    assert list(Store(tmp_path)) == []
    for there in (paths.results, f"{paths.attempt(1)}/record.json"):
        Path(there).parent.mkdir(parents=True, exist_ok=True)
        Path(there).write_text('{"loss": 1}')
        assert [one.status for one in Store(tmp_path)] == ["corrupt"]
        Path(there).unlink()


def test_what_was_registered_is_seen_at_once(tmp_path: Path) -> None:
    """Results of an experiment that has not ended, or never said so, are those that it registered."""
    paths = write(tmp_path, "a", status="running")
    Path(paths.results).write_text('{"version": 2, "loss": "nan"}')
    (one,) = Store(tmp_path)
    assert (one.status, repr(one.results)) == ("lost", "{'version': 2, 'loss': nan}")
    Path(paths.results).write_text("{")
    assert [one.results for one in Store(tmp_path)] == [{}]


def test_one_that_ends_while_it_is_looked_at_is_not_lost(tmp_path: Path) -> None:
    """However a look falls between the last record and the free lock, it shows what was."""
    paths, names = write(tmp_path, "a", status="running"), ["running", "completed"]
    ended = threading.Event()

    def run() -> None:
        for _ in range(300):
            lock = acquire(paths.lock)
            assert lock
            for status in names:
                fields: dict[str, Any] = {"identity": IDENTITY, "identifier": "a", "status": status, "config": {}}
                write_record(paths, Record(**fields), durable=False)
            lock.release()
        ended.set()

    thread = threading.Thread(target=run)
    write_record(paths, Record(identity=IDENTITY, identifier="a", status="completed", config={}), durable=False)
    thread.start()
    seen = {one.status for _ in iter(ended.is_set, True) for one in Store(tmp_path)}
    thread.join()
    assert seen <= set(names)


def test_filter(tmp_path: Path) -> None:
    """A store can be asked for the experiments that meet a condition."""
    write(tmp_path, "a", results={"score": 1})
    write(tmp_path, "b")
    assert [one.name for one in Store(tmp_path).filter(lambda one: "score" in one.results)] == ["a"]


@pytest.mark.parametrize(
    "damage",
    [
        {"identity": 1},
        {"config": [1]},
        {"results": [1]},
        {"results": "x"},
        {"overrides": 5},
        {"command": [1]},
        {"attempt": "1"},
        {"started": 3},
        {"seconds": "long"},
        {"error": "x"},
        {"commit": None},
        {"host": ["x"]},
        {"status": "done"},
        {"config": {"deep": json.loads("[" * 300 + "]" * 300)}},
        {"results": {"deep": json.loads('{"a":' * 600 + "1" + "}" * 600)}},
    ],
)
def test_a_field_of_the_wrong_kind_makes_a_record_corrupt(tmp_path: Path, damage: dict[str, Any]) -> None:
    """Readers may rely on the kinds of what a record holds."""
    path = Path(write(tmp_path, "a").record)
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    (one,) = Store(tmp_path)
    assert one.status == "corrupt"
    assert one.problem
    assert str(path) in one.problem or "twice" in one.problem


def test_no_damage_stops_a_listing(tmp_path: Path) -> None:
    """Whatever bytes a record holds, it is one experiment of the list, and the others are there too."""
    write(tmp_path, "whole")
    path = Path(write(tmp_path, "torn", results={"score": [1, {"x": "nan"}]}).record)
    content, chance = path.read_bytes(), random.Random(0)
    torn = [content[:length] for length in range(1, len(content))]
    flipped = [bytearray(content) for _ in range(500)]
    for one in flipped:
        for _ in range(chance.randint(1, 3)):
            one[chance.randrange(len(one))] = chance.randrange(256)
    for damaged in (*torn, *map(bytes, flipped)):
        path.write_bytes(damaged)
        assert [one.name for one in Store(tmp_path)] == ["torn", "whole"]


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe, a directory or a link in place of a record is a corrupt experiment."""
    for name in ("pipe", "directory", "link"):
        Path(write(tmp_path, name).record).unlink()
    os.mkfifo(tmp_path / "pipe" / ".mag" / "record.json")
    (tmp_path / "directory" / ".mag" / "record.json").mkdir()
    (tmp_path / "link" / ".mag" / "record.json").symlink_to("/etc/passwd")
    assert [one.status for one in Store(tmp_path)] == ["corrupt"] * 3


def test_a_huge_record_is_not_read(tmp_path: Path) -> None:
    """A record of a gigabyte does not fill the memory of whoever lists it."""
    os.truncate(write(tmp_path, "huge").record, 1 << 30)
    (one,) = Store(tmp_path)
    assert one.problem
    assert "larger than" in one.problem


@pytest.mark.parametrize("reference", ["10|0.01", "{root}/10|0.01", "{root}/10|0.01/", "cdcd", "CDCDCD", "cd" * 32])
def test_references(tmp_path: Path, reference: str) -> None:
    """Name, path and beginning of the identity all lead to an experiment."""
    write(tmp_path, "10|0.01", identity="cd" * 32)
    write(tmp_path, "other")
    assert Store(tmp_path).find(reference.format(root=tmp_path)).name == "10|0.01"


def test_a_path_may_lead_to_another_store(tmp_path: Path) -> None:
    """A path is a path, whichever store is asked."""
    write(tmp_path / "there", "a")
    assert Store(tmp_path / "here").find(str(tmp_path / "there" / "a")).name == "a"


@pytest.mark.parametrize("reference", ["aba", "", ".", "..", "abab", "x" * 300, "10/0.01", "zzzz"])
def test_what_is_not_found(tmp_path: Path, reference: str) -> None:
    """Too short, ambiguous or unknown: an error, never another experiment."""
    write(tmp_path, "a")
    write(tmp_path, "b", identity="abab" + "0" * 60)
    with pytest.raises(NotFoundError):
        Store(tmp_path).find(reference)


def test_the_current_directory_can_be_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside an experiment `.` is that experiment, by its name."""
    write(tmp_path, "1|0")
    monkeypatch.chdir(tmp_path / "1|0" / ".mag")

    assert Store("experiments").find("..").name == "1|0"
    monkeypatch.chdir(tmp_path / "1|0")
    assert Store("experiments").find(".").name == "1|0"
    assert Store(tmp_path).find("./").name == "1|0"


@pytest.mark.parametrize("reference", ["foreign", "1|0/foreign", "."])
def test_a_folder_that_is_no_experiment_is_told_from_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    """It is there, wherever it lies, but holds no record."""
    write(tmp_path, "1|0")
    Path(tmp_path, "1|0", "foreign").mkdir()
    Path(tmp_path, "foreign").mkdir()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(NotFoundError, match="is there, but it is no experiment"):
        Store(tmp_path).find(reference)
