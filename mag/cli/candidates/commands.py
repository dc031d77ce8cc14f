"""Commands: which command, option or argument the cursor is in, and so what may stand there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mag.cli.candidates.values import Candidate, list_folders, list_paths
from mag.cli.candidates.words import Cursor, find_completer
from mag.cli.group import program
from mag.cli.pages import COMMANDS

if TYPE_CHECKING:
    from mag.app import App

_MULTIRUN = ("-m", "--multirun")


def list_candidates(words: Sequence[str], typed: str, app: "App | None" = None) -> list[Candidate]:
    """Return what the word at the cursor may become, the likeliest first."""
    if app is None:
        return _list_program(words, typed)
    rest = [word for word in words if word not in _MULTIRUN]
    found = _list_command("sweep" if len(rest) < len(words) else "run", rest, typed, app)
    return found + [Candidate(each, "Run every combination.") for each in _MULTIRUN if typed and each.startswith(typed)]


def _list_program(words: Sequence[str], typed: str) -> list[Candidate]:
    index = next((index for index, word in enumerate(words) if not word.startswith("-")), None)
    if index is not None:
        return _list_command(words[index], words[index + 1 :], typed, None)
    if typed.startswith("-"):
        return _list_options(program, program.make_context("mag", [], resilient_parsing=True), typed)
    return [Candidate(name, note) for name, note in COMMANDS.items() if name.startswith(typed)]


def _list_command(name: str, words: Sequence[str], typed: str, app: "App | None") -> list[Candidate]:
    if name not in COMMANDS:
        return []
    root = program.make_context("mag", [name], resilient_parsing=True)
    command = program.get_command(root, name)
    assert command is not None
    option, index = _find_open_option(command, words)
    context = command.make_context(name, list(words[:index]), parent=root, resilient_parsing=True)
    if option is not None:
        return _list_values(option, typed, context, app)
    if typed.startswith("-") and "--" not in words:
        return _list_joined(command, typed, context, app) if "=" in typed else _list_options(command, context, typed)
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    open_ = next((each for each in arguments if each.nargs == -1 or not context.params.get(str(each.name))), None)
    return _list_values(open_, typed, context, app) if open_ else []


def _find_open_option(command: click.Command, words: Sequence[str]) -> tuple[click.Parameter | None, int]:
    """Return the option that the next word is a value of, if any, and how many words come before that option."""
    for index in range(len(words) - 1, -1, -1) if "--" not in words else ():
        option = _find_option(command, words[index])
        if option is not None and len(words) - index <= option.nargs:
            return option, index
        if option is not None:
            break
    return None, len(words)


def _find_option(command: click.Command, word: str) -> click.Parameter | None:
    """Return the option of that name that takes a value."""
    options = (
        each for each in command.params if isinstance(each, click.Option) and not each.is_flag and not each.count
    )
    return next((each for each in options if word in each.opts), None)


def _list_joined(command: click.Command, typed: str, context: click.Context, app: "App | None") -> list[Candidate]:
    """Return the candidates for the value in `--option=value`."""
    name, _, start = typed.partition("=")
    option = _find_option(command, name)
    found = _list_values(option, start, context, app) if option else []
    return [Candidate(f"{name}={each.value}", each.help, each.partial) for each in found]


def _list_options(command: click.Command, context: click.Context, typed: str) -> list[Candidate]:
    found = command.shell_complete(context, typed)
    return [Candidate(item.value, item.help or "") for item in found if item.value.startswith("-")]


def _list_values(parameter: click.Parameter, typed: str, context: click.Context, app: "App | None") -> list[Candidate]:
    completer = find_completer(parameter.metavar)
    if completer is not None:
        place = Cursor(str(context.info_name), str(parameter.name), context.params, app)
        return completer(typed, place)
    found: list[Candidate] = []
    for item in parameter.shell_complete(context, typed):
        listed = {"file": list_paths, "dir": list_folders}.get(item.type)
        found += listed(typed) if listed else [Candidate(item.value, item.help or "")]
    return found
