"""Typing: which schema holds where in the config that one choice of options makes."""

from collections.abc import Iterator, Sequence
from typing import Any

from mag.config.composition.defaults import Defaults
from mag.config.composition.keys import find_value, follow_key
from mag.config.schema import Schema, Schemas


class Typing:
    """The schemas of one choice of options, each with its place in the config."""

    def __init__(self, schemas: Schemas, defaults: Defaults) -> None:
        self._whole = schemas.whole
        self._inner = [*_place_schemas(schemas, defaults)]

    def complete(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return a config with the schemas' defaults where it lacks a key; those of an option count first."""
        for package, schema in self._inner:
            content = find_value(config, package) if package else config
            if isinstance(content, dict):
                config = _put(config, package, schema.complete(content))
        return config if self._whole is None else self._whole.complete(config)

    def convert(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return a config with every value of the type that the schemas say.

        Raises:
            SchemaError: A value is of another type, or a key is unknown.
        """
        for package, schema in self._inner:
            content = find_value(config, package) if package else config
            if isinstance(content, dict):
                config = _put(config, package, schema.convert(content, package))
        return config if self._whole is None else self._whole.convert(config)


def _place_schemas(schemas: Schemas, defaults: Defaults) -> Iterator[tuple[str, Schema]]:
    """Yield the schemas of the chosen options with their packages; of several options in one, only if all have one."""
    found: dict[tuple[str, str], list[Schema | None]] = {}
    for part in defaults.parts:
        if part.key is not None and part.node is not None:
            found.setdefault((part.key, part.package), []).append(schemas.options.get(part.node.path))
    for (_, package), options in found.items():
        known = [schema for schema in options if schema is not None]
        if len(known) == len(options):
            yield package, _join(known)


def _join(schemas: Sequence[Schema]) -> Schema:
    """Return the schema of options that are merged: the keys of all, each as the last one has it."""
    if len(schemas) == 1:
        return schemas[0]
    fields = {key: field for schema in schemas for key, field in schema.fields.items()}
    return Schema(" and ".join(schema.name for schema in schemas), fields)


def _put(config: dict[str, Any], package: str, content: dict[Any, Any]) -> dict[str, Any]:
    """Return the config with other content at a package."""
    if not package:
        return content
    *holders, last = follow_key(config, package)[0]
    holder: Any = config
    for name in holders:
        holder = holder[name]
    holder[last] = content
    return config
