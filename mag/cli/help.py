"""`mag help`: a page on a command, or on a topic that no single command explains."""

from collections.abc import Iterator
from pathlib import Path

import click

from mag.cli.group import program
from mag.cli.output import write_lines
from mag.cli.pages import COMMANDS, format_help
from mag.errors import UsageError
from mag.suggestion import list_names, name_nearest

TOPICS = {
    "sweeps": "Which experiments run, and what happens when you type the line again.",
    "overrides": "What may be typed as an override.",
    "configs": "Config files: groups, defaults lists, packages, interpolations.",
    "search": "Points chosen by the results of those before, with Optuna.",
    "programs": "Any program as an experiment: mag sweep lr=0.1,0.2 -- ./sim.sh --lr {lr}",
    "results": "Results side by side: tables, the best, what matters, a page to explore.",
    "conditions": "Filters, --where, --exclude and --stop-if.",
    "limits": "What one experiment may cost, and what becomes of those that break.",
    "gpus": "A GPU for each experiment, and environment variables.",
    "clusters": "The same line on Slurm, Dask or Ray, and sweeps that outlive the terminal.",
    "checkpoints": "How to continue an experiment where its last attempt stopped.",
    "living": "New keys, other names, notes, the trash: a store that lives for months.",
    "names": "How experiments are named, and what makes two of them the same.",
    "records": "What is kept of an experiment, and the exit statuses.",
    "files": "Every file that mag writes, and what it promises of them.",
    "reproduction": "Which code is kept, which is not, and what a rerun tells.",
    "seeds": "Which random numbers an experiment draws, and how to draw the same again.",
    "starting": "How the processes of experiments are started, and why some are not forked.",
    "python": "Every public name of the package, with its arguments.",
    "settings": "What [tool.mag] in pyproject.toml can say.",
    "comparison": "What mag does beside Hydra, DVC, Guild, Optuna and W&B, and what it does not.",
    "hydra": "For those who come from Hydra: its commands and options beside mag's.",
}
"""The pages in the folder `topics`, and a line on each."""

HELP = f"""Explain a command or a topic.

\b
  mag help               the commands and the topics
  mag help sweep         a command, as `mag sweep --help` does
  mag help overrides     a topic

\b
Topics:
{"".join(f"  {name:<12} {line}{chr(10)}" for name, line in TOPICS.items())}"""


@click.command(help=HELP, short_help="Explain a command or a topic.")
@click.argument("topic", required=False, metavar="[TOPIC]")
def command(topic: str | None) -> None:
    """Print the page."""
    if topic is None:
        topics = (f"  {name:<11} {line}" for name, line in TOPICS.items())
        write_lines([format_help(), "", "Topics (`mag help TOPIC`):", *topics])
    elif topic in COMMANDS:
        write_lines([_format_command(topic)])
    else:
        write_lines(_read_topic(topic))


def _format_command(name: str) -> str:
    named = program.get_command(click.Context(program), name)
    assert named is not None, "an unknown command is an error"
    context = click.Context(named, info_name=f"mag {name}", max_content_width=100, help_option_names=["-h", "--help"])
    return named.get_help(context)


def _read_topic(name: str) -> Iterator[str]:
    if name not in TOPICS:
        near = name_nearest(name, [*TOPICS, *COMMANDS])
        hint = f"did you mean {near!r}?" if near else f"the topics are {list_names(TOPICS)}, and every command is one."
        raise UsageError(f"There is no help on {name!r}: {hint}")
    page = (Path(__file__).parent / "topics" / f"{name}.md").read_text(encoding="utf-8")
    return _print_plainly(page)


def _print_plainly(page: str) -> Iterator[str]:
    """Yield the lines of a Markdown page for a terminal: code is indented, headings stand for themselves."""
    is_code = False
    for line in page.splitlines():
        if line.startswith("```"):
            is_code = not is_code
        elif line.startswith("<!--"):
            continue
        else:
            yield f"  {line}".rstrip() if is_code else line.lstrip("#").strip() if line.startswith("#") else line
