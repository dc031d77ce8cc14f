"""The selection: what the overrides of a command ask of the config groups, before any file is read."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from mag.config.composition.groups import Library
from mag.config.documents.entries import Entry, Option, find_bad_path, join_package, name_choice
from mag.config.language.lexer import write_word
from mag.config.language.override import Choice, Override
from mag.errors import OverrideError
from mag.suggestion import list_names


class GroupSelection(NamedTuple):
    """Which options the overrides choose.

    Attributes:
        chosen: The option of each choice that is changed (`db=mysql`), by the choice's key.
        added: The choices that are added (`+db=mysql`).
        deleted: The choices that are dropped (`~db`, `~db=mysql`), with the option they must have, if any.
        texts: What was typed, by the key of the choice.
    """

    chosen: Mapping[str, Option] = MappingProxyType({})
    added: tuple[Entry, ...] = ()
    deleted: Mapping[str, str | None] = MappingProxyType({})
    texts: Mapping[str, str] = MappingProxyType({})


def selects_option(override: Override, library: Library) -> bool:
    """Tell whether an override chooses an option of a group, as opposed to setting a value."""
    values = override.sweep.values if isinstance(override.sweep, Choice) else (override.value,)
    if any(isinstance(value, dict) for value in values):
        return False
    if library.has_group(override.key):
        return True
    group, slash, _ = override.key.rpartition("/")
    return override.operation == "delete" and slash == "/" and library.has_group(group)


def read_selection(overrides: Sequence[Override], library: Library) -> GroupSelection:
    """Return what the overrides choose; of two that change the same choice the later one counts.

    Raises:
        OverrideError: An override is not of the form that a group takes, or contradicts another.
    """
    chosen: dict[str, Option] = {}
    added: list[Entry] = []
    deleted: dict[str, str | None] = {}
    texts: dict[str, str] = {}
    for override in overrides:
        key = name_selected(override)
        if override.operation == "force":
            name = override.text.removeprefix("++")
            raise OverrideError(
                f"{override.text}: ++ is for values; type {write_word(name)} to change the choice of a group, "
                f"{write_word('+' + name)} to add one"
            )
        if override.operation == "delete":
            deleted[key] = _deleted_option(override, library)
        elif override.operation == "add":
            added.append(Entry(f"/{override.key}", _option(override, library), package=_absolute(key)))
        else:
            chosen[key] = _option(override, library)
        texts[key] = override.text
    _check_contradictions(chosen, added, deleted)
    return GroupSelection(chosen, tuple(added), deleted, texts)


def name_selected(override: Override) -> str:
    """Return the key of the choice that an override of a group is about, such as `db@backup`.

    Raises:
        OverrideError: Its key is no path of a group.
    """
    problem = find_bad_path(override.key)
    if problem:
        raise OverrideError(f"{override.text}: {override.key} is no group, {problem}")
    if override.package is None:
        return override.key
    return name_choice(override.key, join_package("", override.package))


def _absolute(key: str) -> str | None:
    """Return the package of a key as a defaults list would write it."""
    _, at, package = key.partition("@")
    return f"_global_.{package}" if at else None


def _option(override: Override, library: Library) -> Option:
    value = override.value
    options = library.options(override.key)
    if isinstance(value, list):
        return tuple(_check_option(override, _as_option(override, one, options), options) for one in value)
    typed = override.text.partition("=")[2].strip()
    return _check_option(override, _as_option(override, typed if typed in options else value, options), options)


def _as_option(override: Override, value: Any, options: tuple[str, ...]) -> str:
    """Return the option that a value names: a file may be called `3.yaml` or `true.yaml`."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list | dict) and str(value) in options:
        return str(value)
    drop = f"; to drop the choice type {write_word('~' + override.key)}" if value is None else ""
    raise OverrideError(
        f"{override.text}: {override.key} is a config group; its options are: {list_names(options)}{drop}"
    )


def _check_option(override: Override, option: str, options: tuple[str, ...]) -> str:
    if "${" not in option and find_bad_path(f"x/{option}"):
        raise OverrideError(
            f"{override.text}: {option!r} is no name of an option; {override.key} has: {list_names(options)}"
        )
    return option


def _deleted_option(override: Override, library: Library) -> str | None:
    if not override.has_value or override.value is None:
        return None
    return _as_option(override, override.value, library.options(override.key))


def _check_contradictions(chosen: Mapping[str, Option], added: Sequence[Entry], deleted: Mapping[str, Any]) -> None:
    for key in (*chosen, *(entry.key("", "") for entry in added)):
        if key in deleted:
            raise OverrideError(
                f"{key} is both chosen and deleted; type only {write_word('~' + key)} to delete it, or leave that out"
            )
