"""Instances: what `_target_` in a config names, made with the values around it, as Hydra makes it.

    optimizer:
      _target_: torch.optim.Adam
      lr: 0.1

Only the experiment's own code asks for that; mag itself never makes anything of a config.
"""

import copy
import dataclasses
import functools
import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from omegaconf import DictConfig, ListConfig, OmegaConf, SCMode

from mag.errors import ConfigError

_MODES = ("none", "partial", "object", "all")
_KEYS = frozenset({"_target_", "_convert_", "_recursive_", "_partial_"})


def instantiate(config: Any, *args: Any, **overrides: Any) -> Any:
    """Return what a config describes: the object that its `_target_` makes of its values.

    Where hydra-core is installed, its own `hydra.utils.instantiate` does it.

    Args:
        config: A config, a plain dict or list, or a dataclass; None stands for None. `_target_` is the dotted name of
            what is called, `_args_` are its positional arguments, `_partial_: true` makes a `functools.partial` of it.
            Configs inside are instantiated first, unless `_recursive_: false`. `_convert_` says what is handed on of
            configs that are none: as they are ("none"), as dicts and lists but for dataclasses ("partial"), these as
            instances ("object"), or all as dicts and lists ("all").
        args: Positional arguments, in the place of `_args_`.
        overrides: Values in the place of those in the config, or beside them.

    Raises:
        ConfigError: There is no such target, a key is of the wrong kind, or the target raised, which is the cause.

    >>> instantiate({"_target_": "fractions.Fraction", "_args_": [1, 3]})
    Fraction(1, 3)
    """
    if importlib.util.find_spec("hydra") is not None:
        theirs = importlib.import_module("hydra.utils")
        return theirs.instantiate(config, *args, **overrides)
    return make_instance(config, args, overrides)


class _Manner(NamedTuple):
    """How what stands inside of a config is treated, unless it says otherwise itself."""

    convert: str = "none"
    recursive: bool = True


def make_instance(config: Any, args: Sequence[Any] = (), overrides: Mapping[str, Any] | None = None) -> Any:
    """Return what a config describes, without any help of Hydra's.

    Raises:
        ConfigError: As `instantiate` raises it.
    """
    if config is None:
        return None
    work = _copy(config)
    if overrides:
        named = {key: value for key, value in overrides.items() if isinstance(work, DictConfig) or key not in _KEYS}
        if named and not isinstance(work, DictConfig):
            raise ConfigError(f"a list takes no {next(iter(named))!r}: give values to what is in it.")
        if named:
            work = OmegaConf.merge(work, named)
    OmegaConf.resolve(work)
    given = overrides if overrides and isinstance(work, ListConfig) else {}
    manner = _Manner(_read_convert(given.get("_convert_", "none")), given.get("_recursive_", True))
    return _make(work, tuple(args), manner)


def _copy(config: Any) -> Any:
    """Return a copy of a config that can hold any object, and still finds what its interpolations refer to."""
    if isinstance(config, dict | list) or dataclasses.is_dataclass(config):
        config = OmegaConf.structured(_name_targets(config), flags={"allow_objects": True})
    if not OmegaConf.is_config(config):
        raise ConfigError(
            f"a {type(config).__name__} is no config that describes an object: give a mapping with a _target_."
        )
    copied = copy.deepcopy(config)
    copied._set_flag(["allow_objects", "struct", "readonly"], [True, False, False])  # noqa: SLF001 - no public way
    return copied


def _name_targets(value: Any) -> Any:
    """Return plain data with classes and functions given as targets replaced by dotted names."""
    if isinstance(value, dict):
        named = {key: _name_targets(item) for key, item in value.items()}
        target = named.get("_target_")
        return named | {"_target_": f"{target.__module__}.{target.__qualname__}"} if callable(target) else named
    return [_name_targets(item) for item in value] if isinstance(value, list) else value


def _make(node: Any, args: tuple[Any, ...], manner: _Manner) -> Any:
    if not OmegaConf.is_config(node):
        return node
    if OmegaConf.is_list(node):
        return None if node._is_none() else _make_list(node, manner)  # noqa: SLF001
    if node._is_none():  # noqa: SLF001
        return None
    manner = _Manner(_read_convert(node.get("_convert_", manner.convert)), _read_flag(node, "_recursive_", manner[1]))
    return _call(node, args, manner) if "_target_" in node else _make_dict(node, manner)


def _make_list(node: Any, manner: _Manner) -> Any:
    items = [_make(item, (), manner) for item in node]
    if manner.convert != "none":
        return items
    made = OmegaConf.create(items, flags={"allow_objects": True})
    made._set_parent(node)  # noqa: SLF001 - interpolations in it are relative
    return made


def _make_dict(node: Any, manner: _Manner) -> Any:
    is_plain = OmegaConf.get_type(node) in {dict, None}
    if manner.convert == "all" or (manner.convert != "none" and is_plain):
        return {key: _make(node[key], (), manner) for key in node}
    made = OmegaConf.create({}, flags={"allow_objects": True})
    for key in node:
        made[key] = _make(node[key], (), manner)
    made._set_parent(node)  # noqa: SLF001
    made._metadata.object_type = node._metadata.object_type  # noqa: SLF001
    return OmegaConf.to_object(made) if manner.convert == "object" else made


def _call(node: Any, args: tuple[Any, ...], manner: _Manner) -> Any:
    name, is_partial = node["_target_"], _read_flag(node, "_partial_", False)
    target = _locate(name) if isinstance(name, str) else name
    if not callable(target):
        raise ConfigError(f"_target_: {name} is a {type(target).__name__}, which cannot be called.")
    named = {}
    for key in node:
        if key not in _KEYS and not (is_partial and OmegaConf.is_missing(node, key)):
            value = _make(node[key], (), manner) if manner.recursive else node[key]
            named[key] = _convert(value, manner.convert)
    stored = named.pop("_args_", ())
    if isinstance(stored, str) or not isinstance(stored, Sequence):
        raise ConfigError(f"_args_ of {name} must be a list, not {stored!r}.")
    positional = args or tuple(stored)
    for value in (*positional, *named.values()):
        if OmegaConf.is_config(value):
            value._set_parent(None)  # noqa: SLF001 - all is resolved, and what holds it may be large
    try:
        return functools.partial(target, *positional, **named) if is_partial else target(*positional, **named)
    except Exception as error:
        raise ConfigError(f"{name} raised {type(error).__name__} when it was called: {error}") from error


def _convert(value: Any, mode: str) -> Any:
    if not OmegaConf.is_config(value) or mode == "none":
        return value
    kinds = {"all": SCMode.DICT, "partial": SCMode.DICT_CONFIG, "object": SCMode.INSTANTIATE}
    return OmegaConf.to_container(value, resolve=True, structured_config_mode=kinds[mode])


def _read_convert(value: Any) -> str:
    mode = str(getattr(value, "value", value)).lower()
    if mode not in _MODES:
        raise ConfigError(f"_convert_: {value} is unknown: it is none, partial, object or all.")
    return mode


def _read_flag(node: Any, key: str, otherwise: bool) -> bool:
    value = node.get(key, otherwise)
    if not isinstance(value, bool):
        raise ConfigError(f"{key}: {value!r} must be true or false.")
    return value


def _locate(name: str) -> Callable[..., Any]:
    """Return the object of a dotted name: of a module, or of something in one."""
    parts = name.split(".")
    if not all(parts):
        raise ConfigError(f"_target_: {name!r} is no dotted name, as package.module.Class is.")
    found, rest = None, parts
    for end in range(1, len(parts) + 1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError as error:
            if error.name is None or not ".".join(parts[:end]).startswith(error.name):
                raise  # a module that is there, and imports one that is not
            break
        rest = parts[end:]
    for part in rest:
        if found is None or not hasattr(found, part):
            raise ConfigError(f"_target_: {name} cannot be found: there is no {part!r} in it.")
        found = getattr(found, part)
    return found  # type: ignore[return-value]  # which is checked where it is called
