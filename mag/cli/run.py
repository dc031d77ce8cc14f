"""`mag run`: one experiment, its output also on the terminal."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mag.cli.debugging import DEBUG, choose_examine
from mag.cli.limits import limit_options, read_limits
from mag.cli.messages import say
from mag.cli.project import DIRECTORY, WORDS, Project, open_project
from mag.config.language.lexer import write_word
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.plans.plan import Plan
    from mag.run.servers import AppServer
    from mag.sweeps.execution import Report

HELP = """Run one experiment, its output also on the terminal.

\b
  mag run C=10 gamma=0.01
  mag run model=mlp +model.dropout=0.1    + adds a key that the config does not have
  mag run train.py C=10                   of another app than the project's
  python train.py C=10                    the same

  mag run C=10 --debug                    in this process: breakpoint() works, and pdb opens where it fails

An experiment that is complete is not run again without --force. Its output is in its log, too: `mag log NAME`.

Exit status: 0 completed, 1 failed, 2 nothing was started, 130 interrupted.
"""


@click.command(help=HELP, short_help="Run one experiment.")
@WORDS
@click.option(
    "--force",
    is_flag=True,
    help="Run it again if it is complete; its record, log and results are set aside, other files stay.",
)
@limit_options
@DEBUG
@click.option("-q", "--quiet", is_flag=True, help="Only its output.")
@DIRECTORY
@click.pass_obj
def command(known: dict[str, Any], /, words: tuple[str, ...], directory: str | None, **options: Any) -> int:
    """Plan one experiment and execute it."""
    from mag.run.servers import open_server

    project = open_project(known, words, directory)
    known["debug"] = options["debug"] or known.get("debug", False)
    examine = choose_examine(known)
    with open_server(partial(project.app.load, debug=known["debug"]), examine) as server:
        plan = _plan(project, words, server, debug=known["debug"], quiet=options["quiet"])
        return _execute(project, plan, server, options, directory, in_process=examine is not None)


def _plan(project: Project, words: Sequence[str], server: "AppServer", *, debug: bool, quiet: bool) -> "Plan":
    from mag.cli.advice import check_spaces, tell_doubts
    from mag.plans.plan import make_plan

    overrides = project.parse()
    if swept := [override.text for override in overrides if override.is_sweep]:
        raise UsageError(
            f"{swept[0]!r} has several values, and `mag run` runs one experiment: type mag sweep "
            f"{' '.join(map(write_word, words))} (or python {project.app.file.name} -m ...), or quote the value if its "
            f"comma is part of it."
        )
    composer = project.app.compose_typed(debug=debug)
    check_spaces(project, composer, overrides)
    plan = make_plan(overrides, composer, project.store, project.settings, prepare=server.prepare)
    if not quiet:
        tell_doubts(project, composer, overrides)
    return plan


def _execute(
    project: Project,
    plan: "Plan",
    server: "AppServer",
    options: dict[str, Any],
    directory: str | None,
    *,
    in_process: bool,
) -> int:
    from mag.cli.mirror import Mirror
    from mag.cli.progress import describe_outcome
    from mag.cli.report import list_remarks
    from mag.sweeps.execution import Observer, Order, execute

    order = Order(
        app=project.app.name,
        settings=project.settings,
        source=project.app.file.parent,
        overrides=project.texts,
        jobs=1,
        force=options["force"],
        manifest=False,
        in_process=in_process,
        **read_limits(options),
    )
    mirror = Mirror(quiet=options["quiet"])
    observer = Observer() if order.in_process else mirror
    try:
        report = execute(plan, order, server, observer)
    finally:
        mirror.close()
    if not options["quiet"]:
        if report.last is not None:
            say(describe_outcome(report.last))
        for line in list_remarks(report):
            say(line)
        say(_advise(report, directory))
    return report.exit_code


def _advise(report: "Report", directory: str | None) -> str:
    import shlex

    from mag.cli.output import escape
    from mag.cli.references import lead_to

    root = report.plan.store.root
    name = escape(shlex.quote(report.last.name if report.last else report.plan[0].identifier))
    there = lead_to(root, directory)
    if report.last is None:
        return f"{name} is done already, nothing to run.\nNext: mag show {name}{there}  (or --force, to run it again)"
    folder = escape(shlex.quote(str(Path(root, report.last.name))))
    return f"Next: mag show {name}{there}  (all of it is in {folder})"
