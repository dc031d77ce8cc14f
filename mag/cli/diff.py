"""`mag diff`: in what two experiments differ."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from mag.cli.output import escape, find_screen, note, write_json, write_lines
from mag.cli.references import JSON_OPTION, STORE_OPTION, find_experiment

if TYPE_CHECKING:
    from mag.compare.differences import Pair
    from mag.record.store import StoredExperiment

HELP = """Show in what two experiments differ: config, code, environment, host, results.

\b
  mag diff '1|0.01' '10|0.01'
  mag diff '10|0.01' 'experiments/10|0.01/.mag/reruns/1'     an experiment and its rerun
  mag diff '1|0.01' '10|0.01' --stat                         files that differ, not lines
  mag diff '1|0.01' '10|0.01' --json | jq .config

The code is compared as it ran, uncommitted changes included. External diff programs, text conversions and filters that
a repository names are not run.

Exit status: 0 if they are alike, 1 if not, 4 if there is no such experiment.
"""

_TITLES = ("config", "code", "environment", "host", "results")


@click.command(help=HELP, short_help="Show how experiments differ.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--stat", is_flag=True, help="Of the code, only which files differ.")
@click.option("--tolerance", type=click.FloatRange(min=0), default=0.0, help="How far results may be apart (0).")
@JSON_OPTION
@STORE_OPTION
def command(*, first: str, second: str, stat: bool, tolerance: float, as_json: bool, directory: str | None) -> int:
    """Compare and show."""
    from mag.cli.verdict import describe_pair, make_side
    from mag.compare.claims import list_elsewhere
    from mag.compare.differences import list_differences
    from mag.sweeps.recorded_code import require_record

    pair = [find_experiment(name, directory) for name in (first, second)]
    trees, code = _compare_code(pair[0], pair[1], stat=stat)
    sides = (make_side(require_record(one), one.paths.home, tree) for one, tree in zip(pair, trees, strict=True))
    both = list(sides)
    differences = list_differences(*both, tolerance=tolerance)
    differences["code"] += list_elsewhere(*both)
    if as_json:
        described = {name: [describe_pair(one) for one in pairs] for name, pairs in differences.items()}
        write_json({"a": pair[0].name, "b": pair[1].name, **described, "diff": code})
    else:
        write_lines(_draw(differences, code))
        if not any(differences.values()):
            note(f"{pair[0].name} and {pair[1].name} are alike")
    return 1 if any(differences.values()) else 0


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
