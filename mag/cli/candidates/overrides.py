"""Overrides as candidates: what the overrides before the cursor make of the configs."""

import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from mag.app import App
from mag.cli.candidates.values import Candidate, list_paths
from mag.config.composition.composer import Composer
from mag.config.composition.keys import find_value
from mag.config.language.grammar import read_override
from mag.config.language.override import Override, format_value
from mag.config.secrets import MASK, mask
from mag.errors import ConfigError, OverrideError
from mag.patterns import compile_lazily

_MOST_FOLDERS = 200


class Surroundings(NamedTuple):
    """What can be overridden.

    Attributes:
        composer: Knows the groups and their options.
        root: The folder of the configs; None where there is none.
        config: The composed config, secrets masked; empty where nothing can be composed yet.
        chosen: The chosen option of each choice, such as `model` or `db@backup`, several as a list; None where nothing
            can be composed yet.
        given: What is overridden already: the overrides up to their `=`.
    """

    composer: Composer
    root: Path | None
    config: dict[str, Any]
    chosen: dict[str, Any] | None
    given: frozenset[str]

    def list_groups(self, typed: str) -> list[str]:
        """Return the groups in the folder that has been typed: `model`, `model/kernel` after `model/`.

        A group of which only inner groups have options ends in `/`.
        """
        if self.root is None:
            return []
        above = typed.rpartition("/")[0]
        names = [f"{above}/{name}" if above else name for name in _list_folders(self.root / above)]
        with_options = [name for name in names if self.composer.options(name)]
        return with_options + [f"{name}/" for name in names if self._holds_groups(self.root / name, name)]

    def _holds_groups(self, folder: Path, name: str) -> bool:
        return any(self.composer.options(f"{name}/{inner}") for inner in _list_folders(folder))


def survey(app: App, texts: Sequence[str], secrets: Sequence[str] = ()) -> Surroundings:
    """Return what can be overridden after some overrides; those that do not compose are left out."""
    composer = app.compose_from()
    overrides = _choose_composable(composer, [override for text in texts for override in _read(text)])
    given = _read_keys(texts)
    try:
        config, chosen = composer.compose(overrides), composer.choices(overrides)
    except ConfigError:  # such as a choice that is still open
        return Surroundings(composer, app.config_path, {}, None, given)
    return Surroundings(composer, app.config_path, mask(config, secrets), chosen, given)


def surround(config: dict[str, Any], texts: Sequence[str]) -> Surroundings:
    """Return what can be overridden of a config alone, without the files that it came from."""
    return Surroundings(Composer(None, None), None, config, {}, _read_keys(texts))


def _read_keys(texts: Sequence[str]) -> frozenset[str]:
    return frozenset(text.partition("=")[0] for text in texts)


def _list_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder; only the first few where configs lie amid thousands of others."""
    try:
        with os.scandir(folder) as entries:
            names = (entry.name for entry in entries if entry.is_dir() and not entry.name.startswith((".", "_")))
            return sorted(islice(names, _MOST_FOLDERS))
    except OSError:
        return []


def _read(text: str) -> list[Override]:
    try:
        override = read_override(text)
        return [override.with_value(override.values[0]) if override.is_sweep else override]
    except (ConfigError, IndexError):
        return []


def _choose_composable(composer: Composer, overrides: Sequence[Override]) -> list[Override]:
    """Return the overrides without those that keep the others from being composed."""
    chosen = list(overrides)
    try:
        composer.compose(chosen)
    except ConfigError:
        chosen = []
        for override in overrides:
            try:
                composer.compose([*chosen, override])
            except ConfigError:
                continue
            chosen.append(override)
    return chosen


_OVERRIDE = compile_lazily(r"(\+\+|\+|~|)([^=]*)(=?)(.*)", re.DOTALL)
_PLAIN_KEY = compile_lazily(r"[^\W\d][\w-]*")
_LAST_VALUE = compile_lazily(r"((?:.*[,\[(])?)(.*)", re.DOTALL)
_BETWEEN_VALUES = compile_lazily(r"[,\[\]()]")
_TELLS_NOTHING = ("", "???", MASK)
_WIDEST_HELP = 40
_NOTHING: dict[str, Any] = {}


def list_overrides(typed: str, around: Surroundings, *, several: bool) -> list[Candidate]:
    """Return what an override that has been begun may become."""
    match = _OVERRIDE.fullmatch(typed)
    sign, key, equals, value = match.groups() if match else ("", typed, "", "")
    if equals:
        head = typed[: len(typed) - len(value)]
        group = key.partition("@")[0]
        options = around.composer.options(group) if sign != "++" and around.composer.is_group(group) else ()
        known = _know_options(options, (around.chosen or {}).get(key)) or _know_values(find_value(around.config, key))
        found = _list_values(value, known, several=several, paths=not options)
        return [each._replace(value=head + each.value) for each in found]
    named = [each._replace(value=sign + each.value) for each in _list_keys(sign, key, around)]
    return [each for each in named if each.value.removesuffix("=") not in around.given]


def _list_keys(sign: str, typed: str, around: Surroundings) -> list[Candidate]:
    """Return what a key may become: choices up to the next slash, keys up to the next dot."""
    found: list[Candidate] = []
    if sign == "+":
        found += [_step(name, typed, "=") for name in around.list_groups(typed) if name not in (around.chosen or ())]
    elif sign != "++":
        choices = dict.fromkeys(around.list_groups(typed), _NOTHING) if around.chosen is None else around.chosen
        found += [_step(name, typed, "" if sign == "~" else "=", option) for name, option in choices.items()]
    head, dot, _ = typed.rpartition(".")
    held = find_value(around.config, head) if dot else around.config
    if isinstance(held, dict):
        names = {f"{head}{dot}{key}": value for key, value in held.items() if _PLAIN_KEY.fullmatch(str(key))}
        found += [each for name, value in names.items() for each in _end_key(sign, name, value)]
    unique: dict[str, Candidate] = {}
    for each in found:
        if each.value.startswith(typed):
            unique.setdefault(each.value, each)
    return list(unique.values())


def _step(name: str, typed: str, end: str, option: Any = _NOTHING) -> Candidate:
    """Return the name of a choice up to the next slash."""
    slash = name.find("/", len(typed))
    if slash >= 0:
        return Candidate(name[: slash + 1], partial=True)
    return Candidate(name + end, _describe(option), partial=bool(end))


def _end_key(sign: str, name: str, value: Any) -> Iterator[Candidate]:
    """Yield a key with what may follow it."""
    if isinstance(value, dict):
        yield Candidate(f"{name}.", partial=True)
    if sign == "~":
        yield Candidate(name, _describe(value))
    elif sign != "+" and not isinstance(value, dict):
        yield Candidate(f"{name}=", _describe(value), partial=True)


def _describe(value: Any) -> str:
    try:
        text = "" if isinstance(value, dict) else format_value(value)
    except OverrideError:
        return ""
    return text if len(text) <= _WIDEST_HELP else f"{text[: _WIDEST_HELP - 1]}…"


def _list_values(value: str, known: dict[str, str], *, several: bool, paths: bool) -> list[Candidate]:
    """Return how a value may go on; of several, the last, without repeating those before it."""
    if any(text.startswith("[") for text in known):  # a list is one value, commas and all
        return [Candidate(text, note) for text, note in known.items() if text.startswith(value)]
    match = _LAST_VALUE.fullmatch(value)
    head, typed = match.groups() if match else ("", value)
    depth = sum(head.count(mark) for mark in "[(") - sum(head.count(mark) for mark in "])")
    if "{" in value or (head.endswith(",") and not depth and not several):
        return []
    before = set(_BETWEEN_VALUES.split(head))
    fitting = {text: note for text, note in known.items() if text.startswith(typed) and text not in before}
    found = [Candidate(head + text, note, partial=depth > 0) for text, note in fitting.items()]
    if typed and paths and ("/" in typed or not found):
        paths_found = (path for path in list_paths(typed) if path.value not in fitting)
        found += [path._replace(value=head + path.value) for path in paths_found]
    return found


def _know_options(options: tuple[str, ...], chosen: Any) -> dict[str, str]:
    """Return the options of a group, with what is said of them."""
    several = chosen if isinstance(chosen, list) else [chosen]
    return {option: "chosen" if option in several else "" for option in options}


def _know_values(value: Any) -> dict[str, str]:
    """Return the values that the current one suggests, itself first, each with a description."""
    if isinstance(value, bool):
        return {format_value(value): "current", format_value(not value): ""}
    try:
        text = format_value(value)
    except OverrideError:  # there is no such key
        return {}
    return {} if value in _TELLS_NOTHING or isinstance(value, dict) or "${" in text else {text: "current"}
