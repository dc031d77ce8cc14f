"""Selection: which experiments of a store a command is about, by filters or by name."""

import dataclasses
import shlex
from collections.abc import Iterable, Sequence

import click

from mag.cli.output import note
from mag.cli.references import open_store
from mag.compare.columns import Catalog, collect_columns
from mag.compare.filters import apply_filters
from mag.compare.rows import Row, read_rows
from mag.errors import NotFoundError, UsageError
from mag.record.store import StoredExperiment

FILTERS_ARGUMENT = click.argument("filters", nargs=-1, metavar="[FILTERS]...")


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """The experiments that a command is about.

    Attributes:
        rows: Those that meet its filters.
        catalog: The keys of all experiments in the store.
        total: How many there are.
        root: The store's directory, as messages call it.
    """

    rows: list[Row]
    catalog: Catalog
    total: int
    root: str


def select(filters: Sequence[str], directory: str | None) -> Selection:
    """Return the experiments that meet all filters; where there are none, say so on standard error.

    Raises:
        NotFoundError: `--dir` names no directory.
        UsageError: A filter cannot be read, or names what no experiment has.
    """
    store = open_store(directory)
    rows = read_rows(store)
    catalog, root = collect_columns(rows), str(store.paths.root)
    if not rows:
        note(f"no experiments in {root} yet: `mag run` and `mag sweep` put them there, --dir looks elsewhere")
        return Selection([], catalog, 0, root)
    kept = apply_filters(rows, filters, catalog)
    if not kept:
        note(f"none of the {len(rows)} experiments in {root} matches {' '.join(map(shlex.quote, filters))}")
    return Selection(kept, catalog, len(rows), root)


def select_among(experiments: Sequence[StoredExperiment], filters: Sequence[str], root: str) -> list[StoredExperiment]:
    """Return those of a store's experiments that a command is to change; all for no filters.

    Raises:
        UsageError: A filter cannot be read, or none meets them all.
    """
    rows = read_rows(experiments)
    kept = apply_filters(rows, filters, collect_columns(rows)) if rows else []
    if not kept:
        if not rows:
            raise UsageError(f"There are no experiments in {root} yet: --dir looks elsewhere.")
        words = " ".join(map(shlex.quote, filters))
        raise UsageError(f"None of the {len(rows)} experiments in {root} matches {words}: `mag ls` shows them.")
    return [row.experiment for row in kept]


def select_words(words: Sequence[str], directory: str | None) -> list[StoredExperiment]:
    """Return the experiments that words name: each is an experiment, or a filter for all of them.

    Raises:
        NotFoundError: A word is neither.
        UsageError: A filter cannot be read, or none meets them all.
    """
    store = open_store(directory)
    named, filters = dict[str, StoredExperiment](), list[str]()
    for word in words:
        try:
            one = store.find(word)
            named[one.paths.directory] = one
        except NotFoundError:
            if not set("=<>~") & set(word) and word not in {"and", "or", "not"}:
                raise
            filters.append(word)
    if filters:
        named |= {one.paths.directory: one for one in select_among(list(store), filters, str(store.paths.root))}
    return list(named.values())


def tell_corrupt(rows: Iterable[Row]) -> bool:
    """Name the experiments whose record cannot be read, and why; return whether there are any."""
    corrupt = [row.experiment for row in rows if row.experiment.status == "corrupt"]
    if corrupt:
        more = f" (and {len(corrupt) - 1} more: mag ls status=corrupt)" if len(corrupt) > 1 else ""
        note(f"{corrupt[0].name} is corrupt{more}. {corrupt[0].problem}")
    return bool(corrupt)
