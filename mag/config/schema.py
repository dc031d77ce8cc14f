"""Schemas: the types of a config, read from dataclasses into plain data, and configs converted by them.

A value is converted by OmegaConf's rules: an integer or a text that reads as a number becomes a float where one is
expected, `"1"` an integer, a number a text; a float never becomes an integer. An enum's member is kept by its name, a
path as its text, so that a config stays plain data.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from mag.errors import SchemaError
from mag.suggestion import list_names, name_nearest

MISSING = "???"
NOTHING = object()
_TRUE = frozenset({"yes", "y", "on", "true", "t", "1"})
_FALSE = frozenset({"no", "n", "off", "false", "f", "0"})


@dataclasses.dataclass(frozen=True, slots=True)
class Scalar:
    """A value of one type: `int`, `float`, `bool`, `str`, `null`, or `any`."""

    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few values, as of an enum or a Literal.

    Attributes:
        values: What is kept in the config.
        aliases: Other spellings, each with what it stands for.
    """

    values: tuple[Any, ...]
    aliases: tuple[tuple[Any, Any], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Items:
    """A list; of so many items if it has a length."""

    item: "Kind"
    length: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping with any keys of one kind."""

    item: "Kind"
    key: "Kind" = Scalar("any")


@dataclasses.dataclass(frozen=True, slots=True)
class Either:
    """A value of any of several kinds."""

    kinds: "tuple[Kind, ...]"


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A key of a schema: what is expected, and the value that it has if none is given."""

    kind: "Kind"
    default: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Schema:
    """A mapping with known keys.

    Attributes:
        name: What the class is called.
        fields: Its keys.
    """

    name: str
    fields: Mapping[str, Field]

    def complete(self, config: Mapping[Any, Any], defaults: Any = None) -> dict[Any, Any]:
        """Return a config with the schema's defaults where it lacks a key."""
        completed = dict(config)
        for key, field in self.fields.items():
            default = defaults.get(key, field.default) if isinstance(defaults, dict) else field.default
            value = completed.get(key, MISSING)
            inner = _find_schema(field.kind)
            if isinstance(value, dict) and inner is not None:
                completed[key] = inner.complete(value, default)
            elif value == MISSING:  # as in a file, `???` hides no value that is there
                completed[key] = _copy(default)
        return completed

    def convert(self, config: Mapping[Any, Any], place: str = "") -> dict[Any, Any]:
        """Return a config with every value of the type that the schema says; interpolations and `???` stay.

        Raises:
            SchemaError: A value is of another type, or a key is unknown.
        """
        return _convert_schema(self, config, place)


Kind: TypeAlias = Scalar | OneOf | Items | Mapped | Either | Schema


@dataclasses.dataclass(frozen=True, slots=True)
class Schemas:
    """The schemas of an app.

    Attributes:
        whole: That of the whole config, if there is one.
        options: Those of single options, by `group/option`.
    """

    whole: Schema | None = None
    options: Mapping[str, Schema] = dataclasses.field(default_factory=dict)


def describe_kind(kind: Kind) -> str:
    """Return what is expected, as a part of a sentence.

    >>> describe_kind(Either((Items(Scalar("int")), Scalar("null"))))
    'a list of int, or null'
    """
    match kind:
        case Scalar():
            return kind.name
        case OneOf():
            return f"one of {list_names(map(str, kind.values))}"
        case Items():
            many = "a list" if kind.length is None else f"a list of length {kind.length}"
            return many if kind.item == Scalar("any") else f"{many} of {describe_kind(kind.item)}"
        case Mapped():
            return "a mapping" if kind.item == Scalar("any") else f"a mapping to {describe_kind(kind.item)}"
        case Either():
            return ", or ".join(describe_kind(each) for each in kind.kinds)
        case Schema():
            return f"a mapping ({kind.name})"


def _convert(kind: Kind, value: Any, key: str) -> Any:
    if isinstance(value, str) and (value == MISSING or "${" in value):
        return value  # not known yet
    match kind:
        case Schema() if isinstance(value, dict):
            return _convert_schema(kind, value, key)
        case Mapped() if isinstance(value, dict):
            return {
                _convert(kind.key, name, f"{key}: the key"): _convert(kind.item, item, f"{key}.{name}")
                for name, item in value.items()
            }
        case Items() if isinstance(value, list) and kind.length in {None, len(value)}:
            return [_convert(kind.item, item, f"{key}.{index}") for index, item in enumerate(value)]
        case Either():
            return _convert_either(kind, value, key)
        case OneOf():
            converted = _choose(kind, value)
        case Scalar():
            converted = _SCALARS[kind.name](value)
        case _:
            converted = NOTHING
    if converted is NOTHING:
        raise SchemaError(f"{key} {_refuse(kind, value)}", key)
    return converted


def _refuse(kind: Kind, value: Any) -> str:
    near = name_nearest(value, map(str, kind.values)) if isinstance(kind, OneOf) and isinstance(value, str) else None
    hint = f": did you mean {near}?" if near else "."
    return f"is {_show(value)}, but must be {describe_kind(kind)}{hint}"


def _convert_schema(schema: Schema, config: Mapping[Any, Any], place: str) -> dict[Any, Any]:
    start = f"{place}." if place else ""
    for key in config:
        if key not in schema.fields:
            near = name_nearest(str(key), schema.fields)
            hint = f"did you mean {start}{near}?" if near else f"it has: {list_names(schema.fields)}."
            raise SchemaError(f"{start}{key} is no key of the schema {schema.name}: {hint}", f"{start}{key}")
    completed = schema.complete(config)
    return {key: _convert(schema.fields[key].kind, value, f"{start}{key}") for key, value in completed.items()}


def _convert_either(kind: Either, value: Any, key: str) -> Any:
    """Return a value as the kind that it is of already, else as the first one that it can become."""
    errors: list[SchemaError] = []
    found = []
    for each in kind.kinds:
        try:
            converted = _convert(each, value, key)
        except SchemaError as error:
            errors.append(error)
        else:
            if type(converted) is type(value) and converted == value:
                return converted
            found.append(converted)
    if found:
        return found[0]
    inner = [error for error in errors if error.key != key]
    if len(inner) == 1:  # the one kind that fits the shape of the value says what is wrong in it
        raise inner[0]
    raise SchemaError(f"{key} {_refuse(kind, value)}", key)


def _choose(kind: OneOf, value: Any) -> Any:
    for known in kind.values:
        if type(known) is type(value) and known == value:
            return known
    return next((known for alias, known in kind.aliases if type(alias) is type(value) and alias == value), NOTHING)


def _read_int(value: Any) -> Any:
    return _read_number(int, value) if type(value) in {int, str} else NOTHING


def _read_float(value: Any) -> Any:
    return _read_number(float, value) if type(value) in {float, int, str} else NOTHING


def _read_number(kind: Callable[[Any], Any], value: Any) -> Any:
    try:
        return kind(value)
    except (ValueError, OverflowError):
        return NOTHING


def _read_bool(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    return bool(value) if type(value) in {bool, int} else NOTHING


def _read_str(value: Any) -> Any:
    return str(value) if type(value) in {str, int, float, bool} else NOTHING


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
    "str": _read_str,
    "null": lambda value: value if value is None else NOTHING,
    "any": lambda value: value,
}


def _find_schema(kind: Kind) -> Schema | None:
    """Return the only schema that a mapping can be of here, if there is one."""
    kinds = kind.kinds if isinstance(kind, Either) else (kind,)
    found = [each for each in kinds if isinstance(each, Schema)]
    return found[0] if len(found) == 1 and not any(isinstance(each, Mapped) for each in kinds) else None


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _show(value: Any) -> str:
    kinds = {dict: "a mapping", list: f"the list {value}", type(None): "null", bool: str(value).lower()}
    return kinds.get(type(value), repr(value))
