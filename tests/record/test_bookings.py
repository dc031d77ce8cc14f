"""Laws of bookings: two runners that would name an experiment differently make one directory."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mag.config.identity import compute_identity
from mag.errors import ExistsError
from mag.record.bookings import book
from mag.record.claims import begin_attempt, claim_directory
from mag.record.paths import StorePaths
from mag.record.records import Record

CONFIG = {"a": 1, "b": 2}
IDENTITY = compute_identity(CONFIG)


@pytest.fixture
def store(tmp_path: Path) -> StorePaths:
    """Return an empty store in which there was a sweep before."""
    (tmp_path / ".mag").mkdir()
    return StorePaths(str(tmp_path))


def test_one_directory_for_one_identity(store: StorePaths) -> None:
    """However many ask at once, under whatever names: one of them gets it, in one directory."""

    def run(name: str) -> str:
        try:
            claim = claim_directory(store, name, IDENTITY)
        except ExistsError:
            return "elsewhere"
        begin_attempt(claim, Record(identity=IDENTITY, identifier=name, status="running", config=dict(CONFIG)))
        return Path(claim.paths.directory).name

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(run, [f"name{number}" for number in range(16)]))
    made = {path.name for path in Path(store.root).iterdir()} - {".mag"}
    assert made == set(found) - {"elsewhere"}
    assert len(made) == 1


def test_a_booking_that_came_to_nothing_binds_nobody(store: StorePaths) -> None:
    """Whoever was killed before making the directory, or made it for something that is gone, is passed over."""
    assert book(store, IDENTITY, "1|2") == "1|2"
    assert book(store, IDENTITY, "1-2") == "1-2"
    Path(store.bookings).write_bytes(b"\xff{[\n" + Path(store.bookings).read_bytes() * 20_000)
    assert book(store, IDENTITY, "1_2") == "1_2"
    assert Path(store.bookings).stat().st_size < 1000


def test_a_store_that_cannot_be_written_takes_none(tmp_path: Path) -> None:
    """Without a place to note it, the name stays."""
    assert book(StorePaths(str(tmp_path / "none")), IDENTITY, "1|2") == "1|2"
