"""The group of all commands, each of which is imported when it is run."""

import contextlib
import gc
import importlib
import keyword

import click

from mag.cli.pages import COMMANDS, MODULES, OPTIONS, format_help
from mag.errors import UsageError
from mag.patterns import compiling_lazily
from mag.suggestion import name_nearest

_VIEWING = frozenset({"config", "ls", "show", "log", "path", "summarize", "status", "failures"})
"""Commands that run nobody's code."""
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _load(name: str) -> click.Command:
    """Import a command: from the module of its family, or from the module of its own name."""
    if name in MODULES:
        return getattr(importlib.import_module(f"mag.cli.{MODULES[name]}"), f"{name}_command")  # type: ignore[no-any-return]
    module = f"{name}_" if keyword.iskeyword(name) else name
    return importlib.import_module(f"mag.cli.{module}").command  # type: ignore[no-any-return]


class LazyGroup(click.Group):
    """A group that imports a command when it is run: start-up time is a feature."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order in which users meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:  # noqa: ARG002
        """Return the command of that name; an unknown one is a `UsageError`."""
        if cmd_name not in COMMANDS:
            near = name_nearest(cmd_name, COMMANDS)
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(COMMANDS)}."
            raise UsageError(f"There is no command {cmd_name!r}: {hint}")
        with compiling_lazily() if cmd_name in _VIEWING else contextlib.nullcontext():
            return _load(cmd_name)

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002
        """Return the help page, for which no command is imported."""
        return format_help()


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from mag.record.provenance import read_own_version

        click.echo(f"mag {read_own_version()}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings=CONTEXT)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help=OPTIONS["--version"],
)
@click.option("--debug", is_flag=True, help=OPTIONS["--debug"])
@click.pass_context
def program(ctx: click.Context, debug: bool) -> None:
    """Keep what holds for every command."""
    if not gc.isenabled():  # the command is loaded
        gc.freeze()
        gc.enable()
    ctx.ensure_object(dict)["debug"] = debug
