"""`mag diff`: how experiments differ."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from mag.cli.output import escape, find_screen, note, write_json, write_lines, write_table
from mag.cli.references import JSON_OPTION, STORE_OPTION, find_experiment
from mag.cli.wording import list_words
from mag.errors import UsageError

if TYPE_CHECKING:
    from mag.compare.differences import Pair
    from mag.record.store import StoredExperiment

HELP = """Show how experiments differ: config, code, environment, host, results, metrics.

\b
  mag diff '1|0.01' '10|0.01'
  mag diff '10|0.01' 'experiments/10|0.01/.mag/reruns/1'     an experiment and its rerun
  mag diff '1|0.01' '10|0.01' --stat                         files that differ, not lines
  mag diff '1|0.01' '10|0.01' '100|0.01'                     each key that differs, with all values
  mag diff '1|0.01' '10|0.01' --json | jq .config

The code is compared as it ran, uncommitted changes included. External diff programs, text conversions and filters that
a repository names are not run.

Exit status: 0 if they are alike, 1 if not, 4 if there is no such experiment.
"""

_TITLES = ("config", "code", "environment", "host", "results", "metrics")


@click.command(help=HELP, short_help="Show how experiments differ.")
@click.argument("references", metavar="A B [C]...", nargs=-1)
@click.option("--stat", is_flag=True, help="Of the code, show only which files differ.")
@click.option(
    "--tolerance", type=click.FloatRange(min=0), default=0.0, help="How much results and metrics may differ (0)."
)
@JSON_OPTION
@STORE_OPTION
def command(*, references: tuple[str, ...], stat: bool, tolerance: float, as_json: bool, directory: str | None) -> int:
    """Compare and show."""
    if len(references) < 2:  # noqa: PLR2004
        raise UsageError("mag diff compares two experiments or more: name another one.")
    first, *others = [find_experiment(name, directory) for name in references]
    found = [_compare(first, other, tolerance=tolerance, stat=stat) for other in others]
    names = [one.name for one in (first, *others)]
    differs = any(any(differences.values()) for differences, _ in found)
    if len(others) > 1:
        _show_several(names, [differences for differences, _ in found], as_json=as_json)
    elif as_json:
        _show_json(names, *found[0])
    else:
        write_lines(_draw(*found[0]))
    if not differs and not as_json:
        note(f"{list_words(names)} are alike")
    return 1 if differs else 0


def _compare(
    one: "StoredExperiment", other: "StoredExperiment", *, tolerance: float, stat: bool
) -> "tuple[dict[str, list[Pair]], str | None]":
    """Return the differences of two experiments, by section, and git's diff of their code."""
    from mag.cli.verdict import make_side
    from mag.compare.claims import list_elsewhere
    from mag.compare.description import describe_curves
    from mag.compare.differences import list_differences, pair_values
    from mag.compare.rows import read_rows
    from mag.sweeps.recorded_code import require_record

    trees, code = _compare_code(one, other, stat=stat)
    pair = [
        make_side(require_record(side), side.paths.home, tree) for side, tree in zip((one, other), trees, strict=True)
    ]
    differences = list_differences(pair[0], pair[1], tolerance=tolerance)
    differences["code"] += list_elsewhere(pair[0], pair[1])
    curves = [describe_curves(row) for row in read_rows([one, other])]
    metrics = pair_values(curves[0], curves[1], tolerance=tolerance)
    differences["metrics"] = [each for each in metrics if not each.agrees]
    return differences, code


def _show_json(names: "list[str]", differences: "dict[str, list[Pair]]", code: str | None) -> None:
    from mag.cli.verdict import describe_pair

    described = {name: [describe_pair(one) for one in pairs] for name, pairs in differences.items()}
    write_json({"a": names[0], "b": names[1], **described, "diff": code})


def _show_several(names: "list[str]", found: "list[dict[str, list[Pair]]]", *, as_json: bool) -> None:
    """Show each key in which any experiment differs from the first, with the values of all."""
    from mag.compare.rows import MISSING
    from mag.disk.values import encode_config

    sections = {title: _line_up([differences[title] for differences in found]) for title in _TITLES}
    if as_json:
        described = {
            title: [
                {"key": key, "values": [None if value is MISSING else encode_config(value) for value in values]}
                for key, values in rows
            ]
            for title, rows in sections.items()
        }
        write_json({"experiments": names, **described})
        return
    for place, (title, rows) in enumerate((title, rows) for title, rows in sections.items() if rows):
        write_lines([""] if place else [])
        write_table([title, *names], [[key, *values] for key, values in rows])


def _line_up(found: "list[list[Pair]]") -> "list[tuple[str, list[Any]]]":
    """Return the values of all experiments for each key; what is in no pair is as in the first experiment."""
    before = {pair.key: pair.before for pairs in found for pair in pairs}
    after = [{pair.key: pair.after for pair in pairs} for pairs in found]
    return [(key, [value, *(others.get(key, value) for others in after)]) for key, value in before.items()]


def _compare_code(
    one: "StoredExperiment", other: "StoredExperiment", *, stat: bool
) -> tuple[tuple[str | None, str | None], str | None]:
    """Return the trees of both sides, and how they differ as git tells it; what is not known is None."""
    from mag.code.checkouts import read_code
    from mag.errors import RepositoryError
    from mag.sweeps.recorded_code import open_code, read_tree, require_record

    before, after = (read_code(require_record(side).commit) for side in (one, other))
    if before is None or after is None:
        return (None, None), None
    if before == after:
        return (before, after), ""
    try:
        with open_code(one, before) as repository:
            trees = read_tree(repository, before), read_tree(repository, after)
            if trees[0] == trees[1]:
                return trees, ""
            style = ("--stat=100",) if stat else ()
            words = ("--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short", *style)
            return trees, repository.run("diff", *words, before, after, "--")
    except RepositoryError as error:
        hint = (
            f" (`git diff {before[:12]} {after[:12]}` may fetch what is missing)" if "transport" in str(error) else ""
        )
        note(f"the code cannot be compared: {error}{hint}")
        return (None, None), None


def _draw(differences: "dict[str, list[Pair]]", code: str | None) -> Iterator[str]:
    screen = find_screen()
    for title in _TITLES:
        pairs = differences[title]
        if not pairs:
            continue
        yield screen.paint(title, "bold")
        yield from _align(pairs)
        if title == "code" and code:
            yield from (f"  {screen.paint(escape(line), _choose_color(line))}" for line in code.splitlines())


def _align(pairs: "list[Pair]") -> Iterator[str]:
    width = max(len(escape(pair.key)) for pair in pairs)
    for pair in pairs:
        yield f"  {escape(pair.key):<{width}}  {_write(pair.before)} -> {_write(pair.after)}"


def _write(value: Any) -> str:
    from mag.compare.rows import MISSING, format_value

    return "(none)" if value is MISSING else escape(format_value(value)) or '""'


def _choose_color(line: str) -> str | None:
    colors = {"+": "green", "-": "red", "@": "blue"}
    return "bold" if line.startswith(("+++", "---", "diff ")) else colors.get(line[:1])
