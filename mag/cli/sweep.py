"""`mag sweep`: every combination, each in a process and a directory of its own."""

from typing import TYPE_CHECKING, Any

import click

from mag.cli.launchers import engine_options, read_engine
from mag.cli.messages import say
from mag.cli.options import (
    DEBUG,
    ENV,
    START_METHOD,
    check_debug,
    choose_examine,
    gpu_options,
    limit_options,
    read_env,
    read_gpus,
    read_limits,
    read_retry,
    read_sweep_options,
    sweep_options,
)
from mag.cli.project import DIRECTORY, RESULT, app_words, open_project
from mag.cli.spaces import read_pruner, read_shaping, shape_options
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.sweeps.observer import Observer
    from mag.sweeps.report import Report
    from mag.sweeps.request import SweepRequest

HELP = """Run every combination of the values given, in parallel.

Each experiment gets a process, a directory (experiments/10|0.01), a log and a record of its own. One that fails costs
only itself. Run the same command again and it runs what is not complete; add a value and it runs only what is new.

\b
  mag sweep C=1,10 gamma=0.01,0.1       4 experiments
  mag sweep C=1,10 -n                   show them, run nothing
  mag sweep model=svm,mlp seed='range(5)' -j 4
  mag sweep 'model=glob(*)'             every option of the group model
  mag sweep train.py C=1,10             another app than the project's
  mag sweep lr=0.1,0.2 -- ./sim.sh --lr {lr}      of any program: mag help programs

\b
  mag sweep C=1,10 gamma=0.1,0.01 --zip C,gamma         2 experiments: both advance together
  mag sweep C=1,10 gamma=0.1,0.01 --where 'C*gamma<1'   where a condition holds
  mag sweep 'lr=log(1e-5,1e-1)' 'drop=interval(0,0.5)' --sample 50   drawn from ranges
  mag sweep 'lr=log(1e-5,1e-1)' --trials 50 --metric accuracy --direction max   searched: mag help search
  mag sweep --space small,large seed=1,2                spaces/small.yaml and spaces/large.yaml
  mag sweep --points trials.csv                         a header of keys, then a point in each row

All combinations are composed before the first one starts: a mistake costs exit status 2 and leaves nothing behind.
Ctrl-C stops what runs, within the grace period; a second Ctrl-C stops it at once.

The guides: `mag help sweeps` (which combinations, again, space files), overrides (what a value may be), conditions
(--where, --exclude, --stop-if), limits (and failures), gpus, checkpoints, programs.

Exit status: 0 all done, 1 some failed or --then did, 2 nothing was started, 130 interrupted.
"""


@click.command(help=HELP, short_help="Run every combination.")
@app_words
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="How many run at a time; as many as there are CPUs.")
@click.option("-m", "--multirun", is_flag=True, hidden=True, expose_value=False, help="Hydra's name for this command.")
@click.option("-n", "--dry-run", is_flag=True, help="Show names and states, run nothing.")
@click.option(
    "--force",
    is_flag=True,
    help="Run completed ones again, from an empty directory; the old files are set aside.",
)
@click.option(
    "--retry",
    metavar="STATUSES",
    callback=lambda _context, _option, text: read_retry(text),
    help="Which to try again: failed,timeout (or none, accepted). If left out: all but accepted ones.",
)
@click.option("--clean", is_flag=True, help="Try failed ones again from an empty directory, too.")
@shape_options
@click.option(
    "--pruner", metavar="NAME", help="Stop what does badly, if it asks: median, halving. See mag help search."
)
@sweep_options
@limit_options
@ENV
@START_METHOD
@gpu_options
@engine_options
@DEBUG
@click.option("--snapshot", is_flag=True, help="Run from a frozen copy of the code; editing it changes nothing.")
@click.option(
    "--link",
    "links",
    multiple=True,
    metavar="PATH",
    help="With --snapshot: link a path that git ignores into the copy.",
)
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: the plan as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print failures only.")
@RESULT
@DIRECTORY
@click.pass_obj
def command(known: dict[str, Any], /, words: tuple[str, ...], directory: str | None, **options: Any) -> int:
    """Read the request, show its plan or execute it, say what came of it."""
    from mag.cli.progress import choose_progress, conclude
    from mag.sweeps.execution import execute

    request = _read_request(known, words, directory, options)
    progress = choose_progress(quiet=options["quiet"], live=not request.in_process)
    if options["dry_run"]:
        return _show_plan(request, progress, as_json=options["as_json"])
    try:
        report = execute(request, progress)
    finally:
        progress.close()
    if not options["quiet"]:
        say(conclude(report, directory))
    followed = _follow_up(options["then"], report)
    return report.exit_code or int(not followed)


def _read_request(
    known: dict[str, Any], words: tuple[str, ...], directory: str | None, options: dict[str, Any]
) -> "SweepRequest":
    from mag.sweeps.request import SweepRequest

    if options["as_json"] and not options["dry_run"]:
        raise UsageError("--json only prints a plan: add --dry-run, or leave --json out.")
    if options["links"] and not options["snapshot"]:
        raise UsageError("--link goes with --snapshot: without it the sweep runs where the files are.")
    known["debug"] = options["debug"] or known.get("debug", False)
    check_debug(options)
    project = open_project(known, words, directory)
    engine = read_engine(options, project.settings)
    return SweepRequest(
        app=project.app,
        settings=project.settings,
        store=project.store,
        source=project.app.file.parent,
        overrides=project.texts,
        shaping=read_shaping(options),
        only=options["only"],
        jobs=options["jobs"],
        force=options["force"],
        clean=options["clean"],
        retry=options["retry"],
        frozen=options["snapshot"],
        env={**read_env(options["env"]), **read_pruner(options)},
        gpus=read_gpus(options) if engine is None else None,
        engine=engine,
        live=options["live"],
        start_method=options["start_method"],
        links=options["links"],
        debug=known["debug"],
        examine=choose_examine(known),
        **read_sweep_options(options),
        **read_limits(options),
    )


def _show_plan(request: "SweepRequest", observer: "Observer", *, as_json: bool) -> int:
    from mag.cli.progress import show_plan
    from mag.sweeps.forerunners import list_forerunners
    from mag.sweeps.ownership import check_owners

    plan = request.preview(observer)
    show_plan(plan, as_json=as_json, secrets=request.settings.secrets)
    for line in (*plan.remarks, *list_forerunners(plan, request.app.name, request.settings)):
        observer.remark(line)
    check_owners(plan.experiments, request.app.name, request.settings)
    return 0


def _follow_up(command: str | None, report: "Report") -> bool:
    """Run the command of `--then` if everything completed; return whether it succeeded, and note if not."""
    missing = report.counts["unstarted"] + report.counts["interrupted"]
    if command is None or report.signal:
        return True
    import shlex
    import subprocess

    from mag.cli.output import note

    if missing:
        note(f"--then {shlex.quote(command)} was not run: {missing} of the experiments were stopped or not started")
        return False
    code = subprocess.run(command, shell=True, check=False).returncode  # noqa: S602  (typed for a shell, by the user)
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"failed with exit status {code}"
        note(f"--then {shlex.quote(command)} {how}")
    return code == 0
