"""`mag import`: an experiment and its code from a file that `mag export --bundle` wrote."""

import contextlib
import os
import shlex
from pathlib import Path

import click

from mag.cli.messages import say
from mag.cli.output import escape, write_bytes
from mag.errors import RepositoryError

HELP = """Take an experiment and its code from a file that `mag export --bundle` wrote.

\b
  mag import result.mag
  mag rerun '10|0.01'

The experiment goes where experiments are kept here; its code into the git repository around this directory, under
refs/mag/ alone, or into .mag/code of the experiments if there is none. Nothing of it is run: `mag rerun` does that.
Prints the experiment's directory.

Exit status: 0, or 2 if the file is no such file, or the experiment is there already.
"""


@click.command(help=HELP, short_help="Take an experiment and its code from a file.")
@click.argument("file", metavar="FILE")
@click.option("--dir", "directory", metavar="PATH", help="Directory of the experiments.")
def command(*, file: str, directory: str | None) -> None:
    """Unpack it, keep it."""
    from mag.code.repository import Repository
    from mag.record.bundles import read_bundle
    from mag.record.paths import StorePaths
    from mag.settings import find_settings

    cwd = Path.cwd()
    store = StorePaths(os.path.abspath(directory or find_settings(cwd).store_root(cwd)))
    with contextlib.ExitStack() as stack:
        repository = None
        with contextlib.suppress(RepositoryError):
            repository = stack.enter_context(Repository(cwd))
        paths = read_bundle(Path(file), store, repository)
    write_bytes(os.fsencode(paths.directory) + b"\n")
    say(f"Next: mag rerun {escape(shlex.quote(os.path.basename(paths.directory)))}  (which runs what came with it)")
