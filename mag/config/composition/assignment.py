"""Assignment: value overrides, one after the other, on a composed config, as the schemas in it allow.

`key=v` changes what is there, `+key=v` adds what is not, `++key=v` does either, `~key` deletes. A mapping merges into
a mapping; everything else replaces. An integer given for a float is that float, so `lr=1` and `lr=1.0` are the same.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from mag.config.composition.defaults import Defaults
from mag.config.composition.keys import ABSENT, KeyPath, find_value, follow_key, join_path, list_keys, name_new
from mag.config.composition.merging import MISSING, copy_value
from mag.config.documents.reader import MAX_DEPTH
from mag.config.flat import split_spelled
from mag.config.language.lexer import write_word
from mag.config.language.override import Override, format_value
from mag.config.schema import Schema, Schemas
from mag.errors import OverrideError
from mag.suggestion import list_names, name_nearest


def assign_values(
    config: dict[str, Any],
    overrides: Sequence[Override],
    suggest: Callable[[Override], str] | None = None,
    can_add: Callable[[Override], bool] | None = None,
) -> dict[str, Any]:
    """Return a copy of the config, with the overrides applied in order.

    Raises:
        OverrideError: An override names what is not there, or adds what is.
    """
    changed: dict[str, Any] = copy_value(config)
    for override in overrides:
        _Assignment(changed, override, suggest, can_add).apply()
    return changed


class _Assignment:
    """One override at work on a config that it may change."""

    def __init__(
        self,
        config: dict[str, Any],
        override: Override,
        suggest: Callable[[Override], str] | None = None,
        can_add: Callable[[Override], bool] | None = None,
    ) -> None:
        self._config = config
        self._override = override
        self._suggest = suggest
        self._can_add = can_add
        if len(split_spelled(override.key)) > MAX_DEPTH:
            self._refuse(f"the key is nested deeper than {MAX_DEPTH} levels")

    def apply(self) -> None:
        """Change the config as the override says."""
        override, operation = self._override, self._override.operation
        if not override.key:
            self._refuse_empty_key()
        adding = operation in {"add", "force"}
        path, missing = follow_key(self._config, override.key)
        if missing:
            holder, name = self._make_holder(path, missing, create=adding)
            current: Any = ABSENT
        else:
            holder, name = self._at(path[:-1]), path[-1]
            current = holder[name]
        if operation == "delete":
            self._delete(holder, name, current)
        elif operation == "add" and not self._is_addable(current):
            text = write_word(override.text.removeprefix("+"))
            self._refuse(f"{override.key} is there already ({_show(current)}); type {text} to change it")
        else:
            value = copy_value(override.value, len(path) + len(missing))
            holder[name] = self._merged(current, value, override.key, closed=not adding)

    def _at(self, path: KeyPath) -> Any:
        value: Any = self._config
        for name in path:
            value = value[name]
        return value

    def _make_holder(self, path: KeyPath, missing: list[str], *, create: bool) -> tuple[Any, Any]:
        """Return the mapping that a new key goes into, made where `+` asks for it, and the key's name there."""
        holder = self._at(path)
        if not isinstance(holder, dict | list):
            self._check_scalar(join_path(path), holder, ".".join(missing), create=create)
            holder = self._at(path[:-1])[path[-1]] = {}
        if not create or isinstance(holder, list):
            self._refuse_unknown(holder, path, missing)
        for name in missing[:-1]:
            holder = holder.setdefault(name_new(holder, name), {})
        return holder, name_new(holder, missing[-1])

    def _check_scalar(self, place: str, value: Any, rest: str, *, create: bool) -> None:
        """Refuse to go on from a value that is neither a mapping nor a list, unless it is to become one."""
        if isinstance(value, str) and "${" in value:
            target = f"{value[2:-1]}.{rest}" if value.startswith("${") and value.endswith("}") else "that"
            self._refuse(f"{place} is {value}, so there is nothing of its own to change; change {target} instead")
        if not create:
            added = write_word(f"+{self._override.text}")
            advice = "" if self._override.operation == "delete" else f"; to make it one type {added}"
            self._refuse(f"{place} is {_show(value)}, which is no mapping{advice}")

    def _is_addable(self, current: Any) -> bool:
        return (
            current is ABSENT or current is None or current == MISSING or isinstance(self._override.value, dict | list)
        )

    def _delete(self, holder: Any, name: Any, current: Any) -> None:
        if self._override.has_value and self._override.value != current:
            deleted = write_word(f"~{self._override.key}")
            self._refuse(f"{self._override.key} is {_show(current)}; type {deleted} to delete it all the same")
        del holder[name]

    def _merged(self, current: Any, value: Any, key: str, *, closed: bool) -> Any:
        if isinstance(value, dict) and isinstance(current, dict):
            for name, item in value.items():
                old = current.get(name, ABSENT)
                inner = f"{key}.{name}"
                if old is ABSENT and closed:
                    self._refuse(
                        f"there is no key {inner}, {key} has: {list_names(map(str, current))}; "
                        f"type {write_word('+' + self._override.text)} to add it"
                    )
                current[name] = self._merged(old, item, inner, closed=closed)
            return current
        if isinstance(value, dict | list) and isinstance(current, dict | list) and type(value) is not type(current):
            kinds = {dict: "a mapping", list: "a list"}
            self._refuse(
                f"{key} is {kinds[type(current)]}, which {kinds[type(value)]} cannot replace; "
                f"type {write_word('~' + key)} {write_word(f'+{key}={format_value(value)}')} to delete it first"
            )
        if type(value) is int and type(current) is float:
            return _as_float(value)
        return value

    def _refuse_unknown(self, holder: Any, path: KeyPath, missing: list[str]) -> NoReturn:
        override, key, place = self._override, self._override.key, join_path(path)
        if isinstance(holder, list):
            advice = ""
            if len(missing) == 1 and override.has_value:
                longer = write_word(f"{place}={format_value([*holder, override.value])}")
                advice = f"; type {longer} to replace it"
            self._refuse(f"{place} is a list of {len(holder)} without an element {missing[0]}{advice}")
        if self._suggest is not None and (better := self._suggest(override)):
            self._refuse(f"there is no key {key}; {better}")
        near = name_nearest(key, list_keys(self._config))
        known = f"{place} has" if place else "at the top there are"
        hint = f", did you mean {near}?" if near else f", {known}: {list_names(map(str, holder))};"
        if override.operation == "delete" or (self._can_add is not None and not self._can_add(override)):
            self._refuse(f"there is no key {key}{hint.rstrip(';')}")
        self._refuse(f"there is no key {key}{hint} to add it type {write_word('+' + override.text)}")

    def _refuse_empty_key(self) -> NoReturn:
        text = self._override.text
        keys = sorted(list_keys(self._config), key=lambda key: key.count("."))
        example = next((key for key in keys if not isinstance(find_value(self._config, key), dict | list)), "lr")
        before, equal, after = text.partition("=")
        place = f"before {equal!r}" if equal else f"after {before!r}"
        self._refuse(f"a key is missing {place}; type one, as in {before}{example}{equal}{after}")

    def _refuse(self, problem: str) -> NoReturn:
        raise OverrideError(f"{self._override.text}: {problem}")


def _as_float(value: int) -> float | int:
    try:
        number = float(value)
    except OverflowError:
        return value
    return number if number == value else value


def _show(value: Any) -> str:
    text = format_value(value)
    return text if len(text) <= 60 else f"{text[:60]}..."  # noqa: PLR2004


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
