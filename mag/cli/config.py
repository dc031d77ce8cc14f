"""`mag config`: the composed config, where it comes from and what overrides change, without running anything."""

import shlex
from collections.abc import Sequence
from typing import Any

import click

import mag.config.composition.composer  # noqa: F401  (now, while a command is loaded and nothing is collected)
from mag.cli.output import escape, find_screen
from mag.cli.project import Project, app_words, open_project
from mag.config.composition.keys import ABSENT
from mag.config.documents.scalars import format_inline
from mag.config.inspection.origins import compare_configs
from mag.config.language.lexer import write_word
from mag.config.language.override import Override, format_value
from mag.config.secrets import mask
from mag.errors import ConfigError, SchemaError, UsageError
from mag.plans.override_files import read_overrides

HELP = """Print the composed config; nothing is run, written or imported.

\b
  mag config                       the config as `mag run` would use it
  mag config model=mlp lr=0.1      with overrides
  mag config --resolve             interpolations replaced by their values
  mag config --choices             the groups, their options, what is chosen and by what
  mag config --explain model.C     what set this value: files with lines, choices, overrides
  mag config --explain             the whole config, each value with its origin
  mag config --diff 'model=mlp'    what these overrides change
  mag config --json | jq .model

--explain takes a key, or a group. --diff takes overrides as one word, and may be repeated; like `git diff` it ends
with exit status 0 whether or not there are differences.
"""

EXPLAIN = click.option(
    "--explain", metavar="[KEY]", is_flag=False, flag_value="", help="Show where a value, or every value, comes from."
)


@click.command(help=HELP, short_help="Print the composed config.")
@app_words
@click.option("--resolve", "resolved", is_flag=True, help="Replace interpolations with their values.")
@click.option("--typed", is_flag=True, help="Import the app, and compose with the types and defaults of its schema.")
@click.option("--choices", is_flag=True, help="Show the groups, their options, what is chosen and by what.")
@EXPLAIN
@click.option("--diff", "changes", metavar="OVERRIDES", multiple=True, help="Show what these overrides change.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(known: dict[str, Any], /, words: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Compose and print."""
    _check_options(options)
    project = open_project(known, words)
    if not options["typed"] and not options["resolved"]:
        if project.app.typed:
            from mag.cli.output import note

            note(f"{project.app.file.name} has a schema, which --typed takes into account")
        _answer(project, words, options, as_json=as_json)
        return
    with project.asking(typed=options["typed"], debug=known.get("debug", False)):
        _answer(project, words, options, as_json=as_json)


def _answer(project: Project, words: Sequence[str], options: dict[str, Any], *, as_json: bool) -> None:
    from mag.cli.advice import check_spaces, tell_doubts
    from mag.plans.shapes import PLAIN
    from mag.sweeps.observer import Question

    overrides = project.parse()
    _refuse_sweeps(overrides, words)
    question = Question(project.texts, overrides, project.composer, PLAIN, project.settings, project.app.is_hydra)
    check_spaces(question)
    if options["choices"]:
        _show_choices(project, overrides, as_json=as_json)
    elif options["explain"] is not None:
        _show_origins(project, overrides, options["explain"], as_json=as_json)
    elif options["changes"]:
        _show_changes(project, overrides, options["changes"], resolved=options["resolved"], as_json=as_json)
    else:
        _show(project, _compose(project, overrides, resolved=options["resolved"]), as_json=as_json)
    tell_doubts(question)


def _check_options(options: dict[str, Any]) -> None:
    names = {"choices": "--choices", "explain": "--explain", "changes": "--diff"}
    given = [name for key, name in names.items() if options[key] not in (None, False, ())]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} show different things: type one of them.")
    key = options["explain"] or ""
    if key.endswith(".py") or ":" in key:
        raise UsageError(f"--explain takes a key, but {key!r} is an app: type `mag config {key} --explain`.")
    if "=" in key or key.startswith(("~", "+")):
        name = key.partition("=")[0].lstrip("+~")
        raise UsageError(
            f"--explain takes a key, but {key!r} is an override: type `mag config '{key}' --explain {name}` to explain "
            f"{name} with it, or put it before a bare --explain."
        )


def _refuse_sweeps(overrides: Sequence[Override], words: Sequence[str]) -> None:
    if swept := [override.text for override in overrides if override.is_sweep]:
        raise UsageError(
            f"{swept[0]!r} has several values, and `mag config` shows one config; to see what a sweep would run type "
            f"mag sweep --dry-run {' '.join(map(write_word, words))}"
        )


def _compose(project: Project, overrides: Sequence[Override], *, resolved: bool) -> dict[str, Any]:
    try:
        config = project.composer.compose(overrides)
    except SchemaError as error:
        from mag.config.inspection.problems import locate_error

        raise locate_error(error, project.composer, overrides) from None
    if not resolved:
        return config
    from mag.cli.output import note
    from mag.config.inspection.problems import locate_interpolation

    try:
        found = project.resolver.resolve(config, overrides, project.composer)
        resolved_config = project.composer.convert(found.config, overrides)
    except ConfigError as error:
        locate_interpolation(error, project.composer, overrides)
        raise
    for line in project.resolver.remarks:
        note(line)
    return resolved_config


def _show(project: Project, config: dict[str, Any], *, as_json: bool) -> None:
    from mag.cli.output import write_bytes, write_json
    from mag.config.secrets import mask

    masked = mask(config, project.settings.secrets)
    if as_json:
        from mag.disk.values import encode_config

        write_json(encode_config(masked))
        return
    from mag.config.documents.scalars import format_yaml

    write_bytes(format_yaml(masked).encode("utf-8", "backslashreplace"))


def _show_choices(project: Project, overrides: Sequence[Override], *, as_json: bool) -> None:
    from mag.cli.explain import list_choices
    from mag.cli.output import write_json, write_table

    rows = list_choices(project.composer, overrides, project.settings.secrets)
    if as_json:
        write_json(rows)
        return
    table = [[row["group"], format_value(row["chosen"]), row["by"], " ".join(row["options"])] for row in rows]
    write_table(["group", "chosen", "by", "options"], table)


def _show_origins(project: Project, overrides: Sequence[Override], key: str, *, as_json: bool) -> None:
    from mag.cli.explain import Explainer, explain_unknown, list_key, list_values
    from mag.cli.output import write_json, write_lines
    from mag.config.inspection.origins import Origins

    origins = Origins(project.composer, overrides)
    describer = Explainer(origins, project.settings.secrets)
    described = describer.describe_key(key) if key else describer.list_values()
    if described is None:
        raise UsageError(explain_unknown(key, origins, project.composer.find_options_with(key, overrides)))
    if as_json:
        write_json(described)
    else:
        write_lines(list_key(described) if isinstance(described, dict) else list_values(described))


def _show_changes(
    project: Project, overrides: Sequence[Override], changes: Sequence[str], *, resolved: bool, as_json: bool
) -> None:
    from mag.cli.output import note, write_json, write_lines

    more = parse_changes(changes)
    _refuse_sweeps(more, [*project.texts, *(override.text for override in more)])
    before = _compose(project, overrides, resolved=resolved)
    described = describe_changes(
        before, _compose(project, [*overrides, *more], resolved=resolved), project.settings.secrets
    )
    if as_json:
        write_json(described)
    elif any(described.values()):
        write_lines(list_changes(described))
    else:
        note("these overrides change nothing")


def parse_changes(texts: Sequence[str]) -> list[Override]:
    """Return the overrides that `--diff` was given: each word holds some, as one would type them in a shell.

    Raises:
        UsageError: There is none, or a quote is not closed.
        OverrideError: One is malformed.
        YamlError: A file of overrides is no YAML.
    """
    words: list[str] = []
    for text in texts:
        try:
            words += shlex.split(text)
        except ValueError:
            raise UsageError(
                f"--diff {text!r} has a quote that is never closed: quote overrides in it as in a shell, or give "
                f"--diff once for each."
            ) from None
    if not words:
        raise UsageError("--diff needs overrides, as in --diff 'model=mlp lr=0.1'.")
    return read_overrides(words)


def describe_changes(before: dict[str, Any], after: dict[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """Return what is removed, added and changed from one config to another, without secrets."""
    removed, added, changed = {}, {}, {}
    for change in compare_configs(before, after):
        old = None if change.before is ABSENT else mask({change.key: change.before}, secrets)[change.key]
        new = None if change.after is ABSENT else mask({change.key: change.after}, secrets)[change.key]
        if change.after is ABSENT:
            removed[change.key] = old
        elif change.before is ABSENT:
            added[change.key] = new
        else:
            changed[change.key] = {"before": old, "after": new}
    return {"removed": removed, "added": added, "changed": changed}


def list_changes(described: dict[str, Any]) -> list[str]:
    """Return the lines that show changes, by key."""
    rows = [(key, "-", format_inline(value), "red") for key, value in described["removed"].items()]
    rows += [(key, "+", format_inline(value), "green") for key, value in described["added"].items()]
    for key, value in described["changed"].items():
        rows.append((key, "~", f"{format_inline(value['before'])} -> {format_inline(value['after'])}", "yellow"))
    screen = find_screen()
    return [screen.paint(f"{sign} {escape(key)}: {escape(text)}", color) for key, sign, text, color in sorted(rows)]
