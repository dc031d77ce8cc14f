"""`mag import`: an experiment and its code from a file that `mag export --bundle` wrote."""

import contextlib
import os
import shlex
from pathlib import Path

import click

from mag.cli.messages import say
from mag.cli.output import escape, write_bytes
from mag.errors import RepositoryError, UsageError

HELP = """Import an experiment and its code from a file of `mag export --bundle`, or old results of Hydra.

\b
  mag import result.mag
  mag rerun '10|0.01'
  mag import --hydra multirun/2024-05-01/12-00-00

The experiment goes to this project's experiments. Its code goes to the git repository around this directory, only
under refs/mag/, or to .mag/code of the experiments if there is no repository. None of it is run: `mag rerun` does that.
Prints the experiment's directory.

--hydra takes the folder of a Hydra run or multirun: a copy of each output folder in it becomes an experiment, with its
config, overrides, choices and log. Experiments that are there already stay as they are. Hydra keeps neither results nor
how a job ended: a job whose log shows an error is failed, the others are imported, never completed. A sweep runs them
again, and says so; `mag accept status=imported` says that they are done.

Exit status: 0; 2 if it is not such a file, or the experiment is there already; 4 if there is no folder of Hydra.
"""


@click.command(help=HELP, short_help="Import an experiment from a file, or old results of Hydra.")
@click.argument("file", metavar="FILE", required=False)
@click.option("--hydra", "folder", metavar="FOLDER", help="Import the output folders of a Hydra run or multirun.")
@click.option("--dir", "directory", metavar="PATH", help="Directory of the experiments.")
def command(*, file: str | None, folder: str | None, directory: str | None) -> None:
    """Unpack it, keep it."""
    if (file is None) == (folder is None):
        raise UsageError("Name a file that `mag export --bundle` wrote, or --hydra and a folder of Hydra.")
    if folder is not None:
        _take_folders(Path(folder), directory)
    else:
        _take_bundle(Path(str(file)), directory)


def _take_folders(top: Path, directory: str | None) -> None:
    from mag.record.hydra_folders import find_folders, take_folders
    from mag.record.paths import StorePaths
    from mag.settings import find_settings

    cwd = Path.cwd()
    settings = find_settings(cwd)
    store = StorePaths(os.path.abspath(directory or settings.store_root(cwd)))
    counts = {True: 0, False: 0}
    for taken in take_folders(find_folders(top), store, settings):
        counts[taken.is_new] += 1
        if taken.is_new:
            write_bytes(os.fsencode(taken.paths.directory) + b"\n")
    left = f", {counts[False]} there already" if counts[False] else ""
    say(f"{counts[True]} taken{left}. Next: mag ls; if they are done, `mag accept status=imported`")


def _take_bundle(file: Path, directory: str | None) -> None:
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
        paths = read_bundle(file, store, repository)
    write_bytes(os.fsencode(paths.directory) + b"\n")
    say(f"Next: mag rerun {escape(shlex.quote(os.path.basename(paths.directory)))}  (which runs what came with it)")
