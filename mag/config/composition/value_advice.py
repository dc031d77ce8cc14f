"""Advice on values: overrides of a value that were meant as something else, and what to type instead."""

from collections.abc import Mapping
from typing import Any

from mag.config.composition.groups import Library
from mag.config.composition.keys import ABSENT, find_value, list_keys
from mag.config.language.lexer import write_word
from mag.config.language.override import Override
from mag.errors import ConfigError, OverrideError
from mag.suggestion import list_names, name_nearest


def check_value(override: Override, config: Mapping[str, Any], keys: Mapping[str, str], library: Library) -> None:
    """Refuse a value override that was meant as the choice of a group, or as a setting of Hydra.

    Raises:
        OverrideError: It was meant otherwise; the message says what to type.
    """
    key = override.key
    if key.startswith(("hydra.", "hydra/")) or key == "hydra":
        raise OverrideError(
            f"{override.text}: mag has no settings below 'hydra'; its own are options, see mag sweep --help"
        )
    if "/" in key or override.package is not None:
        raise OverrideError(_explain_no_group(override, config, library))
    if override.operation not in {"set", "add"} or not isinstance(override.value, str):
        return
    group = key.replace(".", "/")
    if key in keys or library.has_group(group):
        _check_choice(override, config, keys.get(key), group, library)


def _check_choice(
    override: Override, config: Mapping[str, Any], chosen: str | None, group: str, library: Library
) -> None:
    """Refuse `model.optimizer=adam` where the group model/optimizer exists, and no text stands there so far."""
    current = find_value(config, override.key)
    if current is not ABSENT and not isinstance(current, dict):
        return
    if chosen is not None:
        known = library.options(chosen.partition("@")[0])
        option = _name_option(override.value, known)
        others = "" if option in known else f"; it has: {list_names(known)}"
        raise OverrideError(
            f"{override.text}: {override.key} is filled by the choice of a config group; "
            f"type {write_word(f'{chosen}={option}')} to choose another option{others}"
        )
    options = library.options(group)
    if override.operation == "set" or override.value in options:
        near = _name_option(override.value, options)
        forced = f"++{override.key}={override.text.partition('=')[2]}"
        raise OverrideError(
            f"{override.text}: {group} is a config group; type {write_word(f'+{group}={near}')} to add an option, of: "
            f"{list_names(options)}; or {write_word(forced)} if the text is meant"
        )


def _name_option(value: str, options: tuple[str, ...]) -> str:
    name = value.removesuffix(".yaml")
    return name if name in options else name_nearest(name, options) or (*options, "OPTION")[0]


def suggest_instead(override: Override, keys: Mapping[str, str], library: Library) -> str:
    """Return what to type instead of an override whose key does not exist; empty if nothing comes close."""
    if override.operation != "set":
        return ""
    names = override.key.replace(".", "/")
    for group in library.groups() if isinstance(override.value, str) else ():
        if group.endswith(f"/{names}") and override.value in library.options(group):
            choice = next((key for key in keys.values() if key.partition("@")[0] == group), f"+{group}")
            return f"{group} is a config group, type {write_word(f'{choice}={override.value}')} to choose that option"
    if isinstance(override.value, str) and "." not in override.key:
        having = [group for group in library.groups() if override.value in library.options(group)]
        if len(having) == 1:
            choice = next((key for key in keys.values() if key.partition("@")[0] == having[0]), f"+{having[0]}")
            better = write_word(f"{choice}={override.value}")
            return f"{override.value} is an option of the config group {having[0]}, type {better} to choose it"
    options = find_options_with(override.key, keys, library)
    if not options:
        return ""
    others = f" (so have {list_names(name.partition('=')[2] for name in options[1:])})" if options[1:] else ""
    return f"{options[0]} has one{others}, type {write_word(options[0])} {write_word(override.text)}"


def find_options_with(key: str, keys: Mapping[str, str], library: Library) -> list[str]:
    """Return the choices, as they are typed, of options that have a value at a key."""
    for package, choice in keys.items():
        if package and key.startswith(f"{package}."):
            options = _list_options_with(key.removeprefix(f"{package}."), choice.partition("@")[0], library)
            if options:
                return [f"{choice}={option}" for option in options]
    return []


def _list_options_with(key: str, group: str, library: Library) -> list[str]:
    """Return the options of a group whose own files have a value at a key."""
    found = []
    for option in library.options(group):
        try:
            document = library.read(f"{group}/{option}")
        except ConfigError:
            continue  # another option's faults are not what this is about
        if document is not None and document.package is None and find_value(document.content, key) is not ABSENT:
            found.append(option)
    return found


def _explain_no_group(override: Override, config: Mapping[str, Any], library: Library) -> str:
    key, value = override.key, override.text.partition("=")[2]
    if not key:
        return f"{override.text}: a config group is missing before '@'; there are: {list_names(library.groups())}"
    dotted = key.replace("/", ".")
    sign = override.text[: len(override.text) - len(override.text.lstrip("+~"))]
    rest = f"={value}" if override.has_value else ""
    if find_value(config, dotted) is not ABSENT:
        return f"{override.text}: {key} is no config group but a value; type {write_word(f'{sign}{dotted}{rest}')}"
    groups = library.groups()
    last = key.rpartition("/")[2]
    if not any(group.rpartition("/")[2] == last for group in groups):
        for name in list_keys(config):
            if name.rpartition(".")[2] == last and not isinstance(find_value(config, name), dict):
                better = write_word(f"{sign}{name}{rest}")
                return f"{override.text}: there is no config group {key}; for the value type {better}"
    near = name_nearest(key, groups)
    hint = f", did you mean {near}?" if near else "; there are:"
    return f"{override.text}: there is no config group {key}{hint} {'' if near else list_names(groups)}".rstrip()
