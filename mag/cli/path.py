"""`mag path`: the directory of an experiment."""

import os

import click

from mag.cli.output import escape, find_screen, write_bytes, write_lines
from mag.cli.references import EXPERIMENT_ARGUMENT, STORE_OPTION, find_experiment

HELP = """Print the absolute path of an experiment's directory, and nothing else.

\b
  cd "$(mag path '10|0.01')"
  ls "$(mag path 3a7013)"/checkpoints
  mag ls -q status=failed | while read -r name; do du -sh "$(mag path "$name")"; done

EXPERIMENT is a name as `mag ls` shows it, the beginning of an identity (4 characters or more), or a path.

Exit status: 0, or 4 if there is no such experiment.
"""


@click.command(help=HELP, short_help="Print the directory of an experiment.")
@EXPERIMENT_ARGUMENT
@STORE_OPTION
def command(reference: str, directory: str | None) -> None:
    """Find it, print it."""
    path = os.path.abspath(find_experiment(reference, directory).paths.directory)
    if find_screen().width is None:
        write_bytes(os.fsencode(path) + b"\n")
    else:
        write_lines([escape(path)])
