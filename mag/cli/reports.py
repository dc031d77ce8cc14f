"""`mag report`: one HTML file that shows experiments."""

import os
import sys

import click

from mag.cli.messages import say
from mag.cli.output import escape, write_bytes
from mag.cli.references import STORE_OPTION, select
from mag.errors import RecordError

REPORT_HELP = """Write experiments as one HTML file, to explore and to share.

\b
  mag report                             report.html, of all experiments
  mag report model=svm -o svm.html       of those that pass a filter
  mag report sweep=1a2b3c -o - > all.html

The file needs no network and no server: a sortable table, parallel coordinates to brush, a heat map of two keys, what
matters most, learning curves, failures with the ends of their logs. What is brushed in one is shown in all, and the
link keeps it. Filters are those of `mag ls`.

Values under keys that look secret are masked, as in records; log ends are what the experiments printed.

Exit status: 0, 2 if the file cannot be written, 4 if nothing passes the filters.
"""


@click.command(help=REPORT_HELP, short_help="Write experiments as one HTML page.")
@click.argument("filters", nargs=-1, metavar="[FILTERS]...")
@click.option("-o", "--output", default="report.html", metavar="FILE", help="The file (report.html); - for stdout.")
@click.option("--title", metavar="TEXT", help="The heading; the project's folder if it is left out.")
@STORE_OPTION
def report_command(*, filters: tuple[str, ...], output: str, title: str | None, directory: str | None) -> None:
    """Select, render, write."""
    from mag.clock import tell_time
    from mag.compare.page import render_page
    from mag.compare.report import build_report
    from mag.disk import files

    selection = select(filters, directory)
    name = title or os.path.basename(os.path.dirname(os.path.abspath(selection.root)))
    report = build_report(selection.rows, selection.catalog, title=name, made=tell_time())
    page = render_page(report).encode()
    if output == "-":
        write_bytes(page)
        return
    try:
        files.write_file(output, page)
    except OSError as error:
        raise RecordError(f"Cannot write {output}: {error.strerror}.") from error
    count = len(selection.rows)
    say(f"{escape(output)}: {count} experiment{'s' * (count != 1)}, {len(page) / 1e6:.1f} MB")
    if sys.stdout.isatty():
        say(f"Next: open {escape(output)} in a browser")
