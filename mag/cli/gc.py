"""`mag gc`: drop the snapshots that no record names any more."""

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mag.cli.output import note, write_table
from mag.cli.references import JSON_OPTION
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.code.repository import Repository

HELP = """Drop the snapshots of code that no record names any more.

Each sweep keeps the exact code that it ran, in the git repository, under refs/mag/. When experiments are removed, their
snapshots stay until this command drops them; git then collects them when it is their time (after two weeks, usually).

\b
  mag gc -n                  show what would be dropped
  mag gc
  mag gc --dir /data/runs    of experiments elsewhere, too

Every directory whose experiments ran from this repository is asked, those of clones elsewhere are not: use --dir for
them. What was kept within the last hour stays. Temporary work trees that a `mag rerun` or a `mag sweep --snapshot` left
when it was killed are removed, too.

Exit status: 0, or 2 if nothing was dropped since a directory of experiments is gone (--force drops nonetheless).
"""

_RECENT_SECONDS = 3600


@click.command(help=HELP, short_help="Drop snapshots that no record names.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be dropped, drop nothing.")
@click.option("--dir", "directories", multiple=True, metavar="PATH", help="More experiments to ask; repeatable.")
@click.option("--force", is_flag=True, help="Do not wait: drop what is recent or was named where nothing is any more.")
@JSON_OPTION
def command(*, dry_run: bool, directories: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Ask all stores, drop the rest."""
    from mag.cli.output import write_json
    from mag.code.collection import drop, list_kept, list_named, list_stores
    from mag.code.repository import Repository
    from mag.settings import find_settings

    cwd = Path.cwd()
    with Repository(cwd) as repository:
        _clear_leftovers(repository, dry_run=dry_run)
        own = str(find_settings(cwd).store_root(cwd))
        stores = dict.fromkeys([*list_stores(repository), own, *map(os.path.abspath, directories)])
        gone = [store for store in stores if store != own and not _is_expendable(store)]
        if gone and not (force or dry_run):
            raise UsageError(
                f"Nothing was dropped: {gone[0]} is gone, whose experiments named snapshots. Give its new place with "
                f"--dir and pass --force, or --force alone if it was removed."
            )
        named = set().union(*map(list_named, stores))
        before = time.time() - _RECENT_SECONDS
        kept = [one for one in list_kept(repository) if one.commit not in named]
        unnamed = [one for one in kept if force or one.made < before]
        if not dry_run:
            drop(repository, unnamed)
    rows = [{"ref": one.ref, "commit": one.commit, "made": one.made} for one in unnamed]
    if as_json:
        write_json(rows)
    else:
        write_table(["commit", "ref"], [[row["commit"], row["ref"]] for row in rows])
        note(f"{'would drop' if dry_run else 'dropped'} {len(rows)} of the commits that are kept under refs/mag/")


def _clear_leftovers(repository: "Repository", *, dry_run: bool) -> None:
    from mag.code.checkouts import list_leftovers, remove_checkout

    leftovers = list_leftovers(repository)
    for directory in leftovers:
        if not dry_run:
            remove_checkout(repository, directory)
    if leftovers:
        what = "would remove" if dry_run else "removed"
        note(f"{what} {len(leftovers)} temporary work trees of commands that were killed")


def _is_expendable(store: str) -> bool:
    """Tell whether a store is there, or was temporary: of tests, say, that are long over."""
    return Path(store).is_dir() or Path(store).is_relative_to(tempfile.gettempdir())
