"""`mag rerun`: an experiment once more, with its own code and config; do the results agree?"""

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from mag.cli.messages import say
from mag.cli.output import escape, write_json
from mag.cli.references import EXPERIMENT_ARGUMENT, JSON_OPTION, STORE_OPTION, find_experiment, refer
from mag.errors import ExistsError, UsageError

if TYPE_CHECKING:
    from mag.cli.recall import Place
    from mag.record.records import Record
    from mag.record.store import StoredExperiment
    from mag.sweeps.reruns import Recall

HELP = """Run an experiment once more, with its own code, config and app, and tell whether the results agree.

Its code, uncommitted changes included, is checked out into a clean temporary work tree; its config is the stored one,
whatever the YAML says today. What comes out lies in .mag/reruns/1 (2, 3, ...) of its directory; nothing else changes.

\b
  mag rerun '10|0.01'
  mag rerun '10|0.01' --tolerance 1e-6     numbers may be that far apart, relatively
  mag rerun '10|0.01' --ignore '*seconds'  results that do not count
  mag rerun '10|0.01' --here               with today's code instead
  mag rerun '10|0.01' --link data          with a directory that git ignores
  mag rerun '10|0.01' C=100                a new experiment from the old one's config and code

Of an experiment that a script made with Experiment(...) or mag.sweep(...), the script is run again, until it has made
this one; others that it makes on the way are thrown away.

If the results differ, it says what else does: code, environment, host.

Exit status: 0 if they agree, 1 if not, 2 if it could not be run, 4 if there is no such experiment.
"""


@click.command(help=HELP, short_help="Run an experiment again, from its record.")
@EXPERIMENT_ARGUMENT
@click.argument("overrides", nargs=-1, metavar="[OVERRIDES]...")
@click.option("--here", is_flag=True, help="Run today's code, not the recorded one.")
@click.option("--tolerance", type=click.FloatRange(min=0), default=0.0, help="How far numbers may be apart (0).")
@click.option("--ignore", multiple=True, metavar="KEY", help="A result that does not count; * stands for anything.")
@click.option("--link", "links", multiple=True, metavar="PATH", help="Link what is no part of the code; repeatable.")
@click.option("-y", "--yes", is_flag=True, help="Run it even if another user wrote its record.")
@JSON_OPTION
@STORE_OPTION
@click.pass_obj
def command(known: dict[str, Any], /, reference: str, overrides: tuple[str, ...], **options: Any) -> int:
    """Recall it, run it, compare."""
    from mag.cli.recall import find_here, lend_place, require_record
    from mag.code.environment import read_hash_seed

    experiment = find_experiment(reference, options["directory"])
    record = require_record(experiment)
    _check_owner(experiment, record, agreed=options["yes"])
    seed = record.environment.get("hash_seed")
    if isinstance(seed, int) and seed != read_hash_seed():
        return _start_anew(experiment, overrides, options, seed)
    options["debug"] = known.get("debug", False)
    with contextlib.ExitStack() as stack:
        here = options["here"]
        place = find_here(experiment) if here else stack.enter_context(lend_place(experiment, options["links"]))
        return _run(experiment, place, overrides, options)


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
    words += [f"--ignore={key}" for key in options["ignore"]] + [f"--link={path}" for path in options["links"]]
    command = [sys.executable, "-m", "mag", "rerun", *words, "--", os.path.abspath(experiment.paths.directory)]
    sys.stdout.flush()
    return subprocess.run(
        [*command, *overrides], env=os.environ | {"PYTHONHASHSEED": str(seed)}, check=False
    ).returncode


def _run(experiment: "StoredExperiment", place: "Place", overrides: Sequence[str], options: dict[str, Any]) -> int:
    from mag.cli.recall import fill_in, find_recorded_app, make_loader, require_record
    from mag.config.identity import compute_identity
    from mag.config.language.grammar import parse_overrides
    from mag.sweeps.execution import Observer
    from mag.sweeps.reruns import carry_out, list_masked, select_variables
    from mag.sweeps.scripts import names_script

    record = require_record(experiment)
    if names_script(record):
        return _run_script(experiment, place, overrides, options)
    app = find_recorded_app(experiment, place)
    masked, parsed = list_masked(record.config, place.settings), parse_overrides(overrides)
    config = fill_in(record.config, masked, parsed)
    load = make_loader(app, place, select_variables(record), debug=options["debug"])
    if any(override.key not in masked for override in parsed):
        schemas = app.read_schemas(debug=options["debug"])
        if schemas is not None and schemas.whole is not None:
            config = schemas.whole.convert(config)
        return _run_new(_recall(experiment, place, config, overrides), load)
    if compute_identity(config) != record.identity:
        raise UsageError(f"A masked value of {experiment.name!r} that was given is not the one it ran with.")
    recall = _recall(experiment, place, config)
    return _judge(experiment, place, recall, carry_out(recall, load, Observer()), options)


def _run_script(
    experiment: "StoredExperiment", place: "Place", overrides: Sequence[str], options: dict[str, Any]
) -> int:
    """Run the script again that made the experiment with `Experiment`, until it has made it again."""
    from mag.cli.recall import require_record
    from mag.sweeps.scripts import find_script, repeat_script

    record = require_record(experiment)
    words = find_script(record, place.folder, place.moved)
    if overrides:
        raise UsageError(
            f"The config of {experiment.name!r} is made in {words[0]}, so that {overrides[0]!r} cannot change it: "
            f"`mag restore` brings the script back, to be changed and run."
        )
    recall = _recall(experiment, place, record.config)
    return _judge(experiment, place, recall, repeat_script(recall, record, words, place.folder, place.moved), options)


def _recall(
    experiment: "StoredExperiment", place: "Place", config: dict[str, Any], overrides: Sequence[str] | None = None
) -> "Recall":
    """Return what to run: with overrides a new experiment, without them a rerun beside the original."""
    from mag.cli.recall import require_record
    from mag.config.secrets import mask_command
    from mag.sweeps.reruns import Recall, choose_name, choose_rerun, select_variables

    record, settings = require_record(experiment), place.settings
    home = experiment.paths.home
    if overrides is None:
        store, name = choose_rerun(experiment.paths)
    else:
        store, name = home, choose_name(home, config, settings)
    return Recall(
        app=record.app or "",
        config=config,
        commit=place.commit,
        settings=settings,
        home=home,
        store=store,
        name=name,
        overrides=record.overrides if overrides is None else tuple(mask_command(overrides, settings.secrets)),
        variables=select_variables(record),
    )


def _run_new(recall: "Recall", load: Callable[[], Any]) -> int:
    """Run a new experiment."""
    from mag.record.records import read_record
    from mag.run.supervisor import summarize_error
    from mag.sweeps.execution import Observer
    from mag.sweeps.reruns import carry_out

    quoted = shlex.quote(recall.name)
    with contextlib.suppress(FileNotFoundError):
        if read_record(recall.paths).status == "completed":
            raise ExistsError(f"{recall.name!r} is complete already: `mag rerun {quoted}` runs it again.")
    record, signal = carry_out(recall, load, Observer())
    say(f"{record.status}   {escape(record.identifier)}")
    if record.error:
        say(escape(summarize_error(record.error)))
    say(f"Next: mag show {escape(quoted)}")
    return 128 + signal if signal else int(record.status != "completed")


def _judge(
    experiment: "StoredExperiment",
    place: "Place",
    recall: "Recall",
    ending: "tuple[Record, int | None]",
    options: dict[str, Any],
) -> int:
    """Compare a rerun with its original, and say what came of it."""
    from mag.cli.verdict import judge, show_verdict

    again, signal = ending
    if signal:
        return 128 + signal
    tree = None if options["here"] else place.tree
    verdict = judge(experiment, again, recall.paths, trees=(tree, place.tree), **_pick(options, "tolerance", "ignore"))
    if options["as_json"]:
        write_json(verdict.describe())
    else:
        show_verdict(verdict)
        say(f"Next: mag diff {escape(refer(experiment, options['directory']))} {escape(shlex.quote(verdict.path))}")
    return 0 if verdict.agrees else 1


def _pick(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names}
