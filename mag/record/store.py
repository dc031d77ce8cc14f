"""The store: a directory and the experiments in it, read without running, importing or resolving anything."""

import dataclasses
import os
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any

from mag.disk import files, values
from mag.errors import MagError, NotFoundError, RecordError
from mag.patterns import compile_lazily
from mag.record import records
from mag.record.metrics import read_all_metrics
from mag.record.notes import Notes, read_notes
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record

_PREFIX = compile_lazily(r"[0-9a-f]{4,64}")


@dataclasses.dataclass(frozen=True, slots=True)
class StoredExperiment:
    """An experiment as it was when it was read.

    Attributes:
        name: Its directory's name.
        paths: Its files.
        record: Its record; None where that cannot be read.
        status: How it stands: a record's status, `lost`, `corrupt`, or `duplicate` where another directory of the same
            store has the same identity, and counts instead.
        problem: Why it is corrupt, or which experiment counts instead.
    """

    name: str
    paths: ExperimentPaths
    record: Record | None
    status: str
    problem: str | None = None

    @property
    def config(self) -> dict[str, Any]:
        """Its config; empty where it is corrupt."""
        return self.record.config if self.record else {}

    @property
    def notes(self) -> Notes:
        """What a person has added to it."""
        return read_notes(self.paths)

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self.notes.tags

    @property
    def note(self) -> str | None:
        """What was noted of it."""
        return self.notes.note

    @property
    def accepted(self) -> str | None:
        """Why its failure is accepted, or `yes`; None where it is not."""
        notes = self.notes
        if notes.accepted is None or self.record is None or not notes.accepts(self.record.attempt):
            return None
        return str(notes.accepted.get("reason") or "yes") if self.status != "completed" else None

    @property
    def results(self) -> dict[str, Any]:
        """Its results; empty where it is corrupt."""
        return self.record.results if self.record else {}

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """What it logged with `log_metrics`, one dict a call, in attempts that go on from each other."""
        return read_all_metrics(self.paths, self.record)

    @property
    def identity(self) -> str:
        """What it is; empty where it is corrupt."""
        return self.record.identity if self.record else ""

    @property
    def identifier(self) -> str:
        """Its readable name: that of its directory."""
        return self.name

    @property
    def directory(self) -> Path:
        """Its directory."""
        return Path(self.paths.directory)

    @property
    def attempt(self) -> int:
        """How often it has been started; 0 where that is not known."""
        return self.record.attempt if self.record else 0

    @property
    def seed(self) -> int | None:
        """Its seed; None where it is corrupt."""
        return self.record.seed if self.record else None

    @property
    def completed(self) -> bool:
        """Whether it is on record as completed."""
        return self.status == "completed"


class Store:
    """The experiments under a root directory; making one touches no file.

    Args:
        root: The directory, `experiments`.
    """

    def __init__(self, root: str | Path = "experiments") -> None:
        self.paths = StorePaths(str(root))

    def __iter__(self) -> Iterator[StoredExperiment]:
        """Yield every experiment, in the order of names; of several directories of one identity, one counts."""
        yield from mark_duplicates([found for name in self._list_names() if (found := self._read(name)) is not None])

    def read_others(self, known: Container[str]) -> Iterator[StoredExperiment]:
        """Yield the experiments whose directories have none of the names that are known."""
        yield from (
            found for name in self._list_names() if name not in known and (found := self._read(name)) is not None
        )

    def _list_names(self) -> list[str]:
        try:
            with os.scandir(self.paths.root) as entries:
                names = [e.name for e in entries if not e.name.startswith(".") and self._is_own(e)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RecordError(f"Cannot list {self.paths.root}: {error.strerror}.") from error
        return sorted(names)

    def _is_own(self, entry: "os.DirEntry[str]") -> bool:
        """Tell whether an entry is a directory, or a link to one outside this store."""
        if not entry.is_symlink():
            return entry.is_dir()
        place = os.path.realpath(entry.path)
        return os.path.isdir(place) and os.path.dirname(place) != os.path.realpath(self.paths.root)

    def _read(self, name: str) -> StoredExperiment | None:
        paths = self.paths.experiment(name)
        try:
            record, status = _read_settled(paths)
            if record.status == "running":
                record = _add_results(record, paths)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (MagError, OSError) as error:
            return None if _was_cut_off(paths) else StoredExperiment(name, paths, None, "corrupt", str(error))
        return StoredExperiment(name, paths, record, status)

    def filter(self, keep: Callable[[StoredExperiment], bool]) -> Iterator[StoredExperiment]:
        """Yield the experiments for which `keep` is true."""
        return (experiment for experiment in self if keep(experiment))

    def find(self, reference: str) -> StoredExperiment:
        """Return the experiment that `reference` means.

        Args:
            reference: A path, an identifier, or the beginning (4 characters or more) of an identity that no other
                experiment shares.

        Raises:
            NotFoundError: None answers to it, or several do.
        """
        if not reference.strip():
            raise NotFoundError(
                f"{reference!r} names no experiment: is a shell variable empty? `mag ls` lists the names."
            )
        for name in (reference, os.path.relpath(reference, self.paths.root)):
            if name not in {".", ".."} and os.sep not in name and (found := self._read_directory(name)):
                return found
        elsewhere = Path(reference)
        if elsewhere.name in {"", ".."}:
            elsewhere = Path(os.path.abspath(reference))
        if found := Store(elsewhere.parent)._read_directory(elsewhere.name):  # noqa: SLF001
            return found
        return self._find_by_identity(reference)

    def _read_directory(self, name: str) -> StoredExperiment | None:
        return self._read(name) if os.path.isdir(self.paths.experiment(name).directory) else None

    def _find_by_identity(self, reference: str) -> StoredExperiment:
        found = []
        prefix = reference.lower()
        if _PREFIX.fullmatch(prefix):
            found = [e for e in self if e.record and e.record.identity.startswith(prefix) and e.status != "duplicate"]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(repr(e.name) for e in found[:5]) + (" and more" if len(found) > 5 else "")  # noqa: PLR2004
            raise NotFoundError(f"{reference!r} begins several identities ({names}): type more of it.")
        raise NotFoundError(self._describe_miss(reference))

    def _describe_miss(self, reference: str) -> str:
        import difflib  # noqa: PLC0415  (only needed to be helpful)

        for path in (self.paths.experiment(reference).directory, reference):
            if os.path.isdir(path):
                return f"{path} is there, but it is no experiment: it holds no record; `mag ls` lists the experiments."
        names = self._list_names()
        near = [name for name in names if name.startswith(reference)][:3]
        near = near or difflib.get_close_matches(reference, names, n=3)
        if near:
            return f"No experiment {reference!r} in {self.paths.root}; there is {', '.join(map(repr, near))}."
        if not names:
            return f"No experiment {reference!r}: there are none in {self.paths.root} yet."
        return f"No experiment {reference!r} among the {len(names)} in {self.paths.root}; `mag ls` lists them."


def mark_duplicates(experiments: list[StoredExperiment]) -> list[StoredExperiment]:
    """Return experiments with all but one of each identity marked: what completed counts, the earliest of several."""
    counting: dict[str, StoredExperiment] = {}
    for one in experiments:
        if one.record is not None:
            other = counting.setdefault(one.record.identity, one)
            if _rank(one) < _rank(other):
                counting[one.record.identity] = one
    if len(counting) == len(experiments):
        return experiments
    return [_mark(one, counting[one.record.identity]) if one.record else one for one in experiments]


def _rank(one: StoredExperiment) -> tuple[bool, bool, str, str]:
    assert one.record is not None
    is_link = os.path.islink(one.paths.directory)
    return one.status != "completed", is_link, one.record.started or "", one.name


def _mark(one: StoredExperiment, counting: StoredExperiment) -> StoredExperiment:
    if one is counting:
        return one
    problem = f"{counting.name!r} has the same config, and counts instead"
    return dataclasses.replace(one, status="duplicate", problem=problem)


def _was_cut_off(paths: ExperimentPaths) -> bool:
    """Tell whether only the traces of a first attempt are left that a power cut ended at once."""
    has_results = os.path.lexists(paths.results) and not files.is_hollow(paths.results)
    return files.is_hollow(paths.record) and not has_results and not os.path.lexists(paths.attempt(1))


def _read_settled(paths: ExperimentPaths) -> tuple[Record, str]:
    record = records.read_record(paths)
    status = records.derive_status(paths, record)
    if status == "lost":  # unless it ended between two looks: the lock is freed after the last record is written
        record = records.read_record(paths)
        status = records.derive_status(paths, record)
    return record, status


def _add_results(record: Record, paths: ExperimentPaths) -> Record:
    """Return the record with the results that were registered since it was written, as far as they can be read."""
    try:
        return record.replace(results=values.decode(files.read_object(paths.results)))
    except (OSError, MagError, RecursionError):
        return record
