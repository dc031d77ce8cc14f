"""`mag doctor`: what this machine, the file system, git and the app mean for mag, and what to do about it."""

import importlib.metadata
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mag.cli.messages import say
from mag.cli.output import Screen, escape, find_screen, write_json, write_lines
from mag.cli.project import Project, open_project
from mag.errors import MagError, RepositoryError, UsageError

if TYPE_CHECKING:
    from mag.launch.diagnosis import Finding

HELP = """Check this machine for mag: Python, file system, git, GPUs, limits and the app, a line each.

\b
  mag doctor              here, with the project's app
  mag doctor train.py     with another app
  mag doctor --dir /scratch/me/runs
  mag doctor --json | jq '.[] | select(.state != "fine")'

The app is imported in a process of its own, as for experiments, to see how long that takes, whether it leaves threads
that no fork survives, and whether it sets random states. The file system is tested in a temporary directory. Nothing is
run or left behind.

Each line is fine, a note (it works, but you should know this), or trouble (something does not work), with what to do.

Exit status: 0 no trouble, 1 trouble.
"""

_PACKAGES = ("mag-sweep", "omegaconf", "GitPython", "joblib", "click", "rich", "PyYAML")
_COLORS = {"fine": "green", "note": "yellow", "trouble": "red"}
_SLOW_SECONDS = 5.0


@click.command(help=HELP, short_help="Check the machine, file system and app for mag.")
@click.argument("app", required=False, metavar="[APP]")
@click.option("--dir", "directory", metavar="PATH", help="Directory of the experiments.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(known: dict[str, Any], /, app: str | None, directory: str | None, as_json: bool) -> int:
    """Look at everything, and print what was found."""
    findings = list(_examine(known, app, directory))
    if as_json:
        write_json([finding._asdict() for finding in findings])
    else:
        screen = find_screen()
        write_lines(_format(finding, screen) for finding in findings)
    troubles = sum(finding.state == "trouble" for finding in findings)
    if troubles and not as_json:
        say(f"{troubles} of these {'are' if troubles > 1 else 'is'} in the way.")
    return int(troubles > 0)


def _format(finding: "Finding", screen: Screen) -> str:
    state = screen.paint(f"{finding.state:<8}", _COLORS[finding.state])
    advice = f" -> {finding.advice}" if finding.advice else ""
    return f"{state} {escape(finding.about + ': ' + finding.finding + advice)}"


def _examine(known: dict[str, Any], app: str | None, directory: str | None) -> Iterator["Finding"]:
    from mag.launch import diagnosis

    yield from diagnosis.examine_machine()
    yield from diagnosis.examine_python()
    yield _list_packages()
    yield from diagnosis.examine_limits()
    yield from diagnosis.examine_gpus()
    project, problem = _find_project(known, app, directory)
    store = Path(project.store.root if project is not None else directory or "experiments")
    yield from diagnosis.examine_file_system(store)
    yield from _examine_git(project.app.file.parent if project is not None else Path.cwd())
    if project is None:
        yield diagnosis.Finding("app", "note" if app is None else "trouble", str(problem))
    else:
        yield from _examine_app(project, debug=known.get("debug", False))


def _find_project(
    known: dict[str, Any], app: str | None, directory: str | None
) -> tuple[Project | None, MagError | None]:
    words: Sequence[str] = (app,) if app else ()
    try:
        return open_project(known, words, directory), None
    except UsageError as error:
        return None, error


def _list_packages() -> "Finding":
    from mag.launch.diagnosis import Finding

    versions = []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} without a version")
    return Finding("packages", "fine", ", ".join(versions))


def _examine_git(folder: Path) -> Iterator["Finding"]:
    from mag.code.repository import Repository
    from mag.launch.diagnosis import Finding

    try:
        with Repository(folder) as repository:
            version = repository.run("version").removeprefix("git version ").strip()
            commit = repository.read_ref("HEAD")
            yield Finding("git", "fine", f"{version}, {repository.top}: the code of every experiment is kept")
            if commit is None:
                yield Finding("git", "note", "the repository has no commit yet", "`git add -A && git commit -m begin`")
    except RepositoryError as error:
        advice = "`git init` in the project's folder" if "not in a git repository" in str(error) else None
        told = f"{error}: the code of experiments is not kept, and `mag rerun` runs today's"
        yield Finding("git", "note", told, advice)


def _examine_app(project: Project, *, debug: bool) -> Iterator["Finding"]:
    """Import the app as for experiments, and yield what that does."""
    from mag.launch.capacity import count_cpus
    from mag.launch.diagnosis import Finding
    from mag.sweeps.observer import Observer
    from mag.sweeps.request import SweepRequest

    request = SweepRequest(
        app=project.app,
        settings=project.settings,
        store=project.store,
        source=project.app.file.parent,
        debug=debug,
    )
    began = time.monotonic()
    try:
        with request.lend_code(Observer()) as code, code.lend_env(), request.open_server(code) as server:
            server.start(count_cpus())
            server.wait_until_ready()
            yield _time_import(project.app.name, time.monotonic() - began)
            yield from _describe_start(server, project)
    except MagError as error:
        yield Finding("app", "trouble", str(error))


def _time_import(name: str, seconds: float) -> "Finding":
    from mag.launch.diagnosis import Finding

    told = f"{name} takes {seconds:.1f} s to import, once a command"
    if seconds > _SLOW_SECONDS:
        return Finding("app", "note", told, "python -X importtime shows what takes long; move that into the function")
    return Finding("app", "fine", told)


def _describe_start(server: Any, project: Project) -> Iterator["Finding"]:
    """Yield how experiments are started, and what they have in common."""
    from mag.launch.diagnosis import Finding
    from mag.run.randomness import describe_kept

    file = project.app.file.name
    if server.remark:
        yield Finding("start method", "note", server.remark.format(app=file))
    else:
        yield Finding("start method", "fine", "each experiment is a fork of the process that has imported the app")
    if server.kept:
        advice = "seed in the function to have them differ"
        yield Finding("random states", "note", describe_kept(server.kept, project.app.name), advice)
    else:
        yield Finding("random states", "fine", "each experiment draws numbers of its own (mag help seeds)")
