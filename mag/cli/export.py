"""`mag export`: experiments as a table in a file, or one of them and its code."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mag.cli.messages import say
from mag.cli.output import escape, escape_lines, note, write_lines
from mag.cli.references import STORE_OPTION, find_experiment
from mag.cli.selection import FILTERS_ARGUMENT, select
from mag.cli.tables import Style, pick_columns, sort_selection
from mag.cli.wording import count_experiments
from mag.compare.columns import find_varying, list_columns
from mag.compare.exporters import TextExporter, find_exporter
from mag.compare.table import build_table
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.code.repository import Repository
    from mag.record.store import StoredExperiment

HELP = """Hand experiments to other programs as a table, or one of them with its code to another machine.

\b
  mag export > results.csv
  mag export status=completed -o results.parquet       format by the ending, or --format
  mag export model=cnn --columns lr,accuracy,loss.min -o table.md
  mag export --bundle '10|0.01' -o result.mag          then there: mag import result.mag; mag rerun '10|0.01'

FILTERS are those of `mag ls`. The columns are all facts, choices, config keys and results, and the last values of
metrics. Formats are csv, json, jsonl, markdown, parquet (needs polars), and those of packages that offer the entry
point `mag.exporters`. Numbers are written in full, except in markdown.

A bundle is one file: the experiment's directory, the record of its environment, and a git bundle of its code with the
history that leads to it, submodules included. Values masked in the record stay masked in the file. The log, the saved
files and the code go in unchanged: mag names those that hold values under secret-looking keys.

Exit status: 0; 2 if the file cannot be written or part of the code is missing here (as in a shallow clone); 4 if there
is no such experiment.
"""


@click.command(help=HELP, short_help="Hand experiments to other programs.")
@FILTERS_ARGUMENT
@click.option("--bundle", "reference", metavar="EXPERIMENT", help="Put one experiment and its code into a file.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to this file. If left out, a table is printed and a bundle is NAME.mag.",
)
@click.option("--format", "form", metavar="FORMAT", help="csv, json, jsonl, markdown, parquet, or a package's.")
@click.option("--columns", metavar="KEYS", help="Which columns, with commas: name,C,accuracy; all if left out.")
@click.option("--sort", "keys", multiple=True, metavar="KEY", help="Sort by KEY; -KEY sorts from the highest.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Write only the first N.")
@STORE_OPTION
def command(
    *,
    filters: tuple[str, ...],
    reference: str | None,
    output: str | None,
    form: str | None,
    columns: str | None,
    keys: tuple[str, ...],
    limit: int | None,
    directory: str | None,
) -> None:
    """Export a table, or a bundle."""
    if reference is None:
        names = None if columns is None else tuple(name.strip() for name in columns.split(",") if name.strip())
        _export_table(filters, Style(keys, names, limit, "csv"), form, output, directory)
    elif filters or form or columns or keys or limit is not None:
        raise UsageError("--bundle writes one experiment and its code: leave out filters and table options.")
    else:
        _export_bundle(reference, output, directory)


def _export_table(
    filters: Sequence[str], style: Style, form: str | None, output: str | None, directory: str | None
) -> None:
    target = Path(output) if output else None
    exporter = find_exporter(form, target)
    if target is None and not isinstance(exporter, TextExporter):
        raise UsageError(f"--format {form} makes a file: say which with -o results{exporter.suffix}.")
    selection = select(filters, directory)
    rows = sort_selection(selection, find_varying(selection.rows), style)[: style.limit]
    chosen = list_columns(rows, selection.catalog) if style.columns is None else pick_columns(selection, style.columns)
    table = build_table(rows, chosen, selection.catalog)
    if target is not None:
        exporter.write(table, rows, target)
        say(f"{count_experiments(len(rows))} in {escape(str(target))}")
    elif isinstance(exporter, TextExporter):
        write_lines(escape_lines(exporter.format(table)))


def _export_bundle(reference: str, output: str | None, directory: str | None) -> None:
    from mag.code.checkouts import read_code
    from mag.record.bundles import write_bundle
    from mag.sweeps.recorded_code import open_code, require_record

    experiment = find_experiment(reference, directory)
    record = require_record(experiment)
    target = Path(output or f"{experiment.name}.mag")
    code = read_code(record.commit)
    with contextlib.ExitStack() as stack:
        if code is None:
            note(f"its code was not recorded ({record.commit.get('reason')}): the file will hold none")
        repository = stack.enter_context(open_code(experiment, code)) if code else None
        write_bundle(experiment.paths, record, repository, target)
        _name_exposed(experiment, repository, code)
    say(f"Next: mag import {escape(str(target))}  (on the other machine)")


def _name_exposed(experiment: "StoredExperiment", repository: "Repository | None", code: str | None) -> None:
    """Name what in the file may be a secret: whoever gets it should know before."""
    from mag.code.exposure import list_exposed
    from mag.record.bundles import list_exposed_files
    from mag.settings import find_settings

    patterns = find_settings(Path.cwd()).secrets
    exposed = list_exposed(repository, code, patterns) if repository is not None and code is not None else []
    exposed += [f"{experiment.name}/{name}" for name in list_exposed_files(experiment.paths, patterns)]
    for path in exposed:
        note(f"it holds what looks like a secret: {path}")
    if exposed:
        note("the history of the code was not searched for secrets")
