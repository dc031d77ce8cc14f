"""Annotations: what the fields of a dataclass or a pydantic model say, read into a schema.

A schema is plain data, so that a process which has not imported the user's classes can hold configs to it.
"""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import PurePath
from typing import Any

from mag.config.schema import MISSING, Either, Field, Items, Kind, Mapped, OneOf, Scalar, Schema, Schemas
from mag.errors import UsageError

_SCALARS = {int: "int", float: "float", bool: "bool", str: "str", type(None): "null", Any: "any", object: "any"}
_LISTS = (list, tuple, Sequence)
_MAPPINGS = (dict, Mapping)


def read_schemas(whole: Any, options: Mapping[str, Any] | None) -> Schemas | None:
    """Return schemas as plain data; None for none.

    Raises:
        UsageError: One is neither, or has a field of a type that no config value can be of, or with a validator.
    """
    if whole is None and not options:
        return None
    for name in options or ():
        if not isinstance(name, str) or not all(name.rpartition("/")[::2]):
            raise UsageError(f"group_schemas names {name!r}: write 'group/option', as in {{'model/svm': Svm}}.")
    read = {name: _read_class(each, f"group_schemas[{name!r}]") for name, each in (options or {}).items()}
    return Schemas(None if whole is None else _read_class(whole, "schema"), read)


def _read_class(given: Any, where: str, around: tuple[Any, ...] = ()) -> Schema:
    if not (isinstance(given, type) and _is_record(given)):
        raise UsageError(
            f"{where}={given!r} is no schema: give a class that is decorated with @dataclass, or a pydantic model."
        )
    if given in around:
        raise UsageError(f"{where}={given.__name__}: {given.__name__} contains itself, and a config cannot.")
    members = _list_members(given, where) if dataclasses.is_dataclass(given) else _list_model_members(given)
    fields = {}
    for name, hint, default in members:
        place = f"{given.__name__}.{name}"
        kind = _read_kind(hint, place, (*around, given))
        if default is MISSING:
            fields[name] = Field(kind, kind.complete({}) if isinstance(kind, Schema) else MISSING)
        else:
            fields[name] = Field(kind, _make_plain(default, place))
    return Schema(given.__name__, fields)


def _is_record(given: Any) -> bool:
    return dataclasses.is_dataclass(given) or hasattr(given, "__pydantic_decorators__")


def _list_names(given: Any) -> list[str]:
    return (
        [field.name for field in dataclasses.fields(given)]
        if dataclasses.is_dataclass(given)
        else [*given.model_fields]
    )


_Member = tuple[str, Any, Any]
"""Name, type and default of a field."""


def _list_members(given: Any, where: str) -> Iterator[_Member]:
    try:
        hints = typing.get_type_hints(given)
    except Exception as error:
        raise UsageError(f"{where}={given.__name__}: its annotations cannot be read: {error}.") from error
    for field in dataclasses.fields(given):
        default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        yield field.name, hints[field.name], MISSING if default is dataclasses.MISSING else default


def _list_model_members(given: Any) -> Iterator[_Member]:
    """Yield the fields of a pydantic model; what it would check beyond types is refused, rather than left unchecked."""
    decorators = given.__pydantic_decorators__
    for kind in ("validators", "field_validators", "root_validators", "model_validators"):
        for name in getattr(decorators, kind, ()):
            raise _refuse_check(given, f"the validator {name}")
    for name, info in given.model_fields.items():
        if info.alias or info.validation_alias:
            raise _refuse_check(given, f"another name for {name}")
        if info.metadata or "Annotated[" in repr(info.annotation):
            raise _refuse_check(given, f"constraints of {name}")
        yield name, info.annotation, MISSING if info.is_required() else info.get_default(call_default_factory=True)


def _refuse_check(given: Any, what: str) -> UsageError:
    return UsageError(
        f"The schema {given.__name__} has {what}, and mag checks types alone: give a schema without, and write "
        f"`{given.__name__}.model_validate(OmegaConf.to_container(config))` in the function."
    )


def _read_kind(hint: Any, place: str, around: tuple[Any, ...]) -> Kind:  # noqa: PLR0911 - a table of types
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _read_kind(arguments[0], place, around)
    if hint in _SCALARS:
        return Scalar(_SCALARS[hint])
    if origin in {typing.Union, types.UnionType}:
        return Either(tuple(_read_kind(each, place, around) for each in arguments))
    if origin is typing.Literal:
        return OneOf(arguments)
    if (origin or hint) in _LISTS:
        return _read_items(origin or hint, arguments, place, around)
    if (origin or hint) in _MAPPINGS:
        key, item = arguments or (Any, Any)
        return Mapped(_read_kind(item, place, around), _read_kind(key, place, around))
    return _read_named(hint, place, around)


def _read_named(hint: Any, place: str, around: tuple[Any, ...]) -> Kind:
    """Return the kind that a class is."""
    if isinstance(hint, type) and issubclass(hint, Enum):
        spellings = [(spelling, one.name) for one in hint for spelling in (one.value, str(one))]
        return OneOf(tuple(hint.__members__), tuple(spellings))
    if isinstance(hint, type) and issubclass(hint, PurePath):
        return Scalar("str")
    if isinstance(hint, type) and _is_record(hint):
        return _read_class(hint, place, around)
    raise UsageError(
        f"{place} is of type {hint!r}, which no config value can have: use int, float, bool, str, Path, an Enum, "
        f"Literal, a dataclass, a pydantic model, list, tuple, dict, Optional or a Union of these, or Any."
    )


def _read_items(origin: Any, arguments: tuple[Any, ...], place: str, around: tuple[Any, ...]) -> Items:
    if origin is not tuple or not arguments or arguments[-1] is ...:
        return Items(_read_kind(arguments[0] if arguments else Any, place, around))
    if len(set(arguments)) > 1:
        raise UsageError(f"{place} is a tuple of several types: use tuple[Any, ...], or a dataclass.")
    return Items(_read_kind(arguments[0], place, around), len(arguments))


def _make_plain(value: Any, place: str) -> Any:
    """Return a default as a config file would say it."""
    if _is_record(type(value)):
        return {name: _make_plain(getattr(value, name), place) for name in _list_names(type(value))}
    if isinstance(value, Mapping):
        return {_make_plain(key, place): _make_plain(item, place) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_make_plain(item, place) for item in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, PurePath):
        return str(value)
    if value is None or type(value) in {bool, int, float, str}:
        return value
    raise UsageError(f"The default of {place} is {value!r}, which no config can hold.")
