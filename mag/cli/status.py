"""`mag status`: the sweeps and how far each is."""

import dataclasses
import shlex

import click

from mag.cli.output import note, write_json, write_table
from mag.cli.references import JSON_OPTION, STORE_OPTION, open_store
from mag.cli.wording import describe_counts, format_moment
from mag.record.sweeps import StoredSweep, list_ids, read_sweep

HELP = """List the sweeps, the newest first, and how far each is.

\b
  mag status            the latest ten
  mag status --limit 0  all of them
  mag watch             one of them, live

A sweep is running, paused, ended, or lost, where its runner was killed before the end: its experiments are counted as
their records say, and the same command again does what is left. Corrupt: what remembers it cannot be read.
"""


@click.command(help=HELP, short_help="List the sweeps and how far each is.")
@click.option("--limit", type=click.IntRange(min=0), default=10, metavar="N", help="Show the latest N (10); 0 for all.")
@JSON_OPTION
@STORE_OPTION
def command(*, limit: int, as_json: bool, directory: str | None) -> None:
    """Read the manifests and what the runners told."""
    store = open_store(directory).paths
    sweeps = [read_sweep(store, each) for each in list_ids(store)[: limit or None]]
    if as_json:
        write_json([_describe(sweep) for sweep in sweeps])
        return
    if not sweeps:
        note(f"no sweeps in {store.root} yet: `mag sweep C=1,10` would be the first")
        return
    for sweep in sweeps:
        if sweep.problem:
            note(f"{sweep.id} is corrupt. {sweep.problem}")
    write_table(["sweep", "state", "started", "done", "experiments", "command"], map(_summarize, sweeps))


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
