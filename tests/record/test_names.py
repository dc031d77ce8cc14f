"""Laws of names: readable, and never two experiments in one directory."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mag.config.flat import flatten
from mag.config.identifier import build_identifier
from mag.config.identity import compute_identity, keep_visible
from mag.errors import UsageError
from mag.record.claims import begin_attempt, claim_directory
from mag.record.names import Names, fold, name_config, read_found
from mag.record.paths import StorePaths
from mag.record.records import Record
from mag.settings import Settings

HOSTILE = ["a", "A", "é", "e\u0301", "1", "|", "a|b", "..", "/", "x" * 300, "", "~", "\n", "İ", "ß", "ss"]
TEXT = st.characters(codec="utf-8", exclude_characters="\0")
NASTY = st.sampled_from(HOSTILE)
VALUES = st.integers(0, 2) | st.floats(0, 2) | st.booleans() | st.none() | NASTY | st.text(TEXT, max_size=3)
CONFIGS = st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), min_size=1, max_size=8)


def start(store: StorePaths, config: dict[str, object]) -> str:
    """Start the experiment of a config as a sweep does, and return its directory's name."""
    identity = compute_identity(config)
    name = Names(store).choose(build_identifier(keep_visible(flatten(config)), identity), identity).name
    claim = claim_directory(store, name, identity)
    begin_attempt(claim, Record(identity=identity, identifier=name, status="failed", config=config))
    claim.lock.release()
    return Path(claim.paths.directory).name


@settings(max_examples=40, deadline=None)
@given(CONFIGS)
def test_one_config_one_directory(configs: list[dict[str, object]]) -> None:
    """No two configs share a directory, no config has two, and none lies outside the store."""
    with tempfile.TemporaryDirectory() as folder:
        store = StorePaths(f"{folder}/experiments")
        names = [start(store, config) for config in configs + configs]

        by_identity = {compute_identity(config): name for config, name in zip(configs, names, strict=False)}
        assert len({fold(name) for name in by_identity.values()}) == len(by_identity)
        assert names[len(configs) :] == [by_identity[compute_identity(config)] for config in configs]
        assert {path.name for path in Path(folder).iterdir()} == {"experiments"}
        assert {path.name for path in Path(store.root).iterdir()} == set(names)


@settings(max_examples=60, deadline=None)
@given(CONFIGS)
def test_names_within_one_plan(configs: list[dict[str, object]]) -> None:
    """The names that one plan gives out differ under case and Unicode forms, before anything is on disk."""
    names = Names(StorePaths("/nonexistent"))
    given_out = {}
    for config in configs:
        identity = compute_identity(config)
        given_out[identity] = names.choose(build_identifier(keep_visible(flatten(config)), identity), identity).name

    assert len({fold(name) for name in given_out.values()}) == len(given_out)


def test_the_later_of_two_that_clash_gets_the_suffix(tmp_path: Path) -> None:
    """A readable name goes to whoever comes first."""
    names = Names(StorePaths(str(tmp_path)))
    first, second = compute_identity({"C": 1}), compute_identity({"C": "1"})

    assert names.choose("1", first).name == "1"
    assert names.choose("1", second).name == f"1~{second[:10]}"
    assert names.choose("1", first).name == "1"


def test_keys_that_make_up_the_name() -> None:
    """The settings' keys name a config as far as it has them; where it has none, the error tells which it has."""
    project = Settings(root=Path("/p"), identifier=("seed", "C", "depth"))

    assert name_config({"C": 1, "seed": 2, "gamma": 3}, "0" * 64, project) == "2|1"
    with pytest.raises(UsageError, match=r"\['seed', 'C', 'depth'\] in the settings of /p .*known are gamma, kernel\."):
        name_config({"kernel": 1, "gamma": 3, "_seed": 0}, "0" * 64, project)


def test_a_record_written_between_two_looks_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins to use a directory while another looks at it is not taken for something foreign."""
    store = StorePaths(str(tmp_path))
    paths = store.experiment("1")
    Path(paths.private).mkdir(parents=True)
    look = os.listdir

    def begin_then_look(folder: str) -> list[str]:
        Path(paths.record).write_text('{"version": 1, "identity": "abc"}')
        Path(paths.log).touch()
        return look(folder)

    monkeypatch.setattr(os, "listdir", begin_then_look)
    assert read_found(store, "1") == {"version": 1, "identity": "abc"}
