"""Batches: the tasks of a sweep that an engine runs, in files that any machine which sees the store can read.

.mag/sweeps/ID.batches/
    setup.json        what all batches have in common: the app, the code, the conditions
    1.tasks           the tasks of batch 1; only its owner may read it, and it is gone when the batch is over
    1.outcomes        a line when an experiment starts or ends, by which who follows need not read records
    1.log             what the batch printed that is no experiment's
    handles.json      by which name the engine knows each batch
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mag.disk import files, values
from mag.errors import RecordError
from mag.record.log import read_last_line
from mag.record.paths import StorePaths
from mag.run.messages import read_json, write_json
from mag.run.tasks import Outcome, Task

VERSION = 1


class Event(NamedTuple):
    """What a batch tells of one of its tasks.

    Attributes:
        identity: The experiment's.
        name: Its directory's name.
        outcome: What became of it; None when it has just started.
    """

    identity: str
    name: str
    outcome: Outcome | None


class Batches:
    """The batches of one sweep."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def create(self, setup: dict[str, Any]) -> None:
        """Make the folder, and write down what all batches have in common.

        Raises:
            RecordError: The file system refused.
        """
        files.make_own_folder(str(self.folder))
        content = values.dump_json({"version": VERSION, **values.encode(setup)})
        _write_privately(str(self.folder / "setup.json"), content)

    def read_setup(self) -> dict[str, Any]:
        """Return what all batches have in common.

        Raises:
            RecordError: It cannot be read.
        """
        try:
            return dict(values.decode(files.read_json(str(self.folder / "setup.json"))))
        except OSError as error:
            raise RecordError(f"Cannot read {self.folder / 'setup.json'}: {error.strerror}.") from error

    def add(self, number: int, tasks: Sequence[Task]) -> None:
        """Write down the tasks of a batch: their configs may hold secrets, so that only the user may read them.

        Raises:
            RecordError: The file system refused.
        """
        content = b"".join(write_json(task.to_plain()) + b"\n" for task in tasks)
        _write_privately(str(self.folder / f"{number}.tasks"), content)

    def read_tasks(self, number: int) -> list[Task]:
        """Return the tasks of a batch.

        Raises:
            RecordError: They cannot be read.
        """
        path = self.folder / f"{number}.tasks"
        try:
            return [Task.of(read_json(line)) for line in path.read_bytes().splitlines()]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RecordError(f"Cannot read {path}: {error}.") from error

    def tell(self, number: int, event: Event) -> None:
        """Note what a batch has to tell: one line, written at once."""
        plain = event.outcome and event.outcome.to_plain()
        line = write_json([event.identity, event.name, plain]) + b"\n"
        with contextlib.suppress(OSError):  # the record says it as well
            descriptor = os.open(self.folder / f"{number}.outcomes", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)

    def listen(self, number: int, offset: int = 0) -> tuple[list[Event], int]:
        """Return what a batch has told since, and where to go on listening; a torn last line is for later."""
        try:
            with open(self.folder / f"{number}.outcomes", "rb") as file:
                file.seek(offset)
                data = file.read()
        except OSError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        return list(_read_events(whole.splitlines())), offset + len(whole)

    def read_last_line(self, number: int) -> str | None:
        """Return the last that a batch printed that is no experiment's; None for nothing."""
        return read_last_line(str(self.folder / f"{number}.log")) or None

    def write_handles(self, engine: str, options: dict[str, str], handles: dict[int, str], over: Iterable[int]) -> None:
        """Note by which name the engine knows each batch, and which are over."""
        known = {str(number): handle for number, handle in handles.items()}
        content = {"version": VERSION, "engine": engine, "options": options, "handles": known, "over": sorted(over)}
        files.write_file(str(self.folder / "handles.json"), values.dump_json(content))

    def read_handles(self) -> tuple[str, dict[str, str], dict[int, str]]:
        """Return the engine, its options, and the handles of the batches that are not over; none for no such file."""
        try:
            known = files.read_json(str(self.folder / "handles.json"))
            over = set(known["over"])
            handles = {int(number): str(handle) for number, handle in known["handles"].items()}
            options = {str(key): str(value) for key, value in known["options"].items()}
            return str(known["engine"]), options, {one: handle for one, handle in handles.items() if one not in over}
        except (OSError, RecordError, KeyError, TypeError, ValueError, AttributeError):
            return "", {}, {}

    def close(self, numbers: Iterable[int]) -> None:
        """Note that batches are over, and remove their tasks."""
        path = str(self.folder / "handles.json")
        known = files.read_json(path)
        over = sorted({*known["over"], *numbers})
        files.write_file(path, values.dump_json({**known, "over": over}))
        for number in over:
            self.drop(number)

    def drop(self, number: int) -> None:
        """Remove the tasks of a batch that is over."""
        with contextlib.suppress(OSError):
            (self.folder / f"{number}.tasks").unlink()


def _write_privately(path: str, content: bytes) -> None:
    """Write a file that only the user may read: configs and environment variables in it may hold secrets.

    Raises:
        RecordError: The file system refused.
    """
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise RecordError(f"Cannot write {path}: {error.strerror}.") from error


def _read_events(lines: Iterable[bytes]) -> Iterator[Event]:
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            identity, name, outcome = read_json(line)
            yield Event(identity, name, None if outcome is None else Outcome(**outcome))


def list_batches(manifests: Path) -> list[Batches]:
    """Return the batches of all sweeps of a store, newest first."""
    try:
        names = sorted((name for name in os.listdir(manifests) if name.endswith(".batches")), reverse=True)
    except OSError:
        return []
    return [Batches(manifests / name) for name in names]


def list_idle_trees(store: StorePaths) -> list[Path]:
    """Return the frozen work trees of a store from which no batch runs that may still come."""
    open_ones = [batches for batches in list_batches(store.manifests) if batches.read_handles()[2]]
    used: set[str] = set()
    for batches in open_ones:
        with contextlib.suppress(RecordError, KeyError, TypeError, AttributeError):
            used.update(map(str, batches.read_setup()["moved"].values()))
    trees = [tree for tree in store.frozen_code.glob("*/*") if tree.is_dir() and not tree.is_symlink()]
    return sorted(tree for tree in trees if str(tree) not in used)
