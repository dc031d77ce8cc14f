"""Laws of a store over random histories: what completed is never run again, never counted twice, and never lost."""

import itertools
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mag.config.identity import USUAL, compute_identity, describe_rules, read_visibility
from mag.errors import UsageError
from mag.record import index
from mag.record.claims import begin_attempt, claim_directory
from mag.record.migration import find_batch, plan_migration, plan_undoing, read_assignment, read_renaming
from mag.record.moves import carry_out, finish_renaming, plan_renaming
from mag.record.names import Names, name_config
from mag.record.paths import StorePaths
from mag.record.records import Record, write_record
from mag.record.store import Store
from mag.settings import Settings

CONFIGS = [{"C": c, "lr": lr, "paths": {"data": "a"}} for c in (1, 2) for lr in (0.1, 1)]
SETTINGS = [
    Settings(separator="|"),
    Settings(separator="-"),
    Settings(separator="|", identifier=("lr",)),
    Settings(separator="|", identifier=("C", "lr")),
    Settings(separator="|", hidden=("paths.*",)),
    Settings(separator="-", visible=("_seed",)),
]
CHANGES = [read_assignment("+d=0.0"), read_assignment("~d"), read_renaming("lr=opt.lr"), read_renaming("opt.lr=lr")]
MIGRATE = st.tuples(st.just("migrate"), st.integers(0, 3), st.none() | st.integers(1, 60))
STEPS = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 3)),
    MIGRATE,
    st.tuples(st.just("undo"), st.just(0), st.none() | st.integers(1, 60)),
    st.tuples(st.just("rename"), st.just(0), st.none() | st.integers(1, 30)),
    st.tuples(st.just("settings"), st.integers(0, 5)),
    st.tuples(st.just("move"), st.integers(0, 9)),
    st.tuples(st.just("copy"), st.integers(0, 9)),
    st.tuples(st.just("link"), st.integers(0, 9)),
    st.tuples(st.just("forget"), st.integers(0, 2)),
)


class History:
    """A store to which things happen, and a ledger of what ran, of which mag knows nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = StorePaths(str(folder / "experiments"))
        Path(self.paths.root, ".mag").mkdir(parents=True)
        self.settings = SETTINGS[0]
        self.ran: Counter[int] = Counter()
        self.numbers = itertools.count()

    def run(self, number: int) -> None:
        """Run a config as a sweep does, unless it has completed; it must not run where it has."""
        config = CONFIGS[number]
        before = self.find(config)
        identity = compute_identity(config, visibility=read_visibility(self.settings))
        place = Names(self.paths, self.settings).choose(name_config(config, identity, self.settings), identity)
        if place.found is not None and place.found["status"] == "completed":
            assert before, "what is called completed never ran"
            return
        assert not before, f"{before} ran this config, and it runs again"
        claim = claim_directory(self.paths, place.name, identity, separator=self.settings.separator)
        name = Path(claim.paths.directory).name
        rules = describe_rules(read_visibility(self.settings))
        record = Record(identity=identity, identifier=name, status="running", config=dict(config), rules=rules)
        begun = begin_attempt(claim, record).record
        run = next(self.numbers)
        self.ran[run] += 1
        write_record(claim.paths, begun.replace(status="completed", results={"run": run}), durable=True)
        claim.lock.release()

    def find(self, config: dict[str, Any]) -> list[int]:
        """Return which runs have this config by today's rules, by brute force."""
        visibility = read_visibility(self.settings)
        wanted = compute_identity(config, visibility=visibility)
        return [
            one.results["run"] for one in self.read() if compute_identity(one.config, visibility=visibility) == wanted
        ]

    def read(self) -> list[Any]:
        """Return the experiments that are there."""
        return list(Store(self.paths.root))

    def migrate(self, number: int, moment: int | None) -> None:
        """Migrate all, and be killed at some call; the next one goes on."""
        self.try_twice(lambda: self._migrate(number), moment)

    def _migrate(self, number: int) -> None:
        finish_renaming(self.paths, self.read())
        everything = self.read()
        chosen = [one for one in everything if not Path(one.paths.directory).is_symlink()]
        carry_out(self.paths, plan_migration(chosen, everything, [CHANGES[number]], self.settings))

    def undo(self, _: int, moment: int | None) -> None:
        """Undo the latest migration, likewise."""
        self.try_twice(self._undo, moment)

    def _undo(self) -> None:
        everything = [one for one in self.read() if not Path(one.paths.directory).is_symlink()]
        batch = find_batch(everything)
        if batch is not None:
            carry_out(self.paths, plan_undoing(everything, batch))

    def rename(self, _: int, moment: int | None) -> None:
        """Give directories the names of today, likewise."""
        self.try_twice(self._rename, moment)

    def _rename(self) -> None:
        everything = self.read()
        carry_out(self.paths, plan_renaming(everything, everything, self.settings))

    def try_twice(self, act: Callable[[], None], moment: int | None) -> None:
        """Act in a process that is killed at its n-th call that writes, and once more; refusals change nothing."""
        if moment is not None:
            run_killed(act, moment)
            self.check()
        try:
            act()
        except UsageError:
            return

    def change_settings(self, number: int) -> None:
        """Use other settings from here on."""
        self.settings = SETTINGS[number]

    def move(self, number: int) -> None:
        """Call a directory something else."""
        if found := self._pick(number):
            found.rename(found.with_name(f"kept {next(self.numbers)}"))

    def copy(self, number: int) -> None:
        """Copy a directory."""
        if (found := self._pick(number)) and not found.is_symlink():
            shutil.copytree(found, found.with_name(f"copy {next(self.numbers)}"))

    def link(self, number: int) -> None:
        """Move a directory to another disk, and leave a link."""
        if (found := self._pick(number)) and not found.is_symlink():
            target = self.folder / f"disk {next(self.numbers)}"
            found.rename(target)
            found.symlink_to(target)

    def forget(self, number: int) -> None:
        """Lose the index, or what it holds, or what is booked."""
        if number == 0:
            Path(self.paths.index_file).unlink(missing_ok=True)
        elif number == 1:
            Path(self.paths.index_file).write_bytes(b"garbage")
        else:
            Path(self.paths.bookings).unlink(missing_ok=True)

    def _pick(self, number: int) -> Path | None:
        names = sorted(path for path in Path(self.paths.root).iterdir() if path.name != ".mag")
        return names[number % len(names)] if names else None

    def check(self) -> None:
        """Check that nothing is lost, corrupt, or counted twice."""
        everything = self.read()
        assert {one.results["run"] for one in everything if one.record} == {*self.ran}
        counting = Counter(one.record.identity for one in everything if one.record and one.status == "completed")
        assert set(counting.values()) <= {1}
        assert {one.status for one in everything} <= {"completed", "duplicate"}
        assert all(one.record.seed == int((one.record.original).identity[:8], 16) for one in everything if one.record)


def run_killed(act: Callable[[], None], moment: int) -> None:
    """Do something in a process that is killed right before its n-th call that changes a file or a name."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    calls = itertools.count(1)

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        is_writing = event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if (is_writing or event in {"os.rename", "os.remove", "os.mkdir"}) and next(calls) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(count)
        act()
    finally:
        os._exit(0)


@contextmanager
def new_history() -> Iterator[History]:
    """Lend a history of a store that always uses its index."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "FEW", -1)
        yield History(Path(folder))


def live_through(steps: list[tuple[Any, ...]]) -> None:
    """Let things happen to a store, and check after each; in the end all that was run is asked for once more."""
    with new_history() as history:
        for what, *words in steps:
            getattr(history, "change_settings" if what == "settings" else what)(*words)
            history.check()
        for number in range(len(CONFIGS)):
            history.run(number)
            history.run(number)
        history.check()


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=3, max_size=14))
def test_nothing_runs_twice_and_nothing_is_lost(steps: list[tuple[Any, ...]]) -> None:
    """Whatever happens in whatever order: runs, renames, migrations, undoing, settings, moves, links, kills."""
    live_through(steps)


@pytest.mark.parametrize("what", ["migrate", "undo", "rename"])
def test_killed_at_every_call(what: str) -> None:
    """Whichever call is the last, each experiment is the old or the new one, and the same command does the rest."""
    with new_history() as history:
        for moment in range(1, 200):
            shutil.rmtree(history.paths.root)
            history.__init__(history.folder)  # type: ignore[misc]
            _prepare(history, what)
            act = {"migrate": lambda: history._migrate(0), "undo": history._undo, "rename": history._rename}[what]
            before = _describe(history)
            run_killed(act, moment)
            history.check()
            is_over = _describe(history) == _describe(history, act)
            assert _describe(history) != before
            if is_over and moment > 1:
                break
        assert not list(Path(history.paths.root).rglob("*.tmp"))


def _prepare(history: History, what: str) -> None:
    for number in range(3):
        history.run(number)
    if what == "undo":
        history._migrate(0)
    if what == "rename":
        history.settings = SETTINGS[1]


def _describe(history: History, act: Callable[[], None] | None = None) -> list[tuple[str, str]]:
    if act is not None:
        act()
    return sorted((one.name, one.record.identity) for one in history.read())


PLANTS: dict[str, Any] = {
    "mag.record.index.Index.find": lambda *_: [],
    "mag.record.index.find_current": lambda found, *_: found["identity"],
    "mag.record.store.mark_duplicates": lambda experiments: experiments,
    "mag.record.store.Store._is_own": lambda _, entry: not entry.is_symlink(),
    "mag.record.moves._rename": lambda store, old, _: bool(shutil.move(store.experiment(old).directory, store.trash)),
    "mag.record.claims.derive_seed": lambda _: 7,
    "mag.record.names.read_visibility": lambda *_: USUAL,
}


@pytest.mark.torture
@pytest.mark.parametrize("target", PLANTS)
def test_planted_bugs_are_found(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """The histories are enough to find what they are for."""
    monkeypatch.setattr(target, PLANTS[target])
    hunt = given(st.lists(STEPS, min_size=3, max_size=14))(live_through)
    with pytest.raises(AssertionError):
        settings(max_examples=300, deadline=None, database=None, phases=[Phase.generate])(hunt)()
