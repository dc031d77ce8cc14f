"""Words: what the help calls a word of the command line decides what may stand there.

A command that calls its arguments and options by these names is completed without any doing of its own. What
completes a word is imported when it is asked: a Tab is to cost next to nothing.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mag.cli.candidates.values import Candidate, list_folders, list_paths

if TYPE_CHECKING:
    from mag.app import App
    from mag.record.paths import StorePaths


class Cursor(NamedTuple):
    """Where the cursor is.

    Attributes:
        command: The command's name.
        parameter: The name of the argument or option that the word belongs to.
        given: What the command has been given before the cursor, by parameter.
        app: The app, where a script is the program; else None.
    """

    command: str
    parameter: str
    given: Mapping[str, Any]
    app: "App | None" = None

    @property
    def store(self) -> "StorePaths":
        """Where the experiments are."""
        from mag.record.paths import StorePaths
        from mag.settings import find_settings

        cwd = Path.cwd()
        return StorePaths(str(self.given.get("directory") or find_settings(cwd).store_root(cwd)))


def list_app_words(typed: str, place: Cursor) -> list[Candidate]:
    """Return the apps and the overrides that a word may become."""
    from mag.cli.candidates.overrides import list_overrides, survey
    from mag.cli.candidates.values import list_apps, locate_app
    from mag.cli.project import split_app
    from mag.settings import find_app_settings, find_settings

    cwd = Path.cwd()
    words = place.given.get(place.parameter) or ()
    spec, texts = (None, tuple(words)) if place.app else split_app(words)
    apps = [] if words or place.app or "=" in typed else list_apps(typed)
    app = place.app or locate_app(spec, cwd, find_settings(cwd))
    if app is None:
        return apps
    secrets = find_app_settings(app.file, cwd).secrets
    found = list_overrides(typed, survey(app, texts, secrets), several=place.command == "sweep")
    return apps + found


def list_experiment_words(typed: str, place: Cursor) -> list[Candidate]:
    """Return the experiments that a word may become."""
    from mag.cli.candidates.values import list_experiments

    return list_experiments(typed, place.store)


def list_filter_words(typed: str, place: Cursor) -> list[Candidate]:
    """Return the filters that a word may become."""
    from mag.cli.candidates.values import list_filters

    return list_filters(typed, place.store)


def list_keys(typed: str, place: Cursor) -> list[Candidate]:
    """Return the keys of experiments that a word may become; a minus before one, for the order, stays."""
    from mag.cli.candidates.values import list_columns

    sign = typed[: typed.startswith("-")]
    return [each._replace(value=sign + each.value) for each in list_columns(typed[len(sign) :], place.store)]


def list_last_keys(typed: str, place: Cursor) -> list[Candidate]:
    """Return the keys that the last one of several, with commas between them, may become.

    Where there are overrides, as in a sweep, theirs are meant.
    """
    head, comma, start = typed.rpartition(",")
    if "words" in place.given:
        keys = (word.partition("=")[0].lstrip("+") for word in place.given["words"] or () if "=" in word)
        found = [Candidate(key) for key in keys if key.startswith(start)]
    else:
        found = list_keys(start, place)
    before = head.split(",")
    return [each._replace(value=f"{head}{comma}{each.value}") for each in found if each.value not in before]


def list_metrics(typed: str, place: Cursor) -> list[Candidate]:
    """Return the results, and what else can be measured of every experiment, that a word may become."""
    from mag.cli.candidates.values import list_columns

    return list_columns(typed, place.store, ("results", "fact"))


def list_sweeps(typed: str, place: Cursor) -> list[Candidate]:
    """Return the ids of sweeps that a word may become, the newest first."""
    from mag.record.sweeps import list_ids

    return [Candidate(name) for name in list_ids(place.store) if name.startswith(typed)]


def list_names(typed: str, place: Cursor) -> list[Candidate]:
    """Return the experiments that the word after `--only` may become, or the files after `--space`."""
    return list_experiment_words(typed, place) if place.parameter == "only" else list_paths(typed)


def list_causes(typed: str, place: Cursor) -> list[Candidate]:  # noqa: ARG001  (the same everywhere)
    """Return the causes that the last one of several, with commas between them, may become."""
    from mag.run.tasks import RETRIED

    head, comma, start = typed.rpartition(",")
    before = head.split(",")
    fitting = (cause for cause in RETRIED if cause.startswith(start) and cause not in before)
    return [Candidate(f"{head}{comma}{cause}") for cause in fitting]


def list_recorded_overrides(typed: str, place: Cursor) -> list[Candidate]:
    """Return what an override of an experiment's recorded config may become."""
    from mag.cli.candidates.overrides import list_overrides, surround
    from mag.record.store import Store

    found = Store(place.store.root).find(place.given["reference"])
    return list_overrides(typed, surround(found.config, place.given[place.parameter] or ()), several=False)


def list_places(typed: str, place: Cursor) -> list[Candidate]:
    """Return the files and folders that a path may become; after `--dir` folders alone."""
    return list_folders(typed) if place.parameter == "directory" else list_paths(typed)


def list_topics(typed: str, _place: Cursor) -> list[Candidate]:
    """Return what there is a page of help on: topics and commands."""
    from mag.cli.help import TOPICS
    from mag.cli.pages import COMMANDS

    words = {**dict.fromkeys(TOPICS, "a topic"), **COMMANDS}
    return [Candidate(word, text) for word, text in words.items() if word.startswith(typed)]


def list_spaces(typed: str, place: Cursor) -> list[Candidate]:
    """Return the names of spaces, or files, that the last of several spaces may become."""
    from mag.plans.space_files import FOLDER

    before, comma, last = typed.rpartition(",")
    root = _find_configs(place)
    files = [file for folder in (root.parent / FOLDER, root / FOLDER) for file in sorted(folder.glob("*.yaml"))]
    names = dict.fromkeys(file.stem for file in files if file.stem.startswith(last))
    return [Candidate(f"{before}{comma}{name}") for name in names] or list_places(typed, place)


def list_primaries(typed: str, place: Cursor) -> list[Candidate]:
    """Return the primary configs that a word may become."""
    names = sorted(file.stem for file in _find_configs(place).glob("*.yaml"))
    return [Candidate(name) for name in names if name.startswith(typed)]


def _find_configs(place: Cursor) -> Path:
    """Return the folder of the configs of the app that is meant, or where it would be."""
    from mag.cli.candidates.values import locate_app
    from mag.cli.project import split_app
    from mag.settings import find_settings

    cwd = Path.cwd()
    spec, _ = split_app(place.given.get("words") or ())
    app = place.app or locate_app(None if place.app else spec, cwd, find_settings(cwd))
    return app.config_path if app is not None and app.config_path is not None else cwd / "configs"


COMPLETERS: dict[str, Callable[[str, Cursor], list[Candidate]]] = {
    "APP OVERRIDES": list_app_words,
    "OVERRIDES": list_recorded_overrides,
    "EXPERIMENT": list_experiment_words,
    "FILTERS": list_filter_words,
    "SWEEP": list_sweeps,
    "SWEEP NUMBER": list_sweeps,
    "SWEEP | EXPERIMENT": lambda typed, place: list_sweeps(typed, place) + list_experiment_words(typed, place),
    "KEY": list_keys,
    "KEYS": list_last_keys,
    "METRIC": list_metrics,
    "METRIC ROWS COLS": list_keys,
    "NAME": list_names,
    "CAUSES": list_causes,
    "FILE": list_places,
    "SPACE": list_spaces,
    "CONFIG": list_primaries,
    "DIR": lambda typed, _: list_folders(typed),
    "A": list_experiment_words,
    "A B C": list_experiment_words,
    "CHANGES FILTERS": list_filter_words,
    "EXPERIMENTS FILTERS": lambda typed, place: list_experiment_words(typed, place) + list_filter_words(typed, place),
    "EXPERIMENTS +TAG -TAG": list_experiment_words,
    "TEXT": lambda _typed, _place: [],
    "APP": list_app_words,
    "TOPIC": list_topics,
    "PATH": list_places,
}
"""What may stand in each kind of word, brackets and dots left out: from what is typed and where, to the candidates."""


def find_completer(metavar: str | None) -> Callable[[str, Cursor], list[Candidate]] | None:
    """Return what completes the words that the help calls by a name; None where the name says nothing.

    >>> find_completer("[FILTERS]...") is list_filter_words
    True
    """
    return COMPLETERS.get(re.sub(r"[\[\].]", "", metavar or ""))
