"""The program: finds the command that was named, runs it, and turns every ending into words and an exit status.

0 all done · 1 some experiment failed, or a comparison found a difference · 2 usage or config error, nothing
started · 4 not found · 130, 143 interrupted

Start-up is a feature: the help page needs nothing but this module, and everything else click and the one command.
"""

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from mag.cli.pages import format_help
from mag.errors import MagError

if TYPE_CHECKING:
    from mag.app import App


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
