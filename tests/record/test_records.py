"""Laws of the record."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.identity import compute_identity
from mag.disk.locks import acquire
from mag.errors import RecordError
from mag.record.paths import ExperimentPaths
from mag.record.records import Record, decode_record, derive_status, encode_record, is_sound, read_record, write_record

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
)
CONFIGS = st.dictionaries(st.text("abc", min_size=1), st.one_of(SCALARS, st.lists(SCALARS)), max_size=4)


def make_record(**changes: object) -> Record:
    """Return a record with a few fields."""
    fields = {"identity": "a" * 64, "identifier": "1", "status": "completed", "config": {"C": 1}, "seed": 7} | changes
    return Record(**fields)  # type: ignore[arg-type]


@given(CONFIGS)
def test_round_trip(config: dict[str, object]) -> None:
    """A record is read back as it was written."""
    record = make_record(config=config, identity=compute_identity(config), command=("mag", "run"), results=config)

    assert repr(decode_record(json.loads(encode_record(record)), "x")) == repr(record)


@pytest.mark.parametrize("value", ["inf", float("inf"), ["nan", "-inf"], [float("nan")]], ids=repr)
def test_words_and_floats_of_a_config_are_told_apart(value: object) -> None:
    """The string "inf" and infinity come back as what they were, side by side, and below keys of any type."""
    config = {"norm": value, "_hidden": value, "weights": {0: value, "0": value, True: "nan"}}
    record = make_record(config=config, composed=config, identity=compute_identity({"norm": value}))

    found = decode_record(json.loads(encode_record(record)), "x")
    assert repr(found.config) == repr(found.composed) == repr(config)


def test_an_older_mag_wrote_words_and_floats_alike() -> None:
    """Where an older mag wrote the text "inf" as it writes infinity, the identity says which of them it was."""
    data = json.loads(encode_record(make_record(identity=compute_identity({"norm": "inf"}))))
    data["config"] = {"norm": "inf"}

    assert decode_record(data, "x").config == {"norm": "inf"}


@pytest.mark.parametrize("changes", [{"composed": 1}, {"choices": []}, {"seed": "1"}, {"former": [1]}, {"former": {}}])
def test_wrong_kinds_of_what_came_later(changes: dict[str, object]) -> None:
    """So are fields that older mags did not write."""
    with pytest.raises(RecordError, match="x: its"):
        decode_record(json.loads(encode_record(make_record())) | changes, "x")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "done"},
        {"status": []},
        {"config": []},
        {"results": 5},
        {"seconds": "1"},
        {"command": [1]},
        {"error": "x"},
    ],
)
def test_wrong_kinds(changes: dict[str, object]) -> None:
    """A field of the wrong kind is an error that names file and field."""
    data = json.loads(encode_record(make_record())) | changes

    with pytest.raises(RecordError, match=rf"x\.json: its ({next(iter(changes))}|command)"):
        decode_record(data, "x.json")
    assert is_sound(data) == (changes in ({"status": "done"}, {"command": [1]}))  # it looks at kinds, not inside


@pytest.mark.parametrize("field", ["identity", "identifier", "status", "config"])
def test_missing_fields(field: str) -> None:
    """What a record cannot do without is asked for by name."""
    data = json.loads(encode_record(make_record()))
    del data[field]

    with pytest.raises(RecordError, match=f"lacks '{field}'"):
        decode_record(data, "x")
    assert not is_sound(data)


def test_older_records_are_read() -> None:
    """Fields that were added later have their defaults; fields that are unknown are passed over."""
    data = {"version": 1, "identity": "a", "identifier": "1", "status": "failed", "config": {}, "novel": 1}

    assert decode_record(data, "x") == make_record(identity="a", status="failed", config={}, seed=10)
    assert is_sound(data)


def test_lost_is_running_with_a_free_lock(tmp_path: Path) -> None:
    """Who says running and is run by nobody is lost."""
    paths = ExperimentPaths(str(tmp_path))
    Path(paths.private).mkdir()
    running = make_record(status="running")
    assert derive_status(paths, running) == "lost"

    assert acquire(paths.lock) is not None
    assert derive_status(paths, running) == "running"
    assert derive_status(paths, make_record()) == "completed"


def test_pipe_in_place_of_a_record(tmp_path: Path) -> None:
    """A named pipe is refused instead of waited for."""
    paths = ExperimentPaths(str(tmp_path))
    Path(paths.private).mkdir()
    os.mkfifo(paths.record)

    with pytest.raises(RecordError, match="no regular file"):
        read_record(paths)


def test_a_config_may_have_any_key(tmp_path: Path) -> None:
    """A config with a key `version` is no file of a newer mag."""
    paths = ExperimentPaths(str(tmp_path))
    Path(paths.private).mkdir()
    write_record(paths, make_record(config={"version": 7}), durable=True)

    assert read_record(paths).config == {"version": 7}
