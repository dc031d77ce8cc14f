"""Laws of taking an experiment's directory."""

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from mag.config.identity import compute_identity
from mag.disk import files, leases
from mag.errors import ExistsError, RecordError
from mag.record.attempts import Attempt, TakenError
from mag.record.claims import Claim, begin_attempt, claim_directory
from mag.record.names import Names
from mag.record.paths import StorePaths
from mag.record.records import Record, read_record, write_record

CONFIG = {"C": 1}
IDENTITY = compute_identity(CONFIG)


@pytest.fixture(params=["never", "always"], autouse=True)
def with_leases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every law hold with and without leases."""
    monkeypatch.setenv("MAG_LEASES", request.param)
    monkeypatch.setattr(leases, "keep", lambda _: None)


@pytest.fixture
def store(tmp_path: Path) -> StorePaths:
    """Return an empty store."""
    return StorePaths(str(tmp_path / "experiments"))


def make_record(identity: str = IDENTITY, config: dict[str, object] | None = None) -> Record:
    """Return a record that says running."""
    return Record(identity=identity, identifier="1", status="running", config=config or dict(CONFIG))


def run_once(store: StorePaths, name: str = "1", identity: str = IDENTITY) -> Record:
    """Go through a whole attempt that completes, and return its record."""
    claim = claim_directory(store, name, identity)
    record = begin_attempt(claim, make_record(identity)).record.replace(status="completed")
    write_record(claim.paths, record, durable=True)
    claim.lock.release()
    return record


def test_a_claim_keeps_others_away(store: StorePaths) -> None:
    """While an experiment is held, nobody else gets it."""
    begin_attempt(claim_directory(store, "1", IDENTITY), make_record())

    with pytest.raises(ExistsError, match="being run by another process"):
        claim_directory(store, "1", IDENTITY)


def test_two_identities_never_share_a_directory(store: StorePaths) -> None:
    """The name of another experiment is left alone, and the suffixed one is taken."""
    run_once(store)
    other = compute_identity({"C": "1"})

    claim = claim_directory(store, "1", other)

    assert os.path.basename(claim.paths.directory) == f"1~{other[:10]}"
    assert read_record(store.experiment("1")).identity == IDENTITY


@pytest.mark.parametrize("content", ["file", "link", "folder"])
def test_what_is_no_experiment_is_left_alone(store: StorePaths, content: str) -> None:
    """A user's own file, link or folder of the wanted name is neither followed nor written into."""
    place = Path(store.root, "1")
    elsewhere = Path(store.root, "..", "precious")
    place.parent.mkdir()
    elsewhere.mkdir()
    if content == "file":
        place.touch()
    elif content == "link":
        place.symlink_to(elsewhere.resolve())
    else:
        place.mkdir()
        (place / "thesis.tex").touch()

    claim = claim_directory(store, "1", IDENTITY)

    assert os.path.basename(claim.paths.directory) == f"1~{IDENTITY[:10]}"
    assert os.listdir(elsewhere) == []


def test_attempts_are_set_aside(store: StorePaths) -> None:
    """A new attempt has a log, results and metrics of its own; those of the last are kept under its number."""
    run_once(store)
    paths = store.experiment("1")
    Path(paths.log).write_text("first")
    for path in (paths.results, paths.metrics):
        Path(path).write_text("{}")

    claim = claim_directory(store, "1", IDENTITY)
    record = begin_attempt(claim, make_record()).record

    assert record.attempt == 2
    assert not [path for path in (paths.log, paths.results, paths.metrics) if Path(path).exists()]
    assert Path(paths.attempt(1), "log").read_text() == "first"
    assert sorted(os.listdir(paths.attempt(1))) == ["log", "metrics.jsonl", "record.json", "results.json"]


def test_going_on_keeps_results(store: StorePaths) -> None:
    """An attempt that goes on starts from the results of the last; its log is its own."""
    claim = claim_directory(store, "1", IDENTITY)
    record = begin_attempt(claim, make_record()).record.replace(status="failed", results={"loss": 1})
    write_record(claim.paths, record, durable=True)
    Path(claim.paths.log).write_text("first")
    claim.lock.release()

    record = begin_attempt(claim_directory(store, "1", IDENTITY), make_record(), keep=True).record

    assert record.results == {"loss": 1}
    assert not Path(claim.paths.log).exists()
    assert Path(claim.paths.attempt(1), "log").read_text() == "first"


@pytest.mark.parametrize("moved", [[], ["log"], ["log", "results.json"], ["log", "results.json", "record.json"]])
def test_setting_aside_goes_on_where_it_was_killed(store: StorePaths, moved: list[str]) -> None:
    """Whatever part of the last attempt had been set aside, in the end all of it is, once, under its own number."""
    run_once(store)
    paths = store.experiment("1")
    for path in (paths.log, paths.results):
        Path(path).write_text("{}")
    kept = Path(paths.attempt(1))
    kept.mkdir(parents=True)
    for name in moved:
        source = Path(paths.record) if name == "record.json" else Path(paths.directory, name)
        (kept / name).write_bytes(source.read_bytes())
        if name != "record.json":
            source.unlink()

    assert run_once(store).attempt == 2
    assert [path.name for path in kept.parent.iterdir()] == ["1"]
    assert sorted(path.name for path in kept.iterdir()) == ["log", "record.json", "results.json"]


@pytest.mark.parametrize("ruins", ["", "{", "\0" * 100])
def test_a_garbled_record_is_repaired_by_the_next_attempt(store: StorePaths, ruins: str) -> None:
    """A record that can no longer be read is set aside, and the experiment runs again in its own directory."""
    run_once(store)
    Path(store.experiment("1").record).write_text(ruins)

    place = Names(store).choose("1", IDENTITY)
    again = run_once(store, place.name)

    assert place.name == "1"
    assert again.attempt == 2
    assert read_record(store.experiment("1")).status == "completed"


@pytest.mark.parametrize("ruins", ["", "\0" * 100])
def test_what_a_power_cut_left_is_taken_over(store: StorePaths, ruins: str) -> None:
    """A first attempt of which only empty files are left stands in nobody's way."""
    run_once(store)
    Path(store.experiment("1").record).write_text(ruins)
    Path(store.experiment("1").config).write_text("")

    place = Names(store).choose("1", IDENTITY)

    assert (place.name, run_once(store, place.name).status) == ("1", "completed")
    assert os.listdir(store.root) == ["1"]


@contextlib.contextmanager
def leave_descriptors(number: int) -> Iterator[None]:
    """Let this process open so many more files, and no more, in the block."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, before[1]))
    held = []
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(number):
            os.close(held.pop())
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("number", range(4))
def test_what_cannot_be_read_for_now_stays_where_it_is(store: StorePaths, number: int) -> None:
    """Where files cannot be opened an experiment fails for that reason: it neither moves nor is taken for a new one."""
    run_once(store)
    names = Names(store)
    names.choose("2", "0" * 64)
    with leave_descriptors(number):
        assert names.choose("1", IDENTITY).name == "1"
        try:
            previous = claim_directory(store, "1", IDENTITY).previous
        except RecordError as error:
            assert "Too many open files" in str(error)  # noqa: PT017  (with enough files it is right not to fail)
        else:
            assert previous is not None
            assert previous.status == "completed"

    assert os.listdir(store.root) == ["1"]
    assert read_record(store.experiment("1")).status == "completed"


def test_a_directory_without_a_record_is_free(store: StorePaths) -> None:
    """What a process left that died before its first record stands in nobody's way."""
    Path(store.root, "1", ".mag").mkdir(parents=True)
    Path(store.root, "1", ".mag", "config.json.9.tmp").touch()

    claim = claim_directory(store, Names(store).choose("1", IDENTITY).name, IDENTITY)
    begin_attempt(claim, make_record())

    assert os.path.basename(claim.paths.directory) == "1"
    left = {name.partition(".lease.")[0] for name in os.listdir(claim.paths.private)}
    assert left == {"lock", "record.json"}


def test_a_store_that_cannot_be_made(tmp_path: Path) -> None:
    """Where there can be no directory, the message names it and the reason."""
    (tmp_path / "experiments").touch()

    with pytest.raises(RecordError, match="experiments: there is a file of that name"):
        claim_directory(StorePaths(str(tmp_path / "experiments")), "1", IDENTITY)


def test_a_record_that_is_not_read_is_moved_as_it_is(store: StorePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is larger than any that mag writes is in nobody's way."""
    run_once(store)
    paths = store.experiment("1")
    before = Path(paths.record).read_bytes()
    monkeypatch.setattr(files, "_LARGEST", 100)
    claim = claim_directory(store, "1", IDENTITY)

    assert begin_attempt(claim, make_record()).record.attempt == 2
    assert Path(paths.attempt(1), "record.json").read_bytes() == before


def test_a_machine_that_was_silent_publishes_nothing(store: StorePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another has taken over its experiment, what it would write is refused, and the other's attempt stands."""
    monkeypatch.setenv("MAG_LEASES", "always")
    silent = Attempt(claim_directory(store, "1", IDENTITY), make_record())
    path = f"{silent.paths.lock}.lease.1"
    os.utime(path, (0, 0))
    assert leases.take(silent.paths.lock, "another")
    begin_attempt(Claim(silent.paths, silent.lock, read_record(silent.paths)), make_record())

    with pytest.raises(TakenError, match="silent"):
        silent.register({"score": 1})
    with pytest.raises(TakenError, match="silent"):
        silent.publish("completed", ending={})

    silent.close()
    found = read_record(silent.paths)
    assert (found.attempt, found.status, found.results) == (2, "running", {})
