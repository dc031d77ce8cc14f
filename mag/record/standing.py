"""How the experiments of a plan stand, as their records say, wherever they are by now."""

import contextlib
import os
from collections.abc import Collection, Sequence
from typing import Any

from mag.disk import files, locks
from mag.errors import RecordError
from mag.record.paths import StorePaths

_MOST_OTHERS = 5000
"""In how many directories an experiment is looked for that is not where its plan says."""


def find_statuses(store: StorePaths, plan: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the names and statuses of those experiments of a plan that were started."""
    found = [_find_experiment(store, entry) for entry in plan]
    if None in found:  # not started yet, or renamed, moved or migrated since
        names = {str(entry.get("identifier")) for entry in plan}
        others = _map_others(store, names, {str(entry.get("identity")) for entry in plan})
        found = [known or others.get(str(entry.get("identity"))) for known, entry in zip(found, plan, strict=True)]
    return [each for each in found if each is not None]


def _find_experiment(store: StorePaths, entry: dict[str, Any]) -> tuple[str, str] | None:
    """Return name and status of an experiment of a plan, if it is where the plan says."""
    name = str(entry.get("identifier"))
    record = _read_plainly(store, name)
    return (name, _tell_status(store, name, record)) if record.get("identity") == entry.get("identity") else None


def _map_others(store: StorePaths, names: Collection[str], wanted: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return names and statuses of other directories by the identities that are wanted, today's and former ones."""
    found = {}
    with contextlib.suppress(OSError), os.scandir(store.root) as entries:
        others = [entry.name for entry in entries if not entry.name.startswith(".") and entry.name not in names]
        for name in others[:_MOST_OTHERS]:
            record = _read_plainly(store, name)
            former = [each for each in record.get("former") or () if isinstance(each, dict)]
            for identity in {str(each.get("identity")) for each in (record, *former)} & set(wanted):
                found[identity] = name, _tell_status(store, name, record)
    return found


def _read_plainly(store: StorePaths, name: str) -> dict[str, Any]:
    """Return a record as it stands; empty where there is none that can be read."""
    with contextlib.suppress(OSError, RecordError):
        return files.read_json(store.experiment(name).record)
    return {}


def _tell_status(store: StorePaths, name: str, record: dict[str, Any]) -> str:
    status = str(record.get("status"))
    return "lost" if status == "running" and not locks.is_held(store.experiment(name).lock) else status
