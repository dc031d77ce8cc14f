"""Confusion: value overrides that were meant as something else, and what to type for that."""

from collections.abc import Mapping
from typing import Any

from mag.config.keys import ABSENT, find_value
from mag.config.library import Library
from mag.config.override import Override
from mag.config.suggestion import list_names, name_nearest
from mag.errors import OverrideError


def check_value(override: Override, config: Mapping[str, Any], keys: Mapping[str, str], library: Library) -> None:
    """Refuse a value override that was meant as the choice of a group, or as a setting of Hydra.

    Args:
        override: An override that is not the choice of a group.
        config: The config before any value is assigned.
        keys: The choice that fills each package.
        library: The config files that there are.

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
        raise OverrideError(
            f"{override.text}: {override.key} is filled by the choice of a config group; "
            f"type {chosen}={override.value} to choose another option"
        )
    options = library.options(group)
    if override.operation == "set" or override.value in options:
        near = override.value if override.value in options else name_nearest(override.value, options) or "<option>"
        raise OverrideError(
            f"{override.text}: {group} is a config group; type +{group}={near} to add an option, of: "
            f"{list_names(options)}; or ++{override.key}={override.text.partition('=')[2]} if the text is meant"
        )


def _explain_no_group(override: Override, config: Mapping[str, Any], library: Library) -> str:
    key, value = override.key, override.text.partition("=")[2]
    dotted = key.replace("/", ".")
    if find_value(config, dotted) is not ABSENT:
        sign = override.text[: len(override.text) - len(override.text.lstrip("+~"))]
        rest = f"={value}" if override.has_value else ""
        return f"{override.text}: {key} is no config group but a value; type {sign}{dotted}{rest}"
    groups = library.groups()
    near = name_nearest(key, groups)
    hint = f", did you mean {near}?" if near else "; there are:"
    return f"{override.text}: there is no config group {key}{hint} {'' if near else list_names(groups)}".rstrip()
