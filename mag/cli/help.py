"""`mag help`: a page on a command, or on a topic that no single command explains."""

import importlib

import click

from mag.cli.group import program
from mag.cli.output import write_lines
from mag.cli.pages import COMMANDS, format_help
from mag.errors import UsageError
from mag.suggestion import list_names, name_nearest

HELP = """Explain a command or a topic.

\b
  mag help               the commands
  mag help sweep         a command, as `mag sweep --help` does
  mag help overrides     what may be typed as an override: the whole language on a page
  mag help configs       config files: groups, defaults lists, packages, interpolations
  mag help conditions    filters, --where, --exclude, --stop-if
  mag help names         how experiments are named, and what makes two of them the same
  mag help records       what is kept of an experiment, and the exit statuses
"""

TOPICS = {
    "overrides": "mag.config.language.grammar",
    "configs": "mag.cli.topics.configs",
    "conditions": "mag.cli.topics.conditions",
    "names": "mag.cli.topics.names",
    "records": "mag.cli.topics.records",
}
"""The topics, and the modules of which the docstrings are their pages."""


@click.command(help=HELP, short_help="Explain a command or a topic.")
@click.argument("topic", required=False, metavar="[TOPIC]")
def command(topic: str | None) -> None:
    """Print the page."""
    if topic is None:
        write_lines([format_help(), "", f"`mag help TOPIC` explains {', '.join(TOPICS)}."])
    elif topic in COMMANDS:
        write_lines([_format_command(topic)])
    else:
        write_lines([_read_topic(topic)])


def _format_command(name: str) -> str:
    named = program.get_command(click.Context(program), name)
    assert named is not None, "an unknown command is an error"
    context = click.Context(named, info_name=f"mag {name}", max_content_width=100, help_option_names=["-h", "--help"])
    return named.get_help(context)


def _read_topic(name: str) -> str:
    if name not in TOPICS:
        near = name_nearest(name, [*TOPICS, *COMMANDS])
        hint = f"did you mean {near!r}?" if near else f"the topics are {list_names(TOPICS)}, and every command is one."
        raise UsageError(f"There is no help on {name!r}: {hint}")
    return (importlib.import_module(TOPICS[name]).__doc__ or "").strip()
