"""`mag failures`: what broke, where, and how to run it again."""

from collections.abc import Sequence

import click

from mag.cli.output import escape, note, write_json, write_lines
from mag.cli.references import JSON_OPTION, STORE_OPTION, repeat
from mag.cli.selection import FILTERS_ARGUMENT, select, tell_corrupt
from mag.cli.wording import count_experiments
from mag.compare.failures import FailureGroup, group_failures
from mag.config.secrets import MASK
from mag.record.store import StoredExperiment

HELP = """Group the experiments that did not complete by what broke and where.

\b
  mag failures             all of them
  mag failures model=mlp   those that match a filter, as in `mag ls`

Each group shows how many there are, the last line of one log, and the command that runs exactly these again.

Exit status: 0 if nothing failed, 1 if something did.
"""

_MOST_NAMES = 5


@click.command(help=HELP, short_help="Group failed experiments by what broke.")
@FILTERS_ARGUMENT
@JSON_OPTION
@STORE_OPTION
def command(*, filters: tuple[str, ...], as_json: bool, directory: str | None) -> int:
    """Read, group, show."""
    rows = select(filters, directory).rows
    groups = group_failures(row.experiment for row in rows)
    if as_json:
        write_json([_describe(group) for group in groups])
    elif not groups:
        note(f"nothing failed among {count_experiments(len(rows))}")
    else:
        write_lines("\n\n".join(_draw(group) for group in groups).splitlines())
    return 1 if tell_corrupt(rows) or groups else 0


def _draw(group: FailureGroup) -> str:
    names = [experiment.name for experiment in group.experiments]
    shown = ", ".join(map(escape, names[:_MOST_NAMES])) + (
        f" and {len(names) - _MOST_NAMES} more" if names[_MOST_NAMES:] else ""
    )
    place = f" at {escape(group.where)}" if group.where else ""
    lines = [f"{count_experiments(len(names))} {group.status}: {escape(group.kind)}{place}"]
    lines += [f"  said   {escape(group.message)}"] if group.message else []
    lines += [f"  log    {escape(group.tail)}"] if group.tail else []
    lines += [f"  which  {shown}"]
    commands = find_commands(group) or ["(not known, or a value in it was masked: type its command as you did)"]
    lines += [f"  again  {line}" for line in commands]
    return "\n".join(lines)


def find_commands(group: FailureGroup) -> list[str]:
    """Return the commands that run the experiments of a group again: those that ran them, narrowed to them.

    A command with a masked value is left out: it would run something else.
    """
    commands: dict[tuple[str | None, tuple[str, ...]], list[StoredExperiment]] = {}
    for experiment in group.experiments:
        record = experiment.record
        if record and record.command and MASK not in " ".join(record.command):
            commands.setdefault((record.directory, record.command), []).append(experiment)
    return [_narrow(experiments) for experiments in commands.values()]


def _narrow(experiments: Sequence[StoredExperiment]) -> str:
    record = experiments[0].record
    assert record is not None
    command = record.command
    is_sweep = command[:2] == ("mag", "sweep") or "-m" in command or "--multirun" in command
    only = [part for experiment in experiments for part in ("--only", experiment.name)] if is_sweep else []
    return escape(repeat(record, *only))


def _describe(group: FailureGroup) -> dict[str, object]:
    return {
        "status": group.status,
        "kind": group.kind,
        "where": group.where,
        "message": group.message,
        "log": group.tail,
        "experiments": [experiment.name for experiment in group.experiments],
        "commands": find_commands(group),
    }
