"""Notes: what a person adds to an experiment afterwards, in `.mag/notes.json`, never in its record."""

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any

from mag.disk import files, locks, values
from mag.errors import RecordError
from mag.record.paths import ExperimentPaths

_KINDS: dict[str, tuple[type, ...]] = {"tags": (list,), "note": (str, type(None)), "accepted": (dict, type(None))}


@dataclasses.dataclass(frozen=True, slots=True)
class Notes:
    """What a person has added.

    Attributes:
        tags: Words to find it by, sorted.
        note: A remark.
        accepted: The number of the failed attempt that is a finding, and the reason; None where it is none.
    """

    tags: tuple[str, ...] = ()
    note: str | None = None
    accepted: dict[str, Any] | None = None

    def accepts(self, attempt: int) -> bool:
        """Tell whether this attempt, which failed, was accepted: a later one is another."""
        return self.accepted is not None and self.accepted.get("attempt") == attempt


NOTHING = Notes()


def read_notes(paths: ExperimentPaths) -> Notes:
    """Return what was added to an experiment; nothing if the file is missing or cannot be read."""
    with contextlib.suppress(OSError, RecordError):
        known = files.pick_fields(files.read_json(paths.notes), _KINDS, paths.notes)
        tags = tuple(sorted({tag for tag in known.get("tags", ()) if isinstance(tag, str)}))
        return Notes(tags, known.get("note") or None, known.get("accepted"))
    return NOTHING


def change_notes(paths: ExperimentPaths, change: Callable[[Notes], Notes]) -> Notes:
    """Change what was added to an experiment, and return it; others who do so wait for their turn.

    Raises:
        RecordError: The file system refused, or a link is in the way.
    """
    for folder in (paths.directory, paths.private):
        files.refuse_link(folder)
    with locks.take_turn(paths.private):
        before = read_notes(paths)
        after = change(before)
        if after != before:
            data = {"version": 1, **dataclasses.asdict(after)}
            files.write_file(paths.notes, values.dump_json(data), durable=True)
    return after
