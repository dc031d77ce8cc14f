"""Interpolation: every `${...}` of a composed config becomes the value that it stands for.

Plain references are resolved here; OmegaConf is only imported for a config that uses more of its language, such as
resolvers (`${oc.env:HOME}`), nested interpolations or escapes.
"""

import re
from collections.abc import Iterator
from typing import Any

from mag.config.composition.keys import list_keys
from mag.config.composition.merging import MISSING, copy_value
from mag.config.composition.references import References, is_reference
from mag.errors import ConfigError, MissingValueError
from mag.patterns import compile_lazily
from mag.suggestion import name_nearest

_NOT_SET = compile_lazily(r"Environment variable '(.*)' not found")
_NO_RESOLVER = compile_lazily(r"Unsupported interpolation type (\S+)")
_NO_KEY = compile_lazily(r"Interpolation key '(.*)' not found")


def resolve(config: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the config in which every interpolation is the value that it stands for.

    Args:
        config: Plain dicts and lists.

    Returns:
        Plain dicts and lists; a value that is still `???` stays so.

    Raises:
        ConfigError: An interpolation stands for nothing; the message names the key and what is written there.

    >>> resolve({"model": {"C": 10}, "name": "svm-${model.C}", "C": "${model.C}"})
    {'model': {'C': 10}, 'name': 'svm-10', 'C': 10}
    """
    texts = [text for text in _texts(config) if "${" in text]
    if not texts:
        return dict(copy_value(config))
    try:
        if all(map(is_reference, texts)):
            return dict(References(config).resolve())
        return _resolve_all(config)
    except RecursionError:
        raise ConfigError("the interpolations refer to each other through too many steps; shorten the chain") from None


def resolve_value(config: dict[str, Any], key: str) -> Any:
    """Return what the value at one key comes to; the rest of the config may be beyond resolving.

    Args:
        config: Plain dicts and lists.
        key: The dotted key of a value.

    Raises:
        ConfigError: It stands for nothing; the message names the key and what is written there.

    >>> resolve_value({"a": "${b}", "b": 1, "c": "${nothing}"}, "a")
    1
    """
    if all(is_reference(text) for text in _texts(config) if "${" in text):
        return References(config).resolve_key(key)
    from omegaconf import OmegaConf  # noqa: PLC0415 - start-up is a feature
    from omegaconf.errors import OmegaConfBaseException  # noqa: PLC0415

    try:
        value = OmegaConf.select(OmegaConf.create(config), key, throw_on_missing=True)
        plain = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
    except OmegaConfBaseException as error:
        raise explain_error(error, config) from None
    return check_plain(plain, key)


def has_interpolations(config: Any) -> bool:
    """Tell whether a value in a config is an interpolation, or may be.

    >>> has_interpolations({"a": [1, "${b}"]})
    True
    """
    return any("${" in text for text in _texts(config))


def find_missing(config: dict[str, Any]) -> list[str]:
    """Return the dotted keys of the values that are still `???`, in the order of the config.

    Args:
        config: Plain dicts and lists.

    >>> find_missing({"seed": "???", "model": {"C": "???", "gamma": 1}})
    ['seed', 'model.C']
    """
    return [key for key, value in _leaves(config, "") if isinstance(value, str) and value == MISSING]


def _leaves(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, dict | list):
            yield from _leaves(item, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", item


def _texts(value: Any) -> Iterator[str]:
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict | list):
            yield from _texts(item)


def _resolve_all(config: dict[str, Any]) -> dict[str, Any]:
    from omegaconf import OmegaConf  # noqa: PLC0415 - start-up is a feature
    from omegaconf.errors import OmegaConfBaseException  # noqa: PLC0415

    try:
        resolved = OmegaConf.to_container(OmegaConf.create(config), resolve=True)
    except OmegaConfBaseException as error:
        raise explain_error(error, config) from None
    return {key: check_plain(value, str(key)) for key, value in dict(resolved).items()}  # type: ignore[arg-type]


def explain_error(error: Any, config: dict[str, Any]) -> ConfigError:
    """Return what an error of OmegaConf means, with the key and what is written there."""
    if isinstance(error, RecursionError):
        return ConfigError("the interpolations refer to each other through too many steps; shorten the chain")
    key = re.sub(r"\[(\d+)\]", r".\1", str(error.full_key or ""))
    text = dict(_leaves(config, "")).get(key)
    said = f"{key} is {text!r}, but" if text is not None else f"{key or 'the config'} cannot be resolved:"
    message = str(error).partition("\n")[0]
    if type(error).__name__ == "GrammarParseError":
        return _explain_misspelling(config)
    if match := _NOT_SET.search(message):
        return ConfigError(
            f"{said} the environment variable {match[1]} is not set; set it, or write ${{oc.env:{match[1]},default}}"
        )
    if match := _NO_RESOLVER.search(message):
        return ConfigError(
            f"{said} there is no resolver {match[1]!r}; there are oc.env, oc.select, oc.decode, oc.create, "
            "oc.dict.keys, oc.dict.values and those that OmegaConf.register_resolver was given"
        )
    if match := _NO_KEY.search(message):
        near = name_nearest(match[1].lstrip("."), list_keys(config))
        hint = f", did you mean ${{{near}}}?" if near else ""
        return ConfigError(f"{said} there is no value {match[1]}{hint}")
    if "issing mandatory value" in message:
        return MissingValueError(f"{said} what it refers to is still ???")
    return ConfigError(f"{said} {message[:1].lower()}{message[1:]}")


def _explain_misspelling(config: dict[str, Any]) -> ConfigError:
    """Return the error of the first text in which an interpolation cannot be read."""
    from omegaconf.errors import GrammarParseError  # noqa: PLC0415 - start-up is a feature
    from omegaconf.grammar_parser import parse  # noqa: PLC0415

    for key, text in _leaves(config, ""):
        try:
            if isinstance(text, str) and "${" in text:
                parse(text)
        except GrammarParseError:
            return ConfigError(
                f"{key} is {text!r}, which is no whole interpolation: write ${{KEY}} or ${{RESOLVER:ARGUMENT}}, or "
                f"\\${{ where the text itself is meant; `mag config --explain {key}` tells where it stands"
            )
    return ConfigError("an interpolation cannot be read: write ${KEY} or ${RESOLVER:ARGUMENT}")


def check_plain(value: Any, key: str) -> Any:
    """Return what a resolver made as plain data, or refuse it: a config is written to disk."""
    if isinstance(value, dict):
        return {name: check_plain(item, f"{key}.{name}") for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [check_plain(item, f"{key}.{index}") for index, item in enumerate(value)]
    if value is None or type(value) in {bool, int, float, str}:
        return value
    raise ConfigError(
        f"{key} resolves to a {type(value).__name__}, which no config file can hold; "
        "let its resolver return a text, a number, a list or a mapping"
    )
