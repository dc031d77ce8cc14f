"""`mag accept`, `tag`, `note`, `rm` and `archive`: what a person says of experiments, and where they go."""

import dataclasses
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mag.cli.messages import say
from mag.cli.output import escape, note, write_lines, write_table
from mag.cli.references import EXPERIMENT_ARGUMENT, STORE_OPTION, open_store
from mag.cli.selection import select_words
from mag.cli.wording import count_experiments
from mag.clock import tell_time
from mag.errors import NotFoundError, UsageError
from mag.patterns import compile_lazily
from mag.record.paths import StorePaths
from mag.record.records import FAULTY

if TYPE_CHECKING:
    from mag.record.store import Store, StoredExperiment
    from mag.record.trash import Removed

ACCEPT_HELP = """Accept that experiments failed: a setting that diverges is a finding, and is not tried again.

\b
  mag accept '10|0.01' --reason diverges
  mag accept lr=1.0 status=failed         all that match filters, as in mag ls
  mag accept '10|0.01' --undo

Experiments imported from Hydra's folders (status=imported) can be accepted too: they then count as done.

Their status stays as it was. The same sweep does not run them again, and neither `mag failures` nor the exit status
counts them; `mag ls 'accepted=*'` lists them. `mag sweep ... --retry accepted` tries them again.

Exit status: 0, or 2 if nothing was accepted.
"""

TAG_HELP = """Add tags to experiments, or take them away.

\b
  mag tag '10|0.01' +paper          add a tag
  mag tag '10|0.01' -old +new       take one away, add another
  mag tag 'accuracy>0.9' +good      all that match a filter, as in mag ls
  mag ls tag=paper                  those that have it

Exit status: 0, or 2 if nothing was changed.
"""

NOTE_HELP = """Note something about an experiment.

\b
  mag note '10|0.01' 'lr too high'   replaces the note before
  mag note '10|0.01'                 print it
  mag note '10|0.01' ''              remove it

`mag show` shows it, and `mag ls --columns name,note`.

Exit status: 0, or 4 if there is no such experiment.
"""

RM_HELP = """Remove experiments: their whole directories move to a trash.

\b
  mag rm '10|0.01' -n              show what would be removed
  mag rm '10|0.01'
  mag rm status=failed model=mlp   all that match filters, as in mag ls
  mag rm --restore                 bring back what the last mag rm removed
  mag rm --restore '10|0.01'       bring back this one

The trash is .mag/trash in the directory of the experiments; `mag gc` empties it. If an experiment is a link, only the
link is removed.

Exit status: 0; 2 if nothing was removed, for example because one of them is running.
"""

ARCHIVE_HELP = """Move experiments to another directory, for example on a larger disk.

\b
  mag archive /data/old 'started<-90d' -n     show what would be moved
  mag archive /data/old 'started<-90d'
  mag ls --dir /data/old

Their code stays: `mag gc` also checks the experiments there before it drops a snapshot. To keep one in the tables here,
link it: ln -s /data/old/NAME experiments/.

Exit status: 0; 2 if nothing was moved.
"""

_TAG = compile_lazily(r"[\w.:/][\w.:/-]*")
_WORDS = click.argument("words", nargs=-1, metavar="[EXPERIMENTS] [FILTERS]...")
_DRY_RUN = click.option("-n", "--dry-run", is_flag=True, help="Show what would happen, do nothing.")


@click.command(help=ACCEPT_HELP, short_help="Accept that experiments failed.")
@_WORDS
@click.option("--reason", metavar="TEXT", help="Why the failure is a finding.")
@click.option("--undo", is_flag=True, help="No longer accept it.")
@STORE_OPTION
def accept_command(*, words: tuple[str, ...], reason: str | None, undo: bool, directory: str | None) -> None:
    """Find them, note it."""
    from mag.record.notes import change_notes

    chosen = [one for one in _select(words, directory, "accept") if one.status in FAULTY]
    if not chosen:
        raise UsageError("None of these experiments failed or was imported: there is nothing to accept.")
    for one in chosen:
        attempt = one.record.attempt if one.record else 1
        said = None if undo else {"attempt": attempt, "status": one.status, "at": tell_time(), "reason": reason}
        change_notes(one.paths, lambda notes, said=said: dataclasses.replace(notes, accepted=said))  # type: ignore[misc]
    say(f"{'no longer accepted' if undo else 'accepted'}: {_count(chosen)}")


class TagCommand(click.Command):
    """A command that takes `-TAG` as a word, not as options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put what takes a tag away behind `--`, where nothing is an option."""
        tags = [] if "--" in args else [word for word in args if word[:1] == "-" and word[:2] != "--" and word != "-h"]
        return super().parse_args(ctx, [*(word for word in args if word not in tags), *(["--", *tags] if tags else [])])


@click.command(cls=TagCommand, help=TAG_HELP, short_help="Add tags, or take them away.")
@click.argument("words", nargs=-1, metavar="EXPERIMENTS... +TAG -TAG...", type=click.UNPROCESSED)
@STORE_OPTION
def tag_command(*, words: tuple[str, ...], directory: str | None) -> None:
    """Find them, change their tags."""
    from mag.record.notes import change_notes

    tags = [word for word in words if word[:1] in {"+", "-"}]
    for tag in tags:
        if not _TAG.fullmatch(tag[1:]):
            raise UsageError(f"{tag!r} is no tag: write +TAG or -TAG, of letters, digits and . : / - _.")
    if not tags:
        raise UsageError("Which tag? `mag tag '10|0.01' +paper -old` adds one and takes one away.")
    added, gone = ({tag[1:] for tag in tags if tag[0] == sign} for sign in "+-")
    chosen = _select([word for word in words if word not in tags], directory, "tag")
    for one in chosen:
        change_notes(
            one.paths, lambda notes: dataclasses.replace(notes, tags=tuple(sorted((added | {*notes.tags}) - gone)))
        )
    say(f"tagged {_count(chosen)}")


@click.command(help=NOTE_HELP, short_help="Note something about an experiment.")
@EXPERIMENT_ARGUMENT
@click.argument("text", required=False, metavar="[TEXT]")
@STORE_OPTION
def note_command(*, reference: str, text: str | None, directory: str | None) -> None:
    """Find it, note or print."""
    from mag.record.notes import change_notes

    one = open_store(directory).find(reference)
    if text is None:
        write_lines([escape(one.note)] if one.note else [])
        return
    change_notes(one.paths, lambda notes: dataclasses.replace(notes, note=text or None))


@click.command(help=RM_HELP, short_help="Move experiments to the trash.")
@_WORDS
@click.option("--restore", "restoring", is_flag=True, help="Bring back what was removed.")
@_DRY_RUN
@STORE_OPTION
def rm_command(*, words: tuple[str, ...], restoring: bool, dry_run: bool, directory: str | None) -> None:
    """Find them, move them."""
    from mag.record.trash import list_trash, remove, restore

    store = open_store(directory)
    if restoring:
        found = _pick_removed(list_trash(store.paths), words)
        if not dry_run:
            restore(store.paths, found)
        write_lines(escape(one.name) for one in found)
        say(f"{'would bring back' if dry_run else 'brought back'} {count_experiments(len(found))}")
        return
    chosen = _select(words, directory, "rm")
    if not dry_run:
        remove(store.paths, chosen)
    _show(chosen)
    undone = "" if dry_run else "; `mag rm --restore` brings them back, `mag gc` empties the trash"
    say(f"{'would remove' if dry_run else 'removed'} {_count(chosen)}{undone}")


def _pick_removed(removed: "list[Removed]", names: Sequence[str]) -> "list[Removed]":
    """Return what to bring back: what was removed last, or the latest of each name."""
    if not removed:
        raise UsageError("The trash is empty: there is nothing to bring back.")
    if not names:
        return [one for one in removed if one.batch == removed[-1].batch]
    latest = {one.name: one for one in removed}
    for name in names:
        if name not in latest:
            raise NotFoundError(f"There is no {name!r} in the trash; there is {', '.join(map(repr, [*latest][:5]))}.")
    return [latest[name] for name in dict.fromkeys(names)]


@click.command(help=ARCHIVE_HELP, short_help="Move experiments to another directory.")
@click.argument("target", metavar="DIR")
@_WORDS
@_DRY_RUN
@STORE_OPTION
def archive_command(*, target: str, words: tuple[str, ...], dry_run: bool, directory: str | None) -> None:
    """Find them, move them, keep their code."""
    from mag.record.claims import prepare_store
    from mag.record.trash import archive

    store, other = open_store(directory), StorePaths(os.path.abspath(target))
    if os.path.realpath(other.root) == os.path.realpath(store.paths.root):
        raise UsageError(f"{target} is where the experiments are: name another directory.")
    chosen = _select(words, directory, "archive DIR")
    if not dry_run:
        prepare_store(other)
        Path(other.root, ".mag").mkdir(exist_ok=True)
        _note_store(store, other, chosen)
        archive(store.paths, other, chosen)
    _show(chosen)
    say(f"{'would move' if dry_run else 'moved'} {_count(chosen)} to {escape(other.root)}")


def _note_store(store: "Store", other: StorePaths, chosen: "Sequence[StoredExperiment]") -> None:
    """Tell the repositories that hold the code about the other store before anything moves."""
    from mag.code.collection import note_store
    from mag.code.repository import Repository
    from mag.errors import RepositoryError

    tops = {str(one.record.commit.get("top")) for one in chosen if one.record and one.record.commit.get("top")}
    if os.path.isdir(store.paths.code):
        tops.add(store.paths.code)
    for top in tops:
        try:
            with Repository(Path(top)) as repository:
                note_store(repository, Path(other.root))
        except (RepositoryError, OSError) as error:
            note(f"the repository {top} was not told where these experiments go: {error}")


def _select(words: Sequence[str], directory: str | None, command: str) -> "list[StoredExperiment]":
    if not words:
        raise UsageError(f"Which experiments? Type names or filters: `mag {command} status=failed`, for example.")
    return select_words(words, directory)


def _count(chosen: "Sequence[StoredExperiment]") -> str:
    name = f" ({escape(shlex.quote(chosen[0].name))})" if len(chosen) == 1 else ""
    return f"{count_experiments(len(chosen))}{name}"


def _show(chosen: "Sequence[StoredExperiment]") -> None:
    write_table(["name", "status"], [[one.name, one.status] for one in chosen])
