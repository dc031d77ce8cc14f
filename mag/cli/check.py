"""`mag check`: whether every option of every group composes, and every space file expands."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from mag.cli.messages import say
from mag.cli.output import escape, note, write_json, write_lines
from mag.cli.project import Project, app_words, open_project
from mag.config.documents.marks import shorten
from mag.config.inspection.checking import Checker, check_files
from mag.config.inspection.problems import Problem, place_message
from mag.config.language.override import Override
from mag.errors import ConfigError, MagError, UsageError

HELP = """Check the configs and spaces of a project; nothing is run or written.

It composes every option of every group with the defaults, expands every file in spaces/, and finds values that YAML
reads differently than they look.

\b
  mag check                one line for each problem, with file and line
  mag check seed=1         with the values that the primary config leaves to you
  mag check --json | jq '.[].file'

An error cannot run. A warning probably means something else than it says. A note is for your information: an option
that needs more overrides, a file that nothing uses.

Exit status: 0 nothing but notes, 1 errors or warnings, 2 there are no configs to check.
"""

_MOST_POINTS = 1000  # of a larger space so many are drawn


@click.command(help=HELP, short_help="Check that all configs and spaces compose.")
@app_words
@click.option("--typed", is_flag=True, help="Import the app, and check against the types of its schema.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(known: dict[str, Any], /, words: tuple[str, ...], typed: bool, as_json: bool) -> int:
    """Check, and print what was found."""
    project = open_project(known, words)
    if typed:
        with project.asking(typed=True, debug=known.get("debug", False)):
            return _check(project, as_json=as_json, typed=True)
    if project.app.typed:
        note(f"{project.app.file.name} has a schema, which --typed takes into account")
    return _check(project, as_json=as_json)


def _check(project: Project, *, as_json: bool, typed: bool = False) -> int:
    overrides, _ = project.parse(), project.composer  # which says so where it cannot be made without an import
    if swept := [override.text for override in overrides if override.is_sweep]:
        raise UsageError(f"{swept[0]!r} has several values, and `mag check` checks against one config: give one value.")
    root, name = project.app.config_path, project.app.config_name
    if root is None or name is None:
        raise UsageError(
            f"The app {project.app.name} has no configs to check: name some in @mag.main(config_path=...)."
        )
    primary = root / f"{name.removesuffix('.yaml')}.yaml"
    ignored = ("spaces",) if root / "spaces" in _list_folders(root) else ()
    is_late = project.app.is_hydra or project.app.is_late or project.settings.missing == "late"
    composer = project.composer
    checker = Checker(
        composer,
        primary,
        overrides,
        ignored,
        is_late=is_late,
        has_store=project.app.is_hydra,
        ask=(lambda config, chosen: project.resolver.resolve(config, chosen, composer)) if typed else None,
    )
    found = [*checker.check_primary(), *checker.check_options(), *check_files(root, primary, ignored)]
    spaces = [file for folder in _list_folders(root) for file in sorted(folder.glob("*.yaml"))]
    found += [problem for file in spaces for problem in _check_space(file, project, overrides)]
    problems = sorted(set(found), key=lambda each: (shorten(each.file), each.line or 0, each.text))
    if as_json:
        write_json([_describe(problem) for problem in problems])
    else:
        write_lines(escape(_write(*each)) for each in _gather(problems))
        say(_conclude(checker.count, len(spaces), problems))
        if project.app.is_hydra:
            for line in _report(project, overrides):
                say(line)
    return int(any(problem.severity != "note" for problem in problems))


def _report(project: Project, overrides: Sequence[Override]) -> Iterator[str]:
    """Yield remarks on a Hydra project: what mag calls differently, and what it does not do."""
    from mag.app.hydra_words import find_set_aside
    from mag.config.composition.resolution import find_written, is_late

    name = project.app.file.name
    yield f"{name} is a Hydra app, and runs as it is: mag run {shorten(project.app.file)}; no line has to change."
    with contextlib.suppress(ConfigError):
        for place, text in find_set_aside(project.composer, overrides):
            yield f"  {shorten(place.file)}:{place.line}: {text}"
        late = sum(is_late(text) for _, text in find_written(project.composer.compose(overrides)).items())
        if late:
            yield f"  {late} value{'s' * (late > 1)} resolved in the experiment; the identity counts their text"
    yield "  hydra.callbacks: on_job_start and on_job_end are called; those of a whole run or multirun are not"


def _list_folders(root: Path) -> list[Path]:
    """Return the folders of space files: beside the configs and in them."""
    return [folder for folder in (root.parent / "spaces", root / "spaces") if folder.is_dir()]


def _check_space(file: Path, project: Project, overrides: Sequence[Override]) -> Iterator[Problem]:
    """Yield why a space file does not expand to points that compose, if it does not."""
    from mag.plans.plan import make_plan
    from mag.plans.shapes import Shape, build_spaces
    from mag.plans.space_files import read_space_file

    try:
        shape = Shape(files=(read_space_file(file),))
        size = sum(space.size for space in build_spaces(overrides, project.composer, shape))
        if size > _MOST_POINTS:
            shape = shape._replace(sample=_MOST_POINTS)
        make_plan(overrides, project.composer, project.store, project.settings, shape)
    except MagError as error:
        yield Problem("error", *place_message(str(error), file))


def _describe(problem: Problem) -> dict[str, Any]:
    place = {"file": shorten(problem.file), "line": problem.line}
    return {"severity": problem.severity, **place, "text": problem.text}


def _gather(problems: Sequence[Problem]) -> Iterator[tuple[Problem, int]]:
    """Yield each problem with the number of further places that have the same; many files of a tree may."""
    counts = Counter((problem.severity, problem.text) for problem in problems)
    for problem in problems:
        if count := counts.pop((problem.severity, problem.text), 0):
            yield problem, count - 1


def _write(problem: Problem, more: int) -> str:
    line = "" if problem.line is None else f":{problem.line}"
    others = f" (and in {more} more place{'s' * (more > 1)})" if more else ""
    return f"{shorten(problem.file)}{line}: {problem.severity}: {problem.text}{others}"


def _conclude(options: int, spaces: int, problems: Sequence[Problem]) -> str:
    counts = Counter(problem.severity for problem in problems)
    found = ", ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in sorted(counts.items())) or "all is well"
    return f"{options} option{'s' * (options != 1)} and {spaces} space{'s' * (spaces != 1)} checked: {found}."
