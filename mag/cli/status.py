"""`mag status`: the sweeps and how far each is."""

import dataclasses
import shlex
from typing import TYPE_CHECKING

import click

from mag.cli.output import note, write_json, write_table
from mag.cli.references import JSON_OPTION, STORE_OPTION, open_store
from mag.cli.wording import describe_counts, format_moment
from mag.errors import MagError
from mag.record.paths import StorePaths
from mag.record.sweeps import StoredSweep, list_ids, read_sweep

if TYPE_CHECKING:
    from mag.launch.gpu_book import GpuEntry

HELP = """List the sweeps, newest first, and their progress.

\b
  mag status            the latest ten
  mag status --limit 0  all of them
  mag watch             one of them, live

A sweep is running, paused, ended, lost (its runner was killed before the end; run the same command again to do what is
left) or corrupt (its file cannot be read). Its experiments are counted as their records say.

For GPUs given out by --gpus it says which sweep has which, sweeps of other stores included.
"""


@click.command(help=HELP, short_help="List the sweeps and how far each is.")
@click.option("--limit", type=click.IntRange(min=0), default=10, metavar="N", help="Show the latest N (10); 0 for all.")
@JSON_OPTION
@STORE_OPTION
def command(*, limit: int, as_json: bool, directory: str | None) -> None:
    """Read the manifests and what the runners told."""
    from mag.launch.gpu_book import list_entries

    store = open_store(directory).paths
    gpus = list_entries()
    sweeps = [read_sweep(store, each) for each in list_ids(store)[: limit or None]]
    phases = {sweep.id: tell_phases(store, sweep) for sweep in sweeps if sweep.state == "submitted"}
    sweeps = [read_sweep(store, sweep.id) if sweep.id in phases else sweep for sweep in sweeps]
    if as_json:
        known = [{"gpus": _list_gpus(sweep, gpus), "batches": phases.get(sweep.id)} for sweep in sweeps]
        write_json([_describe(sweep) | more for sweep, more in zip(sweeps, known, strict=True)])
        return
    if not sweeps:
        note(f"no sweeps in {store.root} yet: `mag sweep C=1,10` would be the first")
        return
    for sweep in sweeps:
        if sweep.problem:
            note(f"{sweep.id} is corrupt. {sweep.problem}")
    _tell_other_gpus(sweeps, gpus)
    for sweep in sweeps:
        if phases.get(sweep.id):
            note(f"{sweep.id} has batches: {', '.join(f'{n} {phase}' for phase, n in phases[sweep.id].items())}")
    headers = ["sweep", "state", "started", "done", "experiments", "command"]
    rows = [_summarize(sweep) for sweep in sweeps]
    if any(_list_gpus(sweep, gpus) for sweep in sweeps):
        headers.insert(5, "gpus")
        for row, sweep in zip(rows, sweeps, strict=True):
            row.insert(5, ",".join(_list_gpus(sweep, gpus)))
    write_table(headers, rows)


def tell_phases(store: StorePaths, sweep: StoredSweep) -> dict[str, int]:
    """Return how many batches are queued and running, as the engine says; note if it cannot be asked."""
    from mag.launch.engines import count_phases

    try:
        return dict(count_phases(store, sweep.id))
    except MagError as error:
        note(f"{sweep.id}: {error}")
        return {}


def _list_gpus(sweep: StoredSweep, gpus: "list[GpuEntry]") -> list[str]:
    return [entry.key for entry in gpus if entry.sweep == sweep.id]


def _tell_other_gpus(sweeps: list[StoredSweep], gpus: "list[GpuEntry]") -> None:
    from mag.launch.gpu_book import describe_entry

    ids = {sweep.id for sweep in sweeps}
    for entry in gpus:
        if entry.sweep not in ids:
            note(f"GPU {entry.key} is in use by {describe_entry(entry)}")


def _summarize(sweep: StoredSweep) -> list[str]:
    progress = sweep.progress
    total = len(sweep.manifest.get("plan", []))
    done = f"{progress.done}/{progress.total}" if progress else f"?/{total}"
    counts = describe_counts(progress.counts) if progress else ""
    started = format_moment(str(sweep.manifest.get("started", "")), brief=True)
    return [sweep.id, sweep.state, started, done, counts, shlex.join(map(str, sweep.manifest.get("command", [])))]


def _describe(sweep: StoredSweep) -> dict[str, object]:
    manifest = {key: sweep.manifest.get(key) for key in ("started", "command", "overrides", "app", "commit")}
    progress = dataclasses.asdict(sweep.progress) if sweep.progress else None
    return {"id": sweep.id, "state": sweep.state, **manifest, "progress": progress}
