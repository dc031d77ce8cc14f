"""`mag show` and `mag path`: everything about one experiment, or just its directory."""

import os
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

import click

from mag.cli.charts import can_draw, draw_curve, draw_line
from mag.cli.messages import say
from mag.cli.output import Screen, escape, find_screen, write_bytes, write_json, write_lines
from mag.cli.references import EXPERIMENT_ARGUMENT, JSON_OPTION, STORE_OPTION, find_experiment, refer, repeat
from mag.cli.wording import describe_signal, format_duration, format_moment, format_size
from mag.compare.curves import Curve
from mag.compare.description import describe, describe_curves, list_attempts, list_files, read_tail
from mag.compare.rows import Row, format_numbers, format_value, is_number, read_rows
from mag.record.records import Record
from mag.record.store import StoredExperiment

HELP = """Show everything about one experiment: its status and why, results, config, how it ran, its files.

\b
  mag show '10|0.01'
  mag show 3a7013                          by the beginning of its identity
  mag show 'experiments/10|0.01' --json    by its path, as data
  mag show '10|0.01' --json | jq .results.accuracy

EXPERIMENT is a name as `mag ls` shows it, the beginning of an identity (4 characters or more), or a path.
The sections go to standard output; suggested commands go to standard error.

Exit status: 0, or 4 if there is no such experiment.
"""

_LOG_LINES = 10
_MOST_FILES = 50
_CHART_WIDTH, _CHART_HEIGHT = 48, 3
_FEWEST_POINTS = 3
_QUIET_ENDINGS = frozenset({"completed", "running"})

Pairs = Iterable[tuple[str, str | None]]


@click.command(help=HELP, short_help="Show one experiment.")
@EXPERIMENT_ARGUMENT
@JSON_OPTION
@STORE_OPTION
def command(reference: str, as_json: bool, directory: str | None) -> None:
    """Find it, show it."""
    experiment = find_experiment(reference, directory)
    (row,) = read_rows([experiment])
    if as_json:
        files = [{"name": file.name, "bytes": file.size} for file in list_files(experiment)]
        attempts, metrics = list_attempts(experiment), describe_curves(row)
        write_json({**describe(row), "metrics": metrics, "attempts": attempts, "files": files})
        return
    write_lines(draw(row, find_screen()))
    for line in advise(experiment, refer(experiment, directory)):
        say(line)


def draw(row: Row, screen: Screen) -> Iterator[str]:
    """Yield the lines that show an experiment, escaped."""
    experiment, record = row.experiment, row.experiment.record
    sections: list[tuple[str, Iterable[str]]] = [("", _tell_standing(experiment, screen))]
    if record is not None:
        sections += [
            ("error", _tell_error(experiment, record)),
            ("notes", _align(_tell_notes(experiment))),
            ("results", _align((key, format_value(value)) for key, value in row.results.items())),
            ("left out", map(escape, record.left_out)),
            ("metrics", _draw_metrics(row, screen)),
            ("config", _list_config(row, record)),
            ("how it ran", _align(_tell_circumstances(record))),
            ("earlier attempts", _align(_tell_attempts(experiment))),
        ]
    sections.append(("files", _align(_tell_files(experiment, screen))))
    yield screen.paint(escape(experiment.name), "bold")
    for title, section in sections:
        lines = list(section)
        if lines and title:
            yield ""
            yield screen.paint(title, "bold")
        yield from (f"  {line}" for line in lines)


def _tell_notes(experiment: StoredExperiment) -> Pairs:
    notes = experiment.notes
    return [
        ("tags", ", ".join(notes.tags) or None),
        ("note", notes.note),
        ("accepted", experiment.accepted),
    ]


def _align(pairs: Pairs) -> list[str]:
    known = [(escape(label), escape(text)) for label, text in pairs if text is not None]
    width = max((len(label) for label, _ in known), default=0)
    return [f"{label:<{width}}  {text}".rstrip() for label, text in known]


def _tell_standing(experiment: StoredExperiment, screen: Screen) -> list[str]:
    record, path = experiment.record, os.path.abspath(experiment.paths.directory)
    if record is None:
        pairs: Pairs = [("status", experiment.status), ("problem", experiment.problem), ("path", path)]
    else:
        took = f" after {format_duration(record.seconds)}" if record.seconds is not None else ""
        again = f", attempt {record.attempt}" if record.attempt > 1 else ""
        pairs = [("status", f"{experiment.status}{took}{again}"), ("identity", record.identity), ("path", path)]
    first, *rest = _align(pairs)
    return [first.replace(experiment.status, screen.paint_status(experiment.status), 1), *rest]


def _tell_error(experiment: StoredExperiment, record: Record) -> Iterator[str]:
    if record.error is not None:
        yield from map(escape, _word_error(record.error))
        if where := record.error.get("where"):
            yield escape(f"at {where}")
    elif experiment.status == "lost":
        yield "its processes are gone, and left no word of how it ended: the machine went down, or all were killed"
    if experiment.status not in _QUIET_ENDINGS and (tail := read_tail(experiment, _LOG_LINES)):
        yield "the log ends with"
        yield from (f"  {escape(line)}" for line in tail)


def _word_error(error: dict[str, Any]) -> list[str]:
    return f"{error.get('type')}: {error.get('message') or ''}".rstrip(": \n").splitlines()


def _draw_metrics(row: Row, screen: Screen) -> Iterator[str]:
    """Yield a line for each metric, and on a terminal a chart of it."""
    width = max(map(len, map(escape, row.curves)), default=0)
    for name, curve in row.curves.items():
        numbers = curve.numbers
        yield f"{escape(name):<{width}}  {escape(_describe_curve(curve))}"
        if screen.width is None or len({value for _, value in numbers}) < _FEWEST_POINTS:
            continue
        room = max(8, min(_CHART_WIDTH, screen.width - width - 6))
        if can_draw():
            yield from (f"{'':<{width}}  {line}" for line in draw_curve(numbers, room, _CHART_HEIGHT))
        else:
            yield f"{'':<{width}}  {draw_line([value for _, value in numbers], room, fancy=False)}"


def _describe_curve(curve: Curve) -> str:
    last, low, high = (curve.ask(aspect) for aspect in ("", "min", "max"))
    shown = format_numbers([last, low, high]) if is_number(last) else [format_value(last)]
    at = f"{shown[0]} at step {format_value(curve.ask('step'))}"
    if low is None or high is None or len(shown) == 1 or len(curve.values) == 1:
        return at
    places = (format_value(curve.ask(f"{end}_step")) for end in ("min", "max"))
    return f"{at}, lowest {shown[1]} at {next(places)}, highest {shown[2]} at {next(places)}"


def _list_config(row: Row, record: Record) -> list[str]:
    from mag.config.documents.scalars import format_yaml

    try:
        return [escape(line) for line in format_yaml(record.config).splitlines()]
    except (ValueError, RecursionError):  # text that is no Unicode; what mag wrote never is
        return [escape(f"{key}: {format_value(value)}") for key, value in row.config.items()]


def _tell_circumstances(record: Record) -> Iterator[tuple[str, str | None]]:
    ending, host, versions = record.exit, record.host, record.versions
    yield "command", shlex.join(record.command) or None
    yield "overrides", shlex.join(record.overrides) or None
    yield "app", record.app
    yield "sweep", record.sweep
    yield "directory", record.directory
    yield "commit", _tell_commit(record.commit)
    yield "remote", _optional(record.commit.get("remote"))
    yield "snapshot", _optional(record.commit.get("snapshot"))
    yield "left out", ", ".join(_list_omissions(record.commit)) or None
    yield "changed", ", ".join(map(str, record.commit.get("changed") or ())) or None
    yield "host", f"{host['name']}, process {host.get('pid')}" if "name" in host else None
    yield "versions", ", ".join(f"{name} {version}" for name, version in versions.items()) or None
    yield "env", shlex.join(f"{name}={value}" for name, value in (record.environment.get("env") or {}).items()) or None
    yield "random seed", _optional(record.random.get("seed"))
    yield "started", format_moment(record.started) if record.started else None
    yield "ended", format_moment(record.ended) if record.ended else None
    yield "took", format_duration(record.seconds) if record.seconds is not None else None
    yield "CPU", format_duration(ending.get("cpu_seconds"))
    yield "memory", f"{format_size(peak)} at most" if (peak := ending.get("peak_memory_bytes")) is not None else None
    yield "exit code", _optional(ending.get("code"))
    yield "signal", describe_signal(number) if (number := ending.get("signal")) is not None else None


def _optional(value: Any) -> str | None:
    return None if value is None else format_value(value)


def _tell_commit(commit: dict[str, Any]) -> str | None:
    if not commit:
        return None
    if commit.get("hash") is None:
        return f"none: {commit.get('reason') or 'no reason was recorded'}"
    branch = f" on {commit['branch']}" if commit.get("branch") else ""
    return f"{commit['hash']}{branch}{', with changes that are not committed' if commit.get('dirty') else ''}"


def _tell_attempts(experiment: StoredExperiment) -> Iterator[tuple[str, str | None]]:
    for attempt in list_attempts(experiment):
        took = f" after {format_duration(attempt['seconds'])}" if attempt["seconds"] is not None else ""
        error = attempt["error"]
        why = f", {_word_error(error)[0]}" if isinstance(error, dict) else ""
        yield str(attempt["number"]), f"{attempt['status']}{took}{why}"


def _list_omissions(commit: dict[str, Any]) -> Iterator[str]:
    for one in commit.get("not_captured") or ():
        if isinstance(one, dict):
            yield f"{one.get('path')} ({one.get('reason')})"


def _tell_files(experiment: StoredExperiment, screen: Screen) -> Iterator[tuple[str, str | None]]:
    files = list_files(experiment)
    shown = files if screen.width is None else files[:_MOST_FILES]
    for file in shown:
        yield (file.name, "") if file.size is None else (file.name, format_size(file.size))
    if len(shown) < len(files):
        yield f"... and {len(files) - len(shown)} more", ""


def advise(experiment: StoredExperiment, reference: str) -> Iterator[str]:
    """Yield the commands to type next, escaped."""
    name, record = escape(reference), experiment.record
    pairs = [(f"mag log {name}{' -f' if experiment.status == 'running' else ''}", "everything it printed")]
    pairs.append((f'cd "$(mag path {name})"', "its files"))
    if record and experiment.status not in _QUIET_ENDINGS and record.command and "***" not in " ".join(record.command):
        pairs.append((escape(repeat(record)), "try again"))
    width = max(len(text) for text, _ in pairs)
    yield ""
    yield from (f"Next: {text:<{width}}  {purpose}" for text, purpose in pairs)


PATH_HELP = """Print the absolute path of an experiment's directory, and nothing else.

\b
  cd "$(mag path '10|0.01')"
  ls "$(mag path 3a7013)"/checkpoints
  mag ls -q status=failed | while read -r name; do du -sh "$(mag path "$name")"; done

EXPERIMENT is a name as `mag ls` shows it, the beginning of an identity (4 characters or more), or a path.

Exit status: 0, or 4 if there is no such experiment.
"""


@click.command(help=PATH_HELP, short_help="Print the directory of an experiment.")
@EXPERIMENT_ARGUMENT
@STORE_OPTION
def path_command(reference: str, directory: str | None) -> None:
    """Find it, print it."""
    path = os.path.abspath(find_experiment(reference, directory).paths.directory)
    if find_screen().width is None:
        write_bytes(os.fsencode(path) + b"\n")
    else:
        write_lines([escape(path)])
