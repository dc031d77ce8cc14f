"""`mag rerun`: an experiment once more, with its own code and config; do the results agree?"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from mag.cli.messages import say
from mag.cli.options import ENV, read_env
from mag.cli.output import escape, note, write_json
from mag.cli.references import EXPERIMENT_ARGUMENT, JSON_OPTION, STORE_OPTION, find_experiment, refer
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.record.records import Record
    from mag.record.store import StoredExperiment
    from mag.sweeps.report import Report
    from mag.sweeps.reruns import RerunRequest

HELP = """Run an experiment again, with its own code, config and app, and say whether the results agree.

Its code, uncommitted changes included, is checked out into a clean temporary work tree; its config is the stored one,
whatever the YAML says today. The rerun is kept in .mag/reruns/1 (2, 3, ...) of its directory; nothing else changes.

\b
  mag rerun '10|0.01'
  mag rerun '10|0.01' --tolerance 1e-6     numbers may differ by that much, relatively
  mag rerun '10|0.01' --ignore '*seconds'  results that do not count
  mag rerun '10|0.01' --here               with today's code instead
  mag rerun '10|0.01' --link data          use a directory that git ignores
  mag rerun '10|0.01' --times 3            three times: does it repeat at all?
  mag rerun '10|0.01' C=100                a new experiment: what its command with C=100 would have run

If a script made the experiment with Experiment(...) or mag.sweep(...), the script runs again until it has made this
one; other experiments that it makes on the way are thrown away.

If the results differ, mag says what is the same, what differs and what is not known of code, environment, host and
seeds (`mag help reproduction`).

Exit status: 0 if they agree, 1 if not, 2 if it could not run, 4 if there is no such experiment.
"""


@click.command(help=HELP, short_help="Run an experiment again, from its record.")
@EXPERIMENT_ARGUMENT
@click.argument("overrides", nargs=-1, metavar="[OVERRIDES]...")
@click.option("--here", is_flag=True, help="Run today's code, not the recorded one.")
@click.option(
    "--tolerance", type=click.FloatRange(min=0), default=0.0, help="How much numbers may differ, relatively (0)."
)
@click.option("--ignore", multiple=True, metavar="KEY", help="Do not compare this result; * stands for anything.")
@click.option("--times", type=click.IntRange(min=1), default=1, help="Run it N times: does it repeat at all? (1)")
@click.option(
    "--link", "links", multiple=True, metavar="PATH", help="Link a path that is not in the recorded code; repeatable."
)
@ENV
@click.option("-y", "--yes", is_flag=True, help="Run it even if another user wrote its record.")
@JSON_OPTION
@STORE_OPTION
@click.pass_obj
def command(known: dict[str, Any], /, reference: str, overrides: tuple[str, ...], **options: Any) -> int:
    """Read the request, execute it, say whether the results agree."""
    from mag.code.environment import read_hash_seed
    from mag.sweeps.execution import execute
    from mag.sweeps.observer import Observer
    from mag.sweeps.recorded_code import require_record
    from mag.sweeps.reruns import RerunRequest

    class Warner(Observer):
        """Says what the code lacks."""

        def warn(self, text: str) -> None:
            """Note something beside the results."""
            note(text)

    experiment = find_experiment(reference, options["directory"])
    record = require_record(experiment)
    _check_owner(experiment, record, agreed=options["yes"])
    seed = record.environment.get("hash_seed")
    if isinstance(seed, int) and seed != read_hash_seed():
        return _start_anew(experiment, overrides, options, seed)
    request = RerunRequest(
        experiment=experiment,
        overrides=overrides,
        here=options["here"],
        links=options["links"],
        env=read_env(options["env"]),
        ask=_ask,
        debug=known.get("debug", False),
    )
    reports = []
    for _ in range(options["times"]):
        reports.append(execute(request, Warner()))
        if reports[-1].plan.store == experiment.paths.home:
            return _tell(reports[-1])
        if reports[-1].signal:
            return reports[-1].exit_code
    return _judge(request, reports, options)


def _ask(key: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            f"The value of {key} was masked when it was recorded: give it, as in `mag rerun ... {key}=...`."
        )
    return str(click.prompt(f"{key} (masked when it was recorded)", hide_input=True, err=True))


def _check_owner(experiment: "StoredExperiment", record: "Record", *, agreed: bool) -> None:
    """Running what another user recorded is running that user's code: ask first."""
    owner = os.stat(experiment.paths.record).st_uid
    if agreed or owner == os.getuid():
        return
    what = f"The record of {escape(experiment.name)} belongs to another user, whose code would be run"
    if not sys.stdin.isatty():
        raise UsageError(f"{what}: look at `mag show {experiment.name}`, and pass --yes to run it.")
    click.echo(f"{what}: {escape(' '.join(record.command))}", err=True)
    click.confirm("Run it?", abort=True, err=True)


def _start_anew(experiment: "StoredExperiment", overrides: Sequence[str], options: dict[str, Any], seed: int) -> int:
    """Run this command in an interpreter with the recorded seed of string hashes: it cannot be changed later."""
    words = ["--tolerance", repr(options["tolerance"])]
    words += [f"--{name}" for name in ("here", "yes") if options[name]] + ["--json"] * options["as_json"]
    words += [f"--times={options['times']}"] if options["times"] > 1 else []
    words += [f"--ignore={key}" for key in options["ignore"]] + [f"--link={path}" for path in options["links"]]
    words += [f"--env={text}" for text in options["env"]]
    command = [sys.executable, "-m", "mag", "rerun", *words, "--", os.path.abspath(experiment.paths.directory)]
    sys.stdout.flush()
    return subprocess.run(
        [*command, *overrides], env=os.environ | {"PYTHONHASHSEED": str(seed)}, check=False
    ).returncode


def _tell(report: "Report") -> int:
    """Print how a new experiment ended."""
    from mag.record.records import read_record
    from mag.run.supervisor import summarize_error
    from mag.sweeps.reruns import find_rerun

    record = read_record(find_rerun(report))
    say(f"{record.status}   {escape(record.identifier)}")
    if record.error:
        say(escape(summarize_error(record.error)))
    say(f"Next: mag show {escape(shlex.quote(record.identifier))}")
    return report.exit_code


def _judge(request: "RerunRequest", reports: "list[Report]", options: dict[str, Any]) -> int:
    """Compare reruns with their original, and print the verdict."""
    from mag.cli.verdict import is_unrepeatable, judge, show_verdicts
    from mag.record.records import read_record
    from mag.sweeps.recorded_code import read_recorded_tree, suggest_link
    from mag.sweeps.reruns import find_rerun

    experiment, verdicts = request.experiment, []
    first = read_recorded_tree(experiment) if request.here else reports[0].tree
    for report in reports:
        paths, trees = find_rerun(report), (first, report.tree)
        tolerance, ignore = options["tolerance"], options["ignore"]
        verdicts.append(judge(experiment, read_record(paths), paths, trees=trees, tolerance=tolerance, ignore=ignore))
    last = verdicts[-1]
    if options["as_json"]:
        several = {"reruns": [each.describe() for each in verdicts], "repeatable": not is_unrepeatable(verdicts)}
        write_json(last.describe() | (several if verdicts[1:] else {}))
    else:
        show_verdicts(verdicts)
        if not request.here and (missing := suggest_link(experiment, last.after)):
            again = f"mag rerun {refer(experiment, options['directory'])} --link {shlex.quote(missing)}"
            note(f"{missing} is not among the recorded code, and is there: `{escape(again)}` links it")
        say(f"Next: mag diff {escape(refer(experiment, options['directory']))} {escape(shlex.quote(last.path))}")
    return 0 if all(verdict.agrees for verdict in verdicts) else 1
