"""Laws of the index: it is a cache, and without it the answers are the same."""

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mag.config.identity import compute_identity
from mag.record import index
from mag.record.index import Index
from mag.record.paths import StorePaths
from mag.record.records import Record, Status, write_record

CONFIGS = [{"C": number} for number in range(4)]
NAMES = ["a", "b", "c", "d|1", "kept for the paper"]
CHANGES = st.one_of(
    st.tuples(
        st.just("write"), st.sampled_from(NAMES), st.sampled_from(CONFIGS), st.sampled_from(["completed", "failed"])
    ),
    st.tuples(st.just("move"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("copy"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("remove"), st.sampled_from(NAMES)),
    st.tuples(st.just("damage"), st.sampled_from([b"", b"garbage" * 50, b"SQLite format 3\0" + b"x" * 9000])),
    st.tuples(st.just("lose")),
    st.tuples(st.just("age")),
    st.tuples(st.just("look")),
)


def write(store: StorePaths, name: str, config: dict[str, int], status: Status) -> None:
    """Put an experiment into a directory, whatever was there."""
    paths = store.experiment(name)
    Path(paths.private).mkdir(parents=True, exist_ok=True)
    record = Record(identity=compute_identity(config), identifier=name, status=status, config=dict(config))
    write_record(paths, record, durable=False)


def change(store: StorePaths, what: str, *words: object) -> None:
    """Do to a store what a user or an accident may do to it."""
    places = [Path(store.root, str(word)) for word in words]
    if what == "write":
        write(store, *words)  # type: ignore[arg-type]
    elif what in {"move", "copy"} and places[0].exists() and places[0] != places[1]:
        shutil.rmtree(places[1], ignore_errors=True)
        (shutil.move if what == "move" else shutil.copytree)(places[0], places[1])
    elif what == "remove":
        shutil.rmtree(places[0], ignore_errors=True)
    elif what == "damage":
        Path(store.index_file).write_bytes(words[0])  # type: ignore[arg-type]
    elif what == "lose":
        Path(store.index_file).unlink(missing_ok=True)
    elif what == "age":
        with contextlib.suppress(sqlite3.Error), sqlite3.connect(store.index_file) as database:
            database.execute("update facts set value = '0' where name = 'version'")
    else:
        Index(store).find(compute_identity(CONFIGS[0]))


def answer(store: StorePaths) -> list[list[tuple[str, str]]]:
    """Return what the index says of each config."""
    found = Index(store)
    return [[(entry.name, entry.status) for entry in found.find(compute_identity(config))] for config in CONFIGS]


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGES, max_size=12))
def test_the_answer_is_the_same(changes: list[tuple[object, ...]]) -> None:
    """Whatever happened to the store and to the index, it answers as if all records were read."""
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        store = StorePaths(root)
        Path(root, ".mag").mkdir()
        patch.setattr(index, "FEW", -1)
        for one in changes:
            change(store, *one)  # type: ignore[arg-type]
        with_index = answer(store)
        patch.setattr(index, "FEW", 1000)
        assert with_index == answer(store)


def test_a_large_store_is_trusted_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the store's directory has not changed no record is looked at, but that of a hit."""
    monkeypatch.setattr(index, "FEW", -1)
    monkeypatch.setattr(index, "_MANY", 0)
    monkeypatch.setattr(index, "_SETTLED_SECONDS", -1.0)
    store = StorePaths(str(tmp_path))
    Path(tmp_path, ".mag").mkdir()
    for number, config in enumerate(CONFIGS):
        write(store, str(number), config, "completed")
    assert [len(found) for found in answer(store)] == [1, 1, 1, 1]
    looked = []
    monkeypatch.setattr(Index, "_read", lambda *_: looked.append(1))
    assert not Index(store).find("0" * 64)
    assert not looked
    monkeypatch.undo()
    monkeypatch.setattr(index, "_MANY", 0)
    Path(tmp_path, "0").rename(tmp_path / "moved")
    assert answer(store)[0] == [("moved", "completed")]


def test_a_store_that_cannot_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder or link in the place of the index, and a database that another holds, change nothing."""
    monkeypatch.setattr(index, "FEW", -1)
    monkeypatch.setattr(index, "_PATIENCE_SECONDS", 0.01)
    store = StorePaths(str(tmp_path / "experiments"))
    write(store, "a", CONFIGS[0], "completed")
    expected = [[("a", "completed")], [], [], []]
    assert answer(store) == expected
    Path(store.root, ".mag").mkdir()
    assert answer(store) == expected
    with contextlib.closing(sqlite3.connect(store.index_file, isolation_level=None)) as held:
        held.execute("begin exclusive")
        assert answer(store) == expected
    Path(store.index_file).unlink()
    Path(store.index_file).symlink_to(tmp_path / "elsewhere")
    assert answer(store) == expected
    Path(store.index_file).unlink()
    Path(store.index_file).mkdir()
    assert answer(store) == expected
    assert not (tmp_path / "elsewhere").exists()
