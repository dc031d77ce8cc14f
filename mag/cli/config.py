"""`mag config`: the composed config, without running or importing anything."""

import json
from typing import Any

import click

from mag.cli.project import WORDS, open_project
from mag.errors import UsageError

HELP = """Print the composed config; nothing is run, written or imported.

\b
  mag config                       the config as `mag run` would use it
  mag config model=mlp lr=0.1      with overrides
  mag config --resolve             interpolations replaced by their values
  mag config --choices             the groups, their options, what is chosen
  mag config --json | jq .model
"""


@click.command(help=HELP, short_help="Print the composed config.")
@WORDS
@click.option("--resolve", "resolved", is_flag=True, help="Replace interpolations by their values.")
@click.option("--choices", is_flag=True, help="Show the groups, their options and what is chosen.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(known: dict[str, Any], /, words: tuple[str, ...], resolved: bool, choices: bool, as_json: bool) -> None:
    """Compose and print."""
    project = open_project(known, words)
    overrides = project.parse()
    if swept := [override.text for override in overrides if override.is_sweep]:
        raise UsageError(
            f"{swept[0]!r} has several values, and `mag config` shows one config: `mag sweep --dry-run` shows what a "
            f"sweep would run."
        )
    if choices:
        _show_choices(project.composer, overrides, as_json=as_json)
        return
    config = project.composer.compose(overrides)
    if resolved:
        from mag.config.interpolation import resolve

        config = resolve(config)
    from mag.config.secrets import mask

    _show(mask(config, project.settings.secrets), as_json=as_json)


def _show(config: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        from mag.record.values import encode_config

        click.echo(json.dumps(encode_config(config), ensure_ascii=False, indent=2))
        return
    from mag.config.printing import format_yaml

    click.echo(format_yaml(config), nl=False)


def _show_choices(composer: Any, overrides: Any, *, as_json: bool) -> None:
    from mag.cli.output import write_table

    chosen = composer.choices(overrides)
    rows = [
        {"group": group, "chosen": option, "options": list(composer.options(group.partition("@")[0]))}
        for group, option in chosen.items()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = [[row["group"], str(row["chosen"]), " ".join(row["options"])] for row in rows]
    write_table(["group", "chosen", "options"], table)
