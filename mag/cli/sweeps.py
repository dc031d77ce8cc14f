"""What the commands about sweeps have in common: which sweep is meant."""

import click

from mag.cli.references import open_store
from mag.record.paths import StorePaths
from mag.record.sweeps import StoredSweep, find_sweep

SWEEP_ARGUMENT = click.argument("reference", metavar="[SWEEP]", required=False)


def open_sweep(reference: str | None, directory: str | None) -> tuple[StorePaths, StoredSweep]:
    """Return the store and the sweep that a command means: that of the id, the one that runs, or the newest.

    Raises:
        NotFoundError: There is none, or it is not clear which.
    """
    store = open_store(directory).paths
    return store, find_sweep(store, reference)
