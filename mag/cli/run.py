"""`mag run`: one experiment, its output also on the terminal."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mag.cli.messages import say, silence
from mag.cli.options import (
    DEBUG,
    ENV,
    START_METHOD,
    choose_examine,
    gpu_options,
    limit_options,
    read_env,
    read_gpus,
    read_limits,
)
from mag.cli.output import escape
from mag.cli.progress import PlainProgress, count_remarks, describe_outcome
from mag.cli.project import DIRECTORY, RESULT, app_words, open_project
from mag.cli.references import lead_to
from mag.errors import UsageError
from mag.record.log import LogFollower

if TYPE_CHECKING:
    from mag.plans.plan import Plan, PlannedExperiment
    from mag.run.tasks import Outcome
    from mag.sweeps.observer import Question
    from mag.sweeps.report import Report, Tracker

HELP = """Run one experiment and show its output on the terminal.

\b
  mag run C=10 gamma=0.01
  mag run model=mlp +model.dropout=0.1    + adds a key that the config does not have
  mag run train.py C=10                   another app than the project's
  mag run lr=0.1 -- ./sim.sh --lr {lr}    any program: mag help programs
  python train.py C=10                    the same as mag run train.py C=10

  mag run C=10 --debug                    in this process: breakpoint() works, and pdb opens where it fails

A completed experiment runs again only with --force. Its output is also in its log: `mag log NAME`.

Exit status: 0 completed, 1 failed, 2 nothing was started, 130 interrupted.
"""


@click.command(help=HELP, short_help="Run one experiment.")
@app_words
@click.option(
    "--force",
    is_flag=True,
    help="Run it again if it is complete, from an empty directory; the old files are set aside.",
)
@click.option("--clean", is_flag=True, help="If it failed, try it again from an empty directory.")
@limit_options
@ENV
@START_METHOD
@gpu_options
@DEBUG
@click.option("-q", "--quiet", is_flag=True, help="Print only its output.")
@RESULT
@DIRECTORY
@click.pass_obj
def command(known: dict[str, Any], /, words: tuple[str, ...], directory: str | None, **options: Any) -> int:
    """Read the request, execute it, say what came of it."""
    from mag.sweeps.execution import execute
    from mag.sweeps.request import SweepRequest

    project = open_project(known, words, directory)
    known["debug"] = options["debug"] or known.get("debug", False)
    request = SweepRequest(
        app=project.app,
        settings=project.settings,
        store=project.store,
        source=project.app.file.parent,
        overrides=project.texts,
        jobs=1,
        force=options["force"],
        clean=options["clean"],
        manifest=False,
        env=read_env(options["env"]),
        gpus=read_gpus(options),
        start_method=options["start_method"],
        debug=known["debug"],
        examine=choose_examine(known),
        **read_limits(options),
    )
    output = Output(words, project.app.file.name, follow=not request.in_process, quiet=options["quiet"])
    try:
        report = execute(request, output)
    finally:
        output.close()
    if not options["quiet"]:
        _conclude(report, directory)
    return report.exit_code


class Output(PlainProgress):
    """What the one experiment of `mag run` prints, byte for byte."""

    _follower: LogFollower | None = None

    def __init__(self, words: Sequence[str], script: str, *, follow: bool, quiet: bool) -> None:
        self._words = words
        self._script = script
        self._follow = follow
        self._quiet = quiet

    def check(self, question: "Question") -> None:
        """Refuse several values."""
        from mag.config.language.lexer import write_word

        if swept := [override.text for override in question.overrides if override.is_sweep]:
            raise UsageError(
                f"{swept[0]!r} has several values, and `mag run` runs one experiment: type mag sweep "
                f"{' '.join(map(write_word, self._words))} (or python {self._script} -m ...), or "
                f"quote the value if its comma is part of it."
            )
        super().check(question)

    def planned(self, question: "Question") -> None:
        """Note what was probably not intended."""
        if not self._quiet:
            super().planned(question)

    def remark(self, line: str) -> None:
        """Note what users should know before it starts."""
        if not self._quiet:
            super().remark(line)

    def begin(self, plan: "Plan", todo: "Sequence[PlannedExperiment]", tracker: "Tracker") -> None:  # noqa: ARG002
        """Follow its log."""
        if not self._follow:
            return
        sys.stdout.flush()
        self._follower = LogFollower(plan.store.experiment(todo[0].identifier).log, _show, fresh=True)
        self._follower.start()

    def end(self, outcome: "Outcome") -> None:  # noqa: ARG002
        """Show the rest."""
        self.close()

    def interrupt(self, number: int) -> None:  # noqa: ARG002
        """Say that it is being stopped, and how to make it quicker."""
        self._interrupted += 1
        first = "stopping: it has the grace period to end (Ctrl-C again: at once)"
        say(first if self._interrupted == 1 else "stopping at once")

    def close(self) -> None:
        """Show the rest and end."""
        if self._follower is not None:
            self._follower.stop()
            self._follower = None


def _show(chunk: bytes) -> None:
    try:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # nobody reads any more; the log has it all
        silence(1)
    except OSError as error:
        silence(1)
        say(f"mag: cannot write to standard output: {error.strerror}; the log has it all")


def _conclude(report: "Report", directory: str | None) -> None:
    if report.last is not None:
        say(describe_outcome(report.last))
    for line in count_remarks(report):
        say(line)
    say(_advise(report, directory))


def _advise(report: "Report", directory: str | None) -> str:
    root = report.plan.store.root
    name = escape(shlex.quote(report.last.name if report.last else report.plan[0].identifier))
    there = lead_to(root, directory)
    if report.last is None:
        return f"{name} is done already, nothing to run.\nNext: mag show {name}{there}  (or --force, to run it again)"
    folder = escape(shlex.quote(str(Path(root, report.last.name))))
    return f"Next: mag show {name}{there}  (all of it is in {folder})"
