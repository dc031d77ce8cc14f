"""`mag migrate` and `mag rename`: finished experiments keep up with configs and settings that change."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mag.cli.messages import say
from mag.cli.output import note, write_json, write_table
from mag.cli.references import JSON_OPTION, STORE_OPTION, open_store
from mag.cli.selection import FILTERS_ARGUMENT, select_among
from mag.cli.wording import count_experiments
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.record.moves import Move
    from mag.record.store import Store

MIGRATE_HELP = """Give finished experiments the config that they would have today, so that they stay finished.

If a key was added, deleted or renamed since, every point of a sweep is a new experiment. This command says which values
the finished ones ran with. Their config, identity, name and record change together, and the same sweep finds them.

\b
  mag migrate +dropout=0.0                 they lack dropout, and ran as if it were 0.0
  mag migrate '~old_key'                   the config no longer has this key
  mag migrate --rename lr=optimizer.lr     lr is called optimizer.lr now
  mag migrate --value model.name:svm=svc   the value svm is called svc now
  mag migrate +dropout=0.0 model.name=mlp  only of some experiments: filters as in mag ls
  mag migrate +dropout=0.0 -n              show what would change, change nothing
  mag migrate --undo                       take the latest migration back

Experiments that already have the key to add, or lack the key to delete, stay as they are. Nothing is run. The record
keeps what each experiment was before, its experiment.seed included, and `mag rerun` without overrides runs that. To
finish an interrupted migration, type the same command again.

Exit status: 0; 2 if nothing was changed, for example because two experiments would become one.
"""

RENAME_HELP = """Rename the directories of experiments as today's settings would name them.

\b
  mag rename -n                  show what would be renamed
  mag rename
  mag rename model.name=mlp      only some: filters as in mag ls

A name is a label: an experiment is found by what it is, whatever its directory is called. After a change of
`separator` or `identifier` in [tool.mag], finished ones keep their names until this command renames them.

Exit status: 0, or 2 if nothing was renamed.
"""


@click.command(help=MIGRATE_HELP, short_help="Keep finished experiments when a key is added or renamed.")
@click.argument("words", nargs=-1, metavar="[CHANGES] [FILTERS]...")
@click.option("--rename", "renamings", multiple=True, metavar="OLD=NEW", help="Rename a key; repeatable.")
@click.option("--value", "values", multiple=True, metavar="KEY:OLD=NEW", help="Rename a value of a key; repeatable.")
@click.option("--undo", is_flag=True, help="Take the latest migration back.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would change, change nothing.")
@JSON_OPTION
@STORE_OPTION
def migrate_command(
    *,
    words: tuple[str, ...],
    renamings: tuple[str, ...],
    values: tuple[str, ...],
    undo: bool,
    dry_run: bool,
    as_json: bool,
    directory: str | None,
) -> None:
    """Plan, show, carry out."""
    from mag.record import migration, moves
    from mag.settings import find_settings

    typed = [word for word in words if word.startswith(("+", "~"))]
    filters = [word for word in words if word not in typed]
    changes = [
        *map(migration.read_assignment, typed),
        *map(migration.read_renaming, renamings),
        *map(migration.read_replacement, values),
    ]
    if undo == bool(changes) or (undo and filters):
        raise UsageError("Say what has changed, as in `mag migrate +dropout=0.0`, or type `mag migrate --undo` alone.")
    store = open_store(directory)
    everything = list(store)
    if not dry_run:
        moves.finish_renaming(store.paths, everything)
        everything = list(store)
    if undo:
        batch = migration.find_batch(everything)
        if batch is None:
            raise UsageError(f"There is no migration to undo in {store.paths.root}.")
        planned = migration.plan_undoing(everything, batch)
    else:
        chosen = select_among(everything, filters, str(store.paths.root))
        planned = migration.plan_migration(chosen, everything, changes, find_settings(Path.cwd()))
    _carry_out(store, planned, ("would change", "changed"), dry_run=dry_run, as_json=as_json)


@click.command(help=RENAME_HELP, short_help="Name directories as the settings say now.")
@FILTERS_ARGUMENT
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be renamed, rename nothing.")
@JSON_OPTION
@STORE_OPTION
def rename_command(*, filters: tuple[str, ...], dry_run: bool, as_json: bool, directory: str | None) -> None:
    """Plan, show, carry out."""
    from mag.record import moves
    from mag.settings import find_settings

    store = open_store(directory)
    everything = list(store)
    chosen = select_among(everything, filters, str(store.paths.root))
    planned = moves.plan_renaming(chosen, everything, find_settings(Path.cwd()))
    _carry_out(store, planned, ("would rename", "renamed"), dry_run=dry_run, as_json=as_json)


def _carry_out(
    store: "Store", moves: "Sequence[Move]", words: tuple[str, str], *, dry_run: bool, as_json: bool
) -> None:
    from mag.record.moves import carry_out

    if not dry_run:
        carry_out(store.paths, moves)
    rows = [_describe(move) for move in moves]
    if as_json:
        write_json(rows)
    elif rows:
        write_table(
            ["name", "becomes", "config"], [[row["name"], row["becomes"], " ".join(row["config"])] for row in rows]
        )
    if not rows:
        note("nothing is to be changed: all of these experiments are as they would be now")
        return
    said = f"{words[0]} {count_experiments(len(rows))}. Nothing was changed." if dry_run else ""
    say(said or f"{words[1]} {count_experiments(len(rows))}")


def _describe(move: "Move") -> dict[str, Any]:
    from mag.record.migration import describe_change

    return {"name": move.experiment.name, "becomes": move.name, "config": describe_change(move)}
