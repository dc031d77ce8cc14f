"""Laws of tidying up after runners that were killed."""

from pathlib import Path

import pytest

from mag.config.identity import compute_identity
from mag.record import claims
from mag.record.claims import Claim, begin_attempt, claim_directory
from mag.record.paths import StorePaths
from mag.record.records import Record, read_record, write_record
from mag.record.recovery import recover_experiment, recover_store

IDENTITY = compute_identity({"C": 1})
RECORD = Record(identity=IDENTITY, identifier="1", status="running", config={"C": 1})


@pytest.fixture
def store(tmp_path: Path) -> StorePaths:
    """Return a store with one experiment, which completed, and has a log, results and metrics."""
    store = StorePaths(str(tmp_path))
    claim = claim_directory(store, "1", IDENTITY)
    write_record(claim.paths, begin_attempt(claim, RECORD).record.replace(status="completed"), durable=True)
    Path(claim.paths.log).write_text("said")
    Path(claim.paths.results).write_text("{}")
    Path(claim.paths.metrics).write_text("{}\n")
    claim.lock.release()
    return store


def die_early(store: StorePaths) -> Claim:
    """Let an attempt set aside what there is, begin to write, and die, but for its lock; return its claim."""
    claim = claim_directory(store, "1", IDENTITY)
    claims._set_aside(claim, clean=False, keep=False)
    Path(f"{claim.paths.private}/record.json.7.tmp").touch()
    assert not Path(claim.paths.results).exists()
    return claim


def test_what_was_set_aside_in_vain_comes_back(store: StorePaths) -> None:
    """An experiment that completed is as it was, where the attempt to run it again died before it had begun."""
    before = {path.relative_to(store.root) for path in Path(store.root).rglob("*")}
    paths = store.experiment("1")
    die_early(store).lock.release()
    recover_experiment(paths)

    assert {path.relative_to(store.root) for path in Path(store.root).rglob("*")} - {Path("1/.mag/attempts")} == before
    assert Path(paths.log).read_text() == "said"


def test_an_experiment_that_is_held_is_left_alone(store: StorePaths) -> None:
    """Nothing is taken from under somebody's hands."""
    claim = die_early(store)
    recover_experiment(claim.paths)

    assert Path(f"{claim.paths.private}/record.json.7.tmp").exists()
    assert Path(claim.paths.attempt(1)).exists()


@pytest.mark.parametrize("place", ["attempts", "attempts/1"])
def test_nothing_is_brought_back_through_a_link(store: StorePaths, place: str) -> None:
    """What was put in the place of a folder of mag's own leads nowhere."""
    claim = die_early(store)
    claim.lock.release()
    elsewhere, folder = Path(store.root, "elsewhere"), Path(claim.paths.private, place)
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    recover_experiment(claim.paths)

    assert sorted(elsewhere.rglob("*")) == before


def test_an_attempt_that_has_begun_keeps_what_it_set_aside(store: StorePaths) -> None:
    """Once the record says that it runs, the results of before are those of an earlier attempt for good."""
    claim = claim_directory(store, "1", IDENTITY)
    write_record(claim.paths, begin_attempt(claim, RECORD).record.replace(status="completed"), durable=True)
    claim.lock.release()
    recover_experiment(claim.paths)

    assert Path(f"{claim.paths.attempt(1)}/results.json").exists()
    assert read_record(claim.paths).attempt == 2


def test_a_store_is_tidied_once_for_a_runner_that_died(store: StorePaths) -> None:
    """The lock of a sweep that nobody holds tells of a death; where there is none, nothing is looked at."""
    paths = store.experiment("1")
    die_early(store).lock.release()
    recover_store(store)
    assert not Path(paths.results).exists(), "nobody died"

    store.manifests.mkdir(parents=True)
    Path(store.sweep_lock("a")).touch()
    recover_store(store)

    assert Path(paths.results).exists()
    assert not Path(store.sweep_lock("a")).exists()


def test_a_lock_that_cannot_be_opened_stops_nobody(store: StorePaths) -> None:
    """Where the sign of a death cannot be removed, the store is tidied all the same."""
    paths = store.experiment("1")
    die_early(store).lock.release()
    Path(store.sweep_lock("a")).mkdir(parents=True)
    recover_store(store)

    assert Path(paths.results).exists()
    assert Path(store.sweep_lock("a")).exists()


def test_what_is_none_of_mags_stays(store: StorePaths) -> None:
    """Of what was set aside nothing is removed that is not back in its place."""
    paths = store.experiment("1")
    die_early(store).lock.release()
    Path(paths.attempt(1), "notes.txt").write_text("mine")
    recover_experiment(paths)

    assert Path(paths.metrics).exists()
    assert Path(paths.attempt(1), "notes.txt").read_text() == "mine"
