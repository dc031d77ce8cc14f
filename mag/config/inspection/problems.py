"""Problems of a config: where a value is missing, cannot be resolved, or is not what the schema says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT
from mag.config.documents.marks import shorten
from mag.config.inspection.origins import Origins
from mag.config.language.override import Override
from mag.errors import ConfigError, SchemaError
from mag.patterns import compile_lazily

Severity: TypeAlias = Literal["error", "warning", "note"]

_PLACE = compile_lazily(r"(?P<file>[^:'\"]+?\.ya?ml)(?::(?P<line>\d+))?(?::)? (?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or worth knowing.

    Attributes:
        severity: An `error` cannot run; a `warning` probably means something else than it says; a `note` is what
            can be meant as it is.
        file: The file to look into.
        line: The line to look at, from 1; None where the whole file is meant.
        text: What it is, and what to do about it.
    """

    severity: Severity
    file: Path
    line: int | None
    text: str


def place_message(message: str, file: Path) -> tuple[Path, int | None, str]:
    """Return the file and line that a message begins with, and the rest of it.

    >>> place_message("configs/db.yaml:3: a tab cannot indent YAML", Path("config.yaml"))
    (PosixPath('configs/db.yaml'), 3, 'a tab cannot indent YAML')
    """
    match = _PLACE.fullmatch(message)
    if match is None:
        return file, None, message
    return Path(match["file"]), int(match["line"]) if match["line"] else None, match["text"]


def locate_error(error: SchemaError, composer: Composer, overrides: Sequence[Override]) -> SchemaError:
    """Return an error of the schema with the file and line of its value, or the override that gave it."""
    place = locate_value(error.key, composer, overrides)
    return SchemaError(f"{place}: {error}", error.key) if place else error


def locate_interpolation(error: ConfigError, composer: Composer, overrides: Sequence[Override]) -> None:
    """Put the file and line of a value before what is wrong with its interpolation; nothing before other errors."""
    key = re.match(r"(\S+) is (?=['\"].*\$\{)", str(error))
    if key and (place := locate_value(key[1], composer, overrides)):
        error.args = (f"{place}: {error}",)


def locate_value(key: str, composer: Composer, overrides: Sequence[Override]) -> str:
    """Return the file and line of the value at a key, or the override that gave it; empty where a schema did."""
    origins = Origins(composer.without_schemas(), _keep_known(composer, overrides))
    names = key.split(".")
    for end in range(len(names), 0, -1):
        found = origins.explain(".".join(names[:end]))
        steps = [step for step in found.steps if step.value is not ABSENT] if found else []
        if steps and (place := steps[-1].place):
            return f"{shorten(place.file)}:{place.line}"
        if steps and steps[-1].override:
            return steps[-1].override
    return ""


def _keep_known(composer: Composer, overrides: Sequence[Override]) -> list[Override]:
    """Return the overrides with those of keys that only the schema has as if they added them."""
    known = []
    for override in overrides:
        plain = override.operation == "set" and not composer.is_group_override(override)
        known.append(replace(override, operation="force") if plain else override)
    return known
