"""Candidates for a word: apps, columns, experiments and files."""

import os
import re
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mag.app import App
from mag.app.modules import Module
from mag.app.source import Decorated, read_source, seems_app
from mag.compare.columns import Catalog, Column, Kind, collect_columns
from mag.compare.filters import STATUSES
from mag.compare.rows import FACTS, MISSING, Row, format_value, read_rows
from mag.errors import UsageError
from mag.patterns import compile_lazily
from mag.record.paths import StorePaths
from mag.record.store import Store
from mag.settings import Settings


class Candidate(NamedTuple):
    """One way to go on.

    Attributes:
        value: The whole word, as the program is to get it: not quoted for any shell.
        help: What shells that can show it show beside it, a few words.
        partial: Whether more must follow in the same word, as after `key=`: then no space does.
    """

    value: str
    help: str = ""
    partial: bool = False


_LARGEST = 1 << 20


def locate_app(spec: str | None, cwd: Path, settings: Settings) -> App | None:
    """Return the app that a command means, as `mag.app.find_app` does, but without importing anything."""
    if spec is not None:
        return _read_app(spec, cwd)
    if settings.app and settings.root:
        return _read_app(settings.app, settings.root)
    files = [path for path in sorted(cwd.glob("*.py")) if read_decorated(path)]
    return _read_app(files[0].name, cwd) if len(files) == 1 else None


def _read_app(spec: str, base: Path) -> App | None:
    target, _, wanted = spec.partition(":")
    file = base / (target if target.endswith(".py") else f"{target.replace('.', '/')}.py")
    fitting = [each for each in read_decorated(file) if wanted in {"", each.name}]
    configs = fitting[0].configs if len(fitting) == 1 else None
    if configs is None:
        return None
    path, name = configs
    return App(spec, Module(file, base), fitting[0].name, None if path is None else file.parent / path, name)


def list_apps(typed: str) -> list[Candidate]:
    """Return the apps that a word may become, and the folders that may lead to some."""
    apps: list[Candidate] = []
    for path in list_paths(typed.partition(":")[0], lambda entry: entry.is_dir() or entry.name.endswith(".py")):
        if path.partial:
            apps += [path] if typed and _leads_to_python(path.value) else []
            continue
        functions = [each.name for each in read_decorated(Path(path.value))]
        named = len(functions) > 1 or ":" in typed
        names = [f"{path.value}:{function}" for function in functions] if named else [path.value][: len(functions)]
        apps += [Candidate(name, "app") for name in names if name.startswith(typed)]
    return apps


def _leads_to_python(folder: str) -> bool:
    return any(Path(folder).glob("*.py")) or any(Path(folder).glob("*/*.py"))


def read_decorated(file: Path) -> list[Decorated]:
    """Return the functions of a file that use `@mag.main`; of one that cannot be read, or does not parse, none."""
    try:
        readable = os.path.getsize(file) <= _LARGEST and seems_app(file)
        return list(read_source(file).decorated.values()) if readable else []
    except (OSError, UsageError):
        return []


ALL_KINDS: tuple[Kind, ...] = ("config", "choices", "results", "fact")
"""The kinds of columns, in the order in which they are offered."""

_READ = 200  # experiments that are looked into: a Tab is no time to read a hundred thousand records
_LAST_VALUE = compile_lazily(r"((?:.*,)?)(.*)", re.DOTALL)
_NOTES: dict[Kind, str] = {"config": "config", "choices": "config group", "results": "result", "fact": "how it ran"}


def list_filters(typed: str, store: StorePaths) -> list[Candidate]:
    """Return what a filter such as `C=1,10` may become."""
    rows = _read_some(store)
    key, equals, value = typed.partition("=")
    if not equals:
        found = _list_columns(key, collect_columns(rows), ALL_KINDS)
        return [each._replace(value=f"{each.value}=", partial=True) for each in found]
    match = _LAST_VALUE.fullmatch(value)
    head, start = match.groups() if match else ("", value)
    before = head.split(",")
    texts = (text for text in _list_texts(key, rows) if text.startswith(start) and text not in before)
    return [Candidate(f"{key}={head}{text}") for text in texts]


def list_columns(typed: str, store: StorePaths, kinds: Sequence[Kind] = ALL_KINDS) -> list[Candidate]:
    """Return the keys that a word may become, of configs, of results and of what every experiment has."""
    return _list_columns(typed, collect_columns(_read_some(store)), kinds)


def _read_some(store: StorePaths) -> list[Row]:
    return read_rows(islice(Store(store.root), _READ))


def _list_columns(typed: str, catalog: Catalog, kinds: Sequence[Kind]) -> list[Candidate]:
    keys: dict[Kind, Sequence[str]] = {
        "config": catalog.config,
        "choices": catalog.choices,
        "results": catalog.results,
        "fact": tuple(FACTS),
    }
    named = ((catalog.label(Column(kind, key)), _NOTES[kind]) for kind in kinds for key in keys[kind])
    return [Candidate(name, note) for name, note in named if name.startswith(typed)]


def _list_texts(key: str, rows: Sequence[Row]) -> list[str]:
    """Return the values that some experiments have for a key, as one would type them."""
    if key == "status":
        return list(STATUSES)
    try:
        column = collect_columns(rows).find(key)
    except UsageError:
        return []
    values = (column.read(row) for row in rows)
    return list(dict.fromkeys(format_value(value) for value in values if value is not MISSING))


_IDENTITY = compile_lazily(r"[0-9a-f]{4,64}")


def list_experiments(typed: str, store: StorePaths) -> list[Candidate]:
    """Return the names of experiments that a word may become, or folders if it looks like a path.

    Where no name begins so, an identity may, once the word has the length at which a look-up takes it for one.
    """
    if "/" in typed:
        return list_folders(typed)
    try:
        with os.scandir(store.root) as entries:
            names = sorted(entry.name for entry in entries if entry.name.startswith(typed))
    except OSError:
        return []
    found = [Candidate(name) for name in names if os.path.exists(store.experiment(name).record)]
    return found if found or not _IDENTITY.fullmatch(typed) else _list_identities(typed, store)


def _list_identities(typed: str, store: StorePaths) -> list[Candidate]:
    """Return the identities that begin so, each with the experiment's name."""
    from mag.record.store import Store

    entries = [e for e in Store(store.root) if e.record is not None and e.record.identity.startswith(typed)]
    return [Candidate(e.record.identity, e.record.identifier) for e in entries if e.record is not None]


def list_paths(typed: str, keep: Callable[[os.DirEntry[str]], bool] = lambda _: True) -> list[Candidate]:
    """Return the files and folders that a typed path may become, in the order of names; a folder is a partial one."""
    head, slash, start = typed.rpartition("/")
    folder = f"{head}{slash}"
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as found:
            entries = [entry for entry in found if _begins(entry.name, start) and keep(entry)]
    except OSError:
        return []
    return [
        Candidate(f"{folder}{entry.name}/", partial=True) if entry.is_dir() else Candidate(f"{folder}{entry.name}")
        for entry in sorted(entries, key=lambda entry: entry.name)
    ]


def list_folders(typed: str) -> list[Candidate]:
    """Return the folders that a typed path may become."""
    return list_paths(typed, lambda entry: entry.is_dir())


def _begins(name: str, start: str) -> bool:
    return name.startswith(start) and (not name.startswith(".") or start.startswith("."))
