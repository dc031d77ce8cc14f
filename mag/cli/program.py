"""The program: finds the command that was named, runs it, and turns every ending into words and an exit status.

0 all done · 1 some experiment failed, or a comparison found a difference · 2 usage or config error, nothing
started · 4 not found · 130, 143 interrupted
"""

import difflib
import importlib
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mag.errors import MagError, UsageError

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
    "completion": "Set up Tab completion for bash, zsh or fish.",
}
"""Every command and its line in the help; the command itself is `command` in the module of its name."""

HELP = """Compose configs, run every combination, lose nothing.

\b
  mag config model=svm             what would run
  mag run C=10                     one experiment, its output on the terminal
  mag sweep C=1,10 gamma=0.01,0.1  every combination, in parallel
  mag ls 'accuracy>0.9'            what ran
  mag summarize                    results side by side

Commands mean the app that [tool.mag] in pyproject.toml names, or the one file here that uses @mag.main; name another
first: `mag sweep train.py C=1,10`. `mag COMMAND --help` explains each command.
"""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run: start-up is a feature."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:  # noqa: ARG002
        """Return the command of that name; an unknown one is a `UsageError`."""
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}."
            raise UsageError(f"There is no command {cmd_name!r}: {hint}")
        command: click.Command = importlib.import_module(f"mag.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands' lines without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from mag.record.provenance import read_own_version

        click.echo(f"mag {read_own_version()}")
        ctx.exit()


@click.group(cls=LazyGroup, help=HELP, context_settings=CONTEXT)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Print mag's version.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def program(ctx: click.Context, debug: bool) -> None:
    """Keep what holds for every command."""
    ctx.ensure_object(dict)["debug"] = debug


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
    known: dict[str, Any] = {"app": app}
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
        traceback.print_exception(error)
    note(str(error))
    return status
