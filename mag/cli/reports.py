"""`mag report` and `mag ui`: experiments as an HTML page, in a file or live on loopback."""

import contextlib
import os
import sys
from typing import Any

import click

from mag.cli.messages import say
from mag.cli.output import escape, write_bytes, write_lines
from mag.cli.references import STORE_OPTION, open_store
from mag.cli.selection import Selection, select
from mag.cli.wording import count_experiments
from mag.errors import NotFoundError, RecordError, UsageError

REPORT_HELP = """Write experiments as one HTML file, to explore and to share.

\b
  mag report                             report.html, of all experiments
  mag report model=svm -o svm.html       of those that match a filter
  mag report sweep=1a2b3c -o - > all.html

The file needs no network and no server: a sortable table, parallel coordinates to brush, a heat map of two keys, what
matters most, learning curves, failures with the ends of their logs. A selection in one is shown in all, and the link
keeps it. Filters are those of `mag ls`.

Values under keys that look secret are masked, as in records; log ends are what the experiments printed.

Exit status: 0, 2 if the file cannot be written, 4 if nothing matches the filters.
"""


@click.command(help=REPORT_HELP, short_help="Write experiments as one HTML page.")
@click.argument("filters", nargs=-1, metavar="[FILTERS]...")
@click.option("-o", "--output", default="report.html", metavar="FILE", help="The file (report.html); - for stdout.")
@click.option("--title", metavar="TEXT", help="The heading; the project's folder if it is left out.")
@STORE_OPTION
def report_command(*, filters: tuple[str, ...], output: str, title: str | None, directory: str | None) -> None:
    """Select, render, write."""
    from mag.compare.report import render_page
    from mag.disk import files

    selection = select(filters, directory)
    if not selection.rows:  # which select has said
        raise click.exceptions.Exit(NotFoundError.exit_code)
    page = render_page(_build(selection, title)).encode()
    if output == "-":
        write_bytes(page)
        return
    try:
        files.write_file(output, page)
    except OSError as error:
        raise RecordError(f"Cannot write {output}: {error.strerror}.") from error
    say(f"{escape(output)}: {count_experiments(len(selection.rows))}, {len(page) / 1e6:.1f} MB")
    if sys.stdout.isatty():
        say(f"Next: open {escape(output)} in a browser")


def _build(selection: Selection, title: str | None) -> dict[str, Any]:
    from mag.clock import tell_time
    from mag.compare.report import build_report

    name = title or os.path.basename(os.path.dirname(os.path.abspath(selection.root)))
    return build_report(selection.rows, selection.catalog, title=name, made=tell_time())


UI_HELP = """Show the page of `mag report` live in a browser: it updates while experiments run.

\b
  mag ui                       all experiments
  mag ui model=svm --port 8765

It listens only on 127.0.0.1, and answers only with the random token in the address that it prints. It reads and never
writes. From another machine, type `ssh -L 8765:127.0.0.1:8765 HOST` and open the same address. Ctrl-C ends it.

Needs `pip install 'mag-sweep[ui]'`.
"""


@click.command(help=UI_HELP, short_help="Show that page live in a browser.")
@click.argument("filters", nargs=-1, metavar="[FILTERS]...")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; a free one if it is left out.")
@click.option("--title", metavar="TEXT", help="The heading; the project's folder if it is left out.")
@STORE_OPTION
def ui_command(*, filters: tuple[str, ...], port: int, title: str | None, directory: str | None) -> None:
    """Serve the page until Ctrl-C."""
    import secrets
    import socket

    try:
        import uvicorn

        from mag.compare.server import make_app
    except ImportError as error:
        raise UsageError(f"{error.name} is not installed: type pip install 'mag-sweep[ui]'.") from error
    token, store = secrets.token_urlsafe(24), open_store(directory)
    _build(select(filters, directory), title)  # a mistake in a filter is said here, not in the browser
    app = make_app(lambda: _build(select(filters, directory), title), store, token)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()  # who reads the address may come at once
        except OSError as error:
            raise UsageError(f"Port {port} cannot be used ({error.strerror}): give --port another.") from error
        write_lines([f"http://127.0.0.1:{listener.getsockname()[1]}/?token={token}"])
        say("Open it in a browser; Ctrl-C ends it.")
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, access_log=False)
        with contextlib.suppress(KeyboardInterrupt):  # which is how one ends it
            uvicorn.Server(config).run(sockets=[listener])
