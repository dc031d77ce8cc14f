"""`mag export`: an experiment and its code in one file."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mag.cli.messages import say
from mag.cli.output import escape, note
from mag.cli.references import STORE_OPTION, find_experiment

if TYPE_CHECKING:
    from mag.code.repository import Repository
    from mag.record.store import StoredExperiment

HELP = """Put an experiment and the code that it ran into one file, to be taken to another machine.

\b
  mag export --bundle '10|0.01' -o result.mag
  mag import result.mag                          there
  mag rerun '10|0.01'

The file holds the experiment's directory, the record of its environment, and a git bundle of its code with the history
that leads to it, submodules included. What is masked in a record is masked in the file; what the experiment printed or
saved, and its code, are in it as they are: files that hold values under secret-looking keys are named.

Exit status: 0, 2 if the file cannot be written or a part of the code is not here (as in a shallow clone), 4 if there
is no such experiment.
"""


@click.command(help=HELP, short_help="Put an experiment and its code into a file.")
@click.option("--bundle", "reference", metavar="EXPERIMENT", required=True, help="The experiment.")
@click.option("-o", "--output", metavar="FILE", help="The file; NAME.mag if it is left out.")
@STORE_OPTION
def command(*, reference: str, output: str | None, directory: str | None) -> None:
    """Find it, pack it."""
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
        note("the history that comes with the code was not looked into")
