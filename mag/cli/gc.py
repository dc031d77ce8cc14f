"""`mag gc`: drop the snapshots that no record names any more."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mag.cli.output import note, write_table
from mag.cli.references import JSON_OPTION
from mag.cli.wording import count_experiments
from mag.config.language.lexer import write_word
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.code.repository import Repository

HELP = """Drop the snapshots of code that no record names any more.

Each sweep keeps the exact code that it ran in the git repository, under refs/mag/. When experiments are removed, their
snapshots stay until this command drops them; git then deletes them in its own time (usually after two weeks).

\b
  mag gc -n                  show what would be dropped
  mag gc
  mag gc --dir /data/runs    also check experiments elsewhere

It checks and names every directory whose experiments ran from this repository, but not those of other clones: add
--dir for them. If a directory cannot be seen now (moved, not mounted, on another host), nothing is dropped until you
say that it is --gone for good. Snapshots from the last hour stay, unless you add --force. Temporary work trees of a
killed `mag rerun` or `mag sweep --snapshot` are removed, too.

Exit status: 0, or 2 if nothing was dropped because a directory of experiments cannot be seen.
"""

_RECENT_SECONDS = 3600


@click.command(help=HELP, short_help="Drop snapshots that no record names.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be dropped, drop nothing.")
@click.option(
    "--dir",
    "directories",
    multiple=True,
    metavar="PATH",
    help="Also check the experiments in this directory; repeatable.",
)
@click.option(
    "--gone",
    "forgotten",
    multiple=True,
    metavar="PATH",
    help="This directory of experiments is gone for good; repeatable.",
)
@click.option("--force", is_flag=True, help="Also drop snapshots from the last hour.")
@JSON_OPTION
def command(
    *, dry_run: bool, directories: tuple[str, ...], forgotten: tuple[str, ...], force: bool, as_json: bool
) -> None:
    """Ask all stores, drop the rest."""
    from mag.cli.output import write_json
    from mag.code.collection import drop, forget_stores, list_kept
    from mag.code.repository import Repository

    _empty_trash(directories, dry_run=dry_run)
    with Repository(Path.cwd()) as repository:
        _clear_leftovers(repository, directories, dry_run=dry_run)
        gone = list(map(os.path.abspath, forgotten))
        named = _ask_stores(repository, list(map(os.path.abspath, directories)), gone)
        before = time.time() - _RECENT_SECONDS
        kept = [one for one in list_kept(repository) if one.commit not in named]
        unnamed = [one for one in kept if force or one.made < before]
        if not dry_run:
            drop(repository, unnamed)
            if gone:
                forget_stores(repository, gone)
    rows = [{"ref": one.ref, "commit": one.commit, "made": one.made} for one in unnamed]
    if as_json:
        write_json(rows)
    else:
        write_table(["commit", "ref"], [[row["commit"], row["ref"]] for row in rows])
        note(f"{'would drop' if dry_run else 'dropped'} {len(rows)} of the commits that are kept under refs/mag/")


def _empty_trash(directories: Sequence[str], *, dry_run: bool) -> None:
    from mag.record.paths import StorePaths
    from mag.record.trash import empty_trash, list_trash
    from mag.settings import find_settings

    cwd = Path.cwd()
    for root in dict.fromkeys([str(find_settings(cwd).store_root(cwd)), *directories]):
        store = StorePaths(root)
        removed = list_trash(store)
        if removed and not dry_run:
            empty_trash(store)
        if removed:
            said = "would remove" if dry_run else "removed"
            note(f"{said} {count_experiments(len(removed))} for good from {store.trash}")


def _ask_stores(repository: "Repository", directories: list[str], gone: list[str]) -> set[str]:
    """Return the hashes that any store names; refuse to go on where one cannot be seen."""
    from mag.code.collection import list_named, list_stores
    from mag.settings import find_settings

    cwd, known = Path.cwd(), list_stores(repository)
    own = os.path.abspath(find_settings(cwd).store_root(cwd))
    found: set[str] = set()
    for store in dict.fromkeys([*known, own, *directories]):
        if store in gone:
            continue
        named = list_named(store)
        if named is None and (store in known or store in directories):
            raise UsageError(
                f"Nothing was dropped: the experiments in {store} cannot be seen now, and their code may be wanted "
                f"still. Mount it, or give its new place with --dir; `mag gc --gone {write_word(store)}` says that "
                f"they are gone for good."
            )
        if named is not None:
            note(f"asked the experiments in {store}: they name {len(named)} commits")
            found |= named
    return found


def _clear_leftovers(repository: "Repository", directories: Sequence[str], *, dry_run: bool) -> None:
    from mag.code.checkouts import list_leftovers, remove_checkout
    from mag.launch.batches import list_idle_trees
    from mag.record.paths import StorePaths
    from mag.settings import find_settings

    cwd = Path.cwd()
    leftovers = list_leftovers(repository)
    for root in dict.fromkeys([str(find_settings(cwd).store_root(cwd)), *directories]):
        leftovers += list_idle_trees(StorePaths(root))
    for directory in leftovers:
        if not dry_run:
            remove_checkout(repository, directory)
    if leftovers:
        what = "would remove" if dry_run else "removed"
        note(f"{what} {len(leftovers)} temporary work trees that nothing uses any more")
