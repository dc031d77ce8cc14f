"""Manifests: what each sweep was asked to do, and its frozen plan."""

import datetime as dt
import itertools
import os
from collections.abc import Iterable, Sequence
from typing import Any

from mag.record import turns, values
from mag.record.clock import tell_time
from mag.record.paths import StorePaths
from mag.record.provenance import Provenance


def choose_id() -> str:
    """Return an id for a new sweep: when it began, and something that no other sweep of that second has."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{os.urandom(3).hex()}"


def write_manifest(
    store: StorePaths, provenance: Provenance, overrides: Sequence[str], plan: Iterable[dict[str, Any]]
) -> None:
    """Write the manifest of the sweep that `provenance` names; it is on disk when this returns.

    Args:
        store: Where the experiments live.
        provenance: What all experiments of the sweep have in common.
        overrides: What was typed, secrets masked.
        plan: Name, identity and overrides of each experiment; each becomes one line of the file.

    Raises:
        RecordError: The experiments directory cannot be written.
    """
    if provenance.sweep is None:
        return
    path = store.manifest(provenance.sweep)
    data = {"version": 1, "id": provenance.sweep, "started": tell_time(), "overrides": list(overrides)}
    data |= {key: value for key, value in provenance.fields().items() if key != "sweep"}
    head = values.dump_json(data).removesuffix(b"\n}\n") + b',\n  "plan": ['
    lines = values.dump_lines(plan, indent=4)
    turns.write_shared_file(str(path), itertools.chain((head,), lines, (b"\n  ]\n}\n",)), durable=True)
