"""Laws of migration: identity, config, name and record move together, and come back together."""

from pathlib import Path
from typing import Any

import pytest

from mag.config.identity import compute_identity
from mag.disk.locks import acquire
from mag.errors import UsageError
from mag.record.migration import (
    ConfigChange,
    find_batch,
    plan_migration,
    plan_undoing,
    read_assignment,
    read_renaming,
    read_replacement,
)
from mag.record.moves import Move, carry_out, finish_renaming, plan_renaming
from mag.record.paths import StorePaths
from mag.record.records import Record, read_record, write_record
from mag.record.store import Store
from mag.settings import Settings

SETTINGS = Settings(separator="|")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store with four experiments."""
    for c in (1, 2):
        for lr in (0.1, 0.2):
            write(tmp_path, f"{c}|{lr}|m", {"C": c, "lr": lr, "name": "m"}, composed={"C": c, "lr": lr, "name": "${m}"})
    return Store(tmp_path)


def write(root: Path, name: str, config: dict[str, Any], **fields: Any) -> None:
    """Put an experiment into a store."""
    paths = StorePaths(str(root)).experiment(name)
    Path(paths.private).mkdir(parents=True)
    standard = {"identity": compute_identity(config), "identifier": name, "status": "completed", "seed": 7}
    write_record(paths, Record(config=config, **{**standard, **fields}), durable=False)


def plan(store: Store, *changes: ConfigChange) -> list[Move]:
    """Return what becomes of all experiments of a store."""
    everything = list(store)
    return plan_migration(everything, everything, changes, SETTINGS)


@pytest.mark.parametrize(
    ("change", "name", "config"),
    [
        (read_assignment("+dropout=0.0"), "1|0.0|0.1|m", {"C": 1, "lr": 0.1, "name": "m", "dropout": 0.0}),
        (read_assignment("+a.b=[1,x]"), "1|1xx|0.1|m", {"C": 1, "lr": 0.1, "name": "m", "a": {"b": [1, "x"]}}),
        (read_assignment("~name"), "1|0.1", {"C": 1, "lr": 0.1}),
        (read_renaming("lr=optimizer.lr"), "1|m|0.1", {"C": 1, "name": "m", "optimizer": {"lr": 0.1}}),
        (read_replacement("name:m=mlp"), "1|0.1|mlp", {"C": 1, "lr": 0.1, "name": "mlp"}),
    ],
)
def test_all_of_it_moves_and_comes_back(store: Store, change: ConfigChange, name: str, config: dict[str, Any]) -> None:
    """Config, identity and name are those of the new config, seed and former identity stay; undoing restores all."""
    before = {one.name: one.record for one in store}
    carry_out(store.paths, plan(store, change))
    found = read_record(store.paths.experiment(name))
    assert (found.config, found.identity, found.identifier) == (config, compute_identity(config), name)
    assert (found.seed, found.former[0]["identity"]) == (7, compute_identity({"C": 1, "lr": 0.1, "name": "m"}))
    assert len(plan(store, change)) == 0

    everything = list(store)
    carry_out(store.paths, plan_undoing(everything, str(find_batch(everything))))
    assert {one.name: one.record for one in store} == before


def test_the_latest_is_undone_first(store: Store) -> None:
    """Migrations are undone one after the other, each for the experiments that it changed."""
    carry_out(store.paths, plan(store, read_assignment("+a=1")))
    chosen = [one for one in store if one.config["C"] == 1]
    carry_out(store.paths, plan_migration(chosen, list(store), [read_assignment("+b=2")], SETTINGS))
    for left in ({"C", "a", "lr", "name"}, {"C", "lr", "name"}):
        everything = list(store)
        carry_out(store.paths, plan_undoing(everything, str(find_batch(everything))))
        assert {frozenset(one.config) for one in store} == {frozenset(left)}


def test_no_two_become_one(store: Store) -> None:
    """Neither do two that move, nor one that moves and one that is there: nothing is changed."""
    with pytest.raises(UsageError, match=r"would be one experiment"):
        plan(store, read_assignment("~lr"))
    write(Path(store.paths.root), "new", {"C": 1, "lr": 0.1, "name": "m", "d": 0})
    with pytest.raises(UsageError, match=r"'new' and '1\|0.1\|m' would be one experiment"):
        plan(store, read_assignment("+d=0"))


def test_duplicates_move_together(store: Store) -> None:
    """A copy of an experiment goes with it, and stays one that does not count."""
    write(Path(store.paths.root), "copy", {"C": 1, "lr": 0.1, "name": "m"})
    carry_out(store.paths, plan(store, read_assignment("+d=0")))
    assert sorted(one.status for one in store) == ["completed"] * 4 + ["duplicate"]
    assert {one.config["d"] for one in store} == {0}


def test_what_runs_or_was_masked_is_refused(store: Store) -> None:
    """An experiment that runs, is behind a link, or whose config is not known whole cannot be migrated."""
    lock = acquire(store.paths.experiment("1|0.1|m").lock)
    assert lock is not None
    with pytest.raises(UsageError, match="is running"):
        plan(store, read_assignment("+d=0"))
    lock.release()
    write(Path(store.paths.root), "secret", {"password": "***", "C": 1})
    with pytest.raises(UsageError, match="the value of password was masked"):
        plan(store, read_assignment("+d=0"))


@pytest.mark.parametrize("text", ["d=0", "++d=0", "+d=1,2", "+", "~", "+a@b=1"])
def test_what_is_no_change(text: str) -> None:
    """Only one key that is added with one value, or deleted, is a change."""
    with pytest.raises(UsageError, match="no change"):
        read_assignment(text)


def test_names_that_want_each_other(store: Store) -> None:
    """Directories whose names are each other's swap them; one that was named by hand and is in the way stays."""
    root = Path(store.paths.root)
    (root / "1|0.1|m").rename(root / "tmp")
    (root / "2|0.1|m").rename(root / "1|0.1|m")
    (root / "tmp").rename(root / "2|0.1|m")
    everything = list(store)
    carry_out(store.paths, plan_renaming(everything, everything, SETTINGS))
    assert {one.name: one.config["C"] for one in store if "0.1" in one.name} == {"1|0.1|m": 1, "2|0.1|m": 2}
    everything = list(store)
    carry_out(store.paths, plan_renaming(everything, everything, Settings(identifier=("C",))))
    assert len({one.name for one in store}) == 4
    assert {one.name[:1] for one in store} == {"1", "2"}


def test_an_interrupted_one_is_finished(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the directories were not renamed any more, the next migration does it."""
    moves = plan(store, read_assignment("+d=0"))
    with monkeypatch.context() as patch:
        patch.setattr("mag.record.moves.rename_directories", lambda *_: None)
        carry_out(store.paths, moves)
    assert {one.name for one in store} == {move.experiment.name for move in moves}
    finish_renaming(store.paths, list(store))
    assert {one.name for one in store} == {move.name for move in moves}
