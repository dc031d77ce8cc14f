"""`mag restore`: the code and the config of an experiment, as a work tree to work in."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mag.cli.messages import say
from mag.cli.output import escape, note, write_bytes
from mag.cli.references import EXPERIMENT_ARGUMENT, STORE_OPTION, find_experiment
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.code.repository import Repository
    from mag.record.store import StoredExperiment

HELP = """Bring back the code of an experiment, uncommitted changes included, and its config, in a directory.

\b
  mag restore '10|0.01'               beside its work tree, as NAME-10|0.01
  mag restore '10|0.01' ../old        there
  cd "$(mag restore '10|0.01')"

The directory is a linked git work tree, detached at the commit that holds the code (`git switch -c NAME` makes it a
branch; `git worktree remove DIR` removes it). The config is in mag-config.json there; values that were masked when it
was recorded stay masked. Prints the directory.

Exit status: 0, 2 if the code was not recorded, 4 if there is no such experiment.
"""

CONFIG_FILE = "mag-config.json"


@click.command(help=HELP, short_help="Bring back the code and config of an experiment.")
@EXPERIMENT_ARGUMENT
@click.argument("target", required=False, metavar="[DIR]")
@STORE_OPTION
def command(*, reference: str, target: str | None, directory: str | None) -> None:
    """Check out, write the config, print where."""
    from mag.code.checkouts import check_out
    from mag.sweeps.recorded_code import open_code, require_code

    experiment = find_experiment(reference, directory)
    code = require_code(experiment, "what it ran is not kept anywhere", note)
    with open_code(experiment, code) as repository:
        place = Path(os.path.abspath(target or _choose_place(experiment, repository)))
        if os.path.lexists(place) and not (place.is_dir() and not any(place.iterdir())):
            raise UsageError(f"{place} is there already: name another directory.")
        for one in check_out(repository, code, place):
            note(f"missing in the code: {one.path} ({one.reason})")
    _write_config(experiment, place)
    write_bytes(os.fsencode(place) + b"\n")
    _advise(experiment, place)


def _choose_place(experiment: "StoredExperiment", repository: "Repository") -> Path:
    """Return a directory beside the work tree; in the current one if the code came with `mag import`."""
    name = f"{repository.top.name}-{experiment.name}"
    own = Path(experiment.paths.home.code).resolve()
    return Path(name) if repository.top.resolve() == own else repository.top.with_name(name)


def _write_config(experiment: "StoredExperiment", place: Path) -> None:
    from mag.disk.values import dump_json, encode_config

    (place / CONFIG_FILE).write_bytes(dump_json(encode_config(experiment.config), sort=True))


def _advise(experiment: "StoredExperiment", place: Path) -> None:
    """Print the command that runs it here."""
    from mag.code.checkouts import transfer
    from mag.sweeps.recorded_code import require_record

    record = require_record(experiment)
    top, folder = record.commit.get("top"), place
    if isinstance(top, str) and record.directory:
        moved = transfer(record.directory, {Path(top): place})
        folder = moved if moved.is_dir() and moved.is_relative_to(place) else place
    say(f"Next: cd {escape(shlex.quote(str(folder)))} && {escape(shlex.join(record.command))}")
