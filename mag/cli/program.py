"""The program: finds the command that was named, runs it, and turns every ending into words and an exit status.

0 all done · 1 some experiment failed, or a comparison found a difference · 2 usage or config error, nothing
started · 4 not found · 130, 143 interrupted

Start-up is a feature: the help page needs nothing but this module, and everything else click and the one command.
"""

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from mag.errors import MagError

if TYPE_CHECKING:
    from mag.app import App

COMMANDS = {
    "config": "Print the composed config.",
    "run": "Run one experiment.",
    "sweep": "Run every combination.",
    "status": "List the sweeps and how far each is.",
    "watch": "Show a sweep live.",
    "stop": "Stop a sweep or an experiment.",
    "pause": "Let a sweep start nothing more for now.",
    "resume": "Let a paused sweep go on.",
    "jobs": "Give a sweep another number of jobs.",
    "ls": "List experiments as a table.",
    "show": "Show one experiment.",
    "log": "Print the log of an experiment.",
    "path": "Print the directory of an experiment.",
    "failures": "Group failed experiments by what broke.",
    "summarize": "Put results side by side.",
    "rerun": "Run an experiment again, from its record.",
    "restore": "Bring back the code and config of an experiment.",
    "diff": "Show in what two experiments differ.",
    "gc": "Drop snapshots that no record names.",
    "completion": "Set up Tab completion.",
}
"""Every command and its line in the help; the command itself is `command` in the module of its name."""

HELP = """Compose configs, run every combination, lose nothing.

  mag config model=svm             what would run
  mag run C=10                     one experiment, its output on the terminal
  mag sweep C=1,10 gamma=0.01,0.1  every combination, in parallel
  mag ls 'accuracy>0.9'            what ran
  mag summarize                    results side by side

Commands mean the app that [tool.mag] in pyproject.toml names, or the one file
here that uses @mag.main; name another first: `mag sweep train.py C=1,10`.
`mag COMMAND --help` explains each command.
"""

OPTIONS = {
    "-h, --help": "Show this page.",
    "--version": "Print mag's version.",
    "--debug": "Show the traceback of an error.",
}


def format_help() -> str:
    """Return the page that `mag --help` shows."""
    text = "\n".join(f"  {line}".rstrip() for line in HELP.strip().splitlines())
    parts = (
        "Usage: mag [OPTIONS] COMMAND [ARGS]...",
        text,
        f"Options:\n{_list(OPTIONS)}",
        f"Commands:\n{_list(COMMANDS)}",
    )
    return "\n\n".join(parts)


def _list(lines: dict[str, str]) -> str:
    width = max(map(len, lines)) + 2
    return "\n".join(f"  {name:<{width}}{text}" for name, text in lines.items())


def main(arguments: list[str] | None = None) -> NoReturn:
    """Be the command `mag`: run `arguments`, those of this process if None, and exit."""
    sys.exit(run_program(sys.argv[1:] if arguments is None else arguments))


def run_app(app: "App") -> NoReturn:
    """Be the program `python train.py`: `mag run`, or `mag sweep` with `-m`, of this very app."""
    arguments = sys.argv[1:]
    multirun = [word for word in arguments if word in {"-m", "--multirun"}]
    command = "sweep" if multirun else "run"
    rest = [word for word in arguments if word not in multirun]
    sys.exit(run_program([command, *rest], app=app, name=sys.argv[0]))


def run_program(arguments: list[str], *, app: "App | None" = None, name: str = "mag") -> int:
    """Run a command line and return its exit status; messages go to standard error.

    Args:
        arguments: The words after the program's name.
        app: The app that is meant where none is named.
        name: What the program is called in messages.
    """
    if app is None and arguments in (["--help"], ["-h"], []):
        print(format_help())  # noqa: T201  (click's own way would first have to be imported)
        return 0 if arguments else 2
    return _run_command(arguments, {"app": app}, name)


def _run_command(arguments: list[str], known: dict[str, Any], name: str) -> int:
    import click

    from mag.cli.group import program

    try:
        status = program.main(args=arguments, prog_name=name, standalone_mode=False, obj=known)
    except MagError as error:
        return _explain(error, error.exit_code, known)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("mag: interrupted", err=True)
        return 130
    except BrokenPipeError:  # nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status if isinstance(status, int) else 0


def _explain(error: MagError, status: int, known: dict[str, Any]) -> int:
    from mag.cli.output import note

    if known.get("debug"):
        import traceback

        traceback.print_exception(error)
    note(str(error))
    return status
