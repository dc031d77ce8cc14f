"""Merging: the files of a config, one after the other, into one tree of plain dicts and lists.

Mappings merge key by key; everything else replaces, except that `???` never hides a value that is there already.
"""

from collections.abc import Iterable
from typing import Any

from mag.config.composition.defaults import Part
from mag.config.documents.reader import MAX_DEPTH
from mag.errors import ConfigError
from mag.patterns import compile_lazily

MISSING = "???"
_REFERENCE = compile_lazily(r"\$\{\s*([^${}:\s]+)\s*\}")


def merge_parts(parts: Iterable[Part]) -> dict[str, Any]:
    """Return the config that the files make together.

    Raises:
        ConfigError: A mapping meets a list, or a list would be the whole config.
    """
    config: dict[str, Any] = {}
    for part in parts:
        content = part.document.content
        names = part.package.split(".") if part.package else []
        if not names and not isinstance(content, dict):
            raise ConfigError(
                f"{part.document.path} is a list, which cannot be the whole config; "
                "give it a place with '# @package key'"
            )
        if len(names) > MAX_DEPTH:
            raise ConfigError(f"{part.document.path}: its package is nested deeper than {MAX_DEPTH} levels")
        for name in reversed(names):
            content = {name: content}
        try:
            _merge(config, content, config, ())
        except ConfigError as error:
            raise ConfigError(f"{part.document.path}: {error}") from None
    config.pop("hydra", None)  # settings of Hydra itself, which its own configs are full of
    return config


def copy_value(value: Any, depth: int = 0) -> Any:
    """Return a copy of a plain value that shares nothing with it.

    Raises:
        ConfigError: It is nested too deep.
    """
    if isinstance(value, dict):
        if depth > MAX_DEPTH:
            raise ConfigError(f"the config is nested deeper than {MAX_DEPTH} levels")
        return {
            key: copy_value(item, depth + 1) if isinstance(item, dict | list) else item for key, item in value.items()
        }
    if isinstance(value, list):
        if depth > MAX_DEPTH:
            raise ConfigError(f"the config is nested deeper than {MAX_DEPTH} levels")
        return [copy_value(item, depth + 1) if isinstance(item, dict | list) else item for item in value]
    return value


def _merge(target: dict[Any, Any], source: dict[Any, Any], root: dict[Any, Any], path: tuple[Any, ...]) -> None:
    for key, value in source.items():
        if key not in target:
            target[key] = copy_value(value, len(path))
            continue
        old = target[key]
        if isinstance(value, dict):
            if isinstance(old, list):
                raise ConfigError(_describe((*path, key), "a list", "a mapping"))
            if not isinstance(old, dict):
                old = target[key] = _referred(old, root)
            _merge(old, value, root, (*path, key))
        elif isinstance(value, list):
            if isinstance(old, dict):
                raise ConfigError(_describe((*path, key), "a mapping", "a list"))
            target[key] = copy_value(value, len(path))
        elif value != MISSING:
            target[key] = value


def _referred(old: Any, root: dict[Any, Any]) -> dict[Any, Any]:
    """Return what a mapping merges into where a scalar stood: a copy of the mapping that it refers to, if any."""
    match = _REFERENCE.fullmatch(old) if isinstance(old, str) else None
    if match is None:
        return {}
    value: Any = root
    for name in match[1].split("."):
        if not isinstance(value, dict) or name not in value:
            return {}
        value = value[name]
    return copy_value(value) if isinstance(value, dict) else {}


def _describe(path: tuple[Any, ...], before: str, now: str) -> str:
    return f"{'.'.join(map(str, path))} is {before} in an earlier file, and {now} here; they cannot be merged"
