"""What a command works on: the app that its words name, its settings, its configs and its store."""

import contextlib
import os
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mag.app import App, find_app
from mag.app.discovery import list_apps, split_command
from mag.app.modules import find_module
from mag.cli.output import note
from mag.config.language.lexer import write_word
from mag.errors import UsageError
from mag.patterns import compile_lazily
from mag.record.paths import StorePaths
from mag.record.repetition import Repetition
from mag.settings import Settings, find_app_settings, find_settings
from mag.suggestion import name_nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mag.config.composition.composer import Composer
    from mag.config.language.override import Override
    from mag.plans.resolver import Resolver

_LATE_APP = compile_lazily(r"[^=@~+]+\.py(:\w+)?")

_WORDS = click.argument("words", nargs=-1, metavar="[APP] [OVERRIDES]...")


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Keep what was said of the configs, for `open_project`."""
    context.ensure_object(dict)[str(option.name)] = value


_CONFIG_OPTIONS = (
    click.option(
        "-cn", "--config-name", metavar="CONFIG", help="Use another primary config.", callback=_keep, expose_value=False
    ),
    click.option(
        "-cd",
        "--config-dir",
        metavar="DIR",
        multiple=True,
        help="Search this folder after the app's own configs (repeatable).",
        callback=_keep,
        expose_value=False,
    ),
    click.option(
        "-cp",
        "--config-path",
        metavar="DIR",
        help="Use this folder of configs, relative to the app's file, not the app's own.",
        callback=_keep,
        expose_value=False,
    ),
)


def app_words(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the app and the overrides, between which options may stand, and the options of its configs."""
    for option in reversed(_CONFIG_OPTIONS):
        command = option(command)
    return _WORDS(command)


RESULT = click.option(
    "--result",
    "patterns",
    metavar="REGEX",
    multiple=True,
    help="Take a result out of what the program after -- prints, 'accuracy: ([0-9.]+)' (repeatable).",
    callback=_keep,
    expose_value=False,
)
"""What the output of a program is searched for."""

DIRECTORY = click.option("--dir", "directory", metavar="PATH", help="Directory of the experiments.")


class Project:
    """An app, its settings, its configs and its store, as one command sees them."""

    def __init__(self, app: App, settings: Settings, texts: tuple[str, ...], store: StorePaths) -> None:
        self.app = app
        self.settings = settings
        self.texts = texts
        self.store = store

    @cached_property
    def composer(self) -> "Composer":
        """Composes the app's configs; without its schemas, unless a command sets one that has them."""
        return self.app.compose_from()

    @cached_property
    def resolver(self) -> "Resolver":
        """Resolves them, as far as that can be without the app, unless a command lets it be imported."""
        from mag.plans.resolver import Resolver
        from mag.sweeps.reading import read_traits

        return Resolver(read_traits(self.app, self.settings))

    @contextlib.contextmanager
    def asking(self, *, typed: bool, debug: bool = False) -> "Iterator[None]":
        """Let the app be imported, in another process, while the block runs: at once for its types, else if need be.

        Raises:
            UsageError: It cannot be imported, or its schemas cannot be used.
        """
        from mag.run.servers import open_server
        from mag.sweeps.reading import make_resolver, open_configs

        with open_server(partial(self.app.load, debug=debug)) as server:
            if typed:
                self.app = self.app.settle(debug=debug)
                self.composer, self.resolver = open_configs(self.app, server, self.settings, debug=debug)
            else:
                self.resolver = make_resolver(self.app, server, self.settings)
            yield

    def parse(self) -> "list[Override]":
        """Return the overrides of the config, parsed; `@file.yaml` stands for those in the file.

        What is typed for the Hydra of a `@hydra.main` app, the app keeps.

        Raises:
            OverrideError: One is malformed.
            YamlError: A file of overrides is no YAML.
        """
        from mag.plans.override_files import read_overrides

        overrides = read_overrides(self.texts)
        if not self.app.is_hydra:
            return overrides
        from mag.app.hydra_words import split_overrides

        values, theirs = split_overrides(overrides)
        self.app = self.app._replace(hydra_overrides=theirs)
        return values


def open_project(known: dict[str, Any], words: Sequence[str], directory: str | None = None) -> Project:
    """Return what the words of a command name.

    Raises:
        UsageError: There is no such app, or no telling which is meant.
    """
    cwd = Path.cwd()
    spec, texts = (None, tuple(words)) if known.get("app") else split_app(words)
    app = known.get("app") or _find_command(known, spec, cwd) or _find_app(spec, texts, cwd)
    _refuse_late_app(texts)
    app = _choose_configs(app, known, cwd)
    settings = find_app_settings(app.file, cwd)
    os.environ.update(settings.env)  # a config may name them, as ${oc.env:NAME}
    if settings.unheeded is not None:
        note(f"{settings.unheeded} belongs to another user, and is not read: copy it, or work in its directory")
    root = Path(directory) if directory else settings.store_root(cwd)
    if (repetition := Repetition.find()) is not None:  # a script that is run again calls mag
        root = Path(repetition.divert(os.path.abspath(root)))
    return Project(app, settings, texts, StorePaths(_shorten(root, cwd)))


def _find_command(known: dict[str, Any], spec: str | None, cwd: Path) -> App | None:
    """Return the program that is named after `--`, or by the settings; None where none is."""
    words, patterns, base, settings = known.get("command"), known.get("patterns") or (), cwd, find_settings(cwd)
    if words is not None and spec is not None:
        raise UsageError(f"{spec} is an app, and what follows -- is another: leave one of them out.")
    if words is None and spec is None and settings.command and settings.root:
        words, named = split_command(settings)
        patterns, base = patterns or named, settings.root
    if words is not None:
        from mag.app.command_line import describe_command

        if not patterns and any(word.partition("=")[0] == "--result" for word in words[1:]):
            note("--result behind -- is an option of the program; type it before -- to take results from its output")
        return describe_command(words, patterns, base, settings.secrets)
    if patterns:
        raise UsageError(f"--result {patterns[0]!r} goes with a program: type it after --, as in -- ./sim {{lr}}.")
    return None


def _choose_configs(app: App, known: dict[str, Any], cwd: Path) -> App:
    """Return the app with the configs that the command names.

    Raises:
        UsageError: One is no folder.
    """
    path, further = known.get("config_path"), tuple(cwd / each for each in known.get("config_dir") or ())
    folder = app.file.parent / path if path is not None else None
    options = [("--config-path", folder), *(("--config-dir", each) for each in further)]
    for option, each in options:
        if each is not None and not each.is_dir():
            raise UsageError(f"{option} {each} is no folder of configs.")
    return app.with_configs(folder, known.get("config_name"), further)


def _find_app(spec: str | None, texts: Sequence[str], cwd: Path) -> App:
    """Return the app; where none is named, the first word may have been meant to."""
    stray = texts[0] if spec is None and texts and not _is_override(texts[0]) else None
    if stray is not None and (meant := _guess_app(stray, cwd)):
        raise UsageError(f"{stray!r} is neither an app nor an override: did you mean {meant}?")
    try:
        return find_app(spec, cwd, find_settings(cwd))
    except UsageError as error:
        if stray is None:
            raise
        raise UsageError(f"{stray!r} is neither an app, as train.py is, nor an override, as C=1 is. {error}") from error


def _refuse_late_app(texts: Sequence[str]) -> None:
    late = next((text for text in texts if _LATE_APP.fullmatch(text)), None)
    if late is not None:
        words = [late, *(text for text in texts if text != late)]
        raise UsageError(
            f"{late!r} is an app, which stands before the overrides: type {' '.join(map(write_word, words))}"
        )


def _guess_app(word: str, cwd: Path) -> str | None:
    """Return the app that a word is almost the name of."""
    if (cwd / f"{word}.py").is_file():
        return f"{word}.py"
    if "." in word and find_module(word, cwd) is not None:
        return f"{word}:FUNCTION"
    return name_nearest(f"{word}.py", (file.name for file in list_apps(cwd)), cutoff=0.8)


def _is_override(word: str) -> bool:
    return "=" in word or word.startswith(("~", "@", "+"))


def split_app(words: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the app that is named, if one is, and the overrides.

    >>> split_app(["train.py", "C=1"])
    ('train.py', ('C=1',))
    >>> split_app(["C=1", "~seed"])
    (None, ('C=1', '~seed'))
    """
    if words and not _is_override(words[0]):
        first = words[0]
        if first.endswith(".py") or ":" in first:
            return first, tuple(words[1:])
    return None, tuple(words)


def _shorten(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)
