"""`--debug` of the commands that run something: in this process, with a debugger where an experiment fails."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from mag.errors import UsageError

DEBUG = click.option(
    "--debug",
    is_flag=True,
    help="Run in this process, one at a time, without limits; on a terminal pdb opens at a failure.",
)


def check_debug(options: Mapping[str, Any]) -> None:
    """Refuse what does not go with `--debug`.

    Raises:
        UsageError: Experiments are to run side by side, or from a copy of the code.
    """
    if not options["debug"]:
        return
    if (options["jobs"] or 1) > 1:
        raise UsageError(f"--debug runs one experiment at a time: leave -j {options['jobs']} out.")
    if options["snapshot"]:
        raise UsageError("--debug runs the code where it is: leave --snapshot out.")


def choose_examine(known: Mapping[str, Any]) -> Callable[[BaseException], bool] | None:
    """Return what looks at the failures of experiments in this process; None for processes of their own."""
    if not known["debug"]:
        return None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return lambda _: True  # the traceback has been printed
    from mag.run.debugger import examine

    return examine
