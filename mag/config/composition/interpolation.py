"""References: the interpolations that configs mostly hold, resolved without OmegaConf.

They are `${model.C}`, `${..seed}`, `${oc.env:HOME}` and `${oc.env:HOME,/tmp}`, alone or inside a text. What is more
than that (other resolvers, nested interpolations, escapes) is left to OmegaConf, whose meaning these have too.
"""

import os
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from mag.config.composition.keys import ABSENT, find_child, find_value, join_path, list_keys, walk
from mag.config.composition.merging import MISSING, copy_value
from mag.config.flat import spell_key
from mag.errors import ConfigError, InterpolationError, MissingValueError
from mag.patterns import compile_lazily
from mag.suggestion import name_nearest

_REFERENCE = compile_lazily(
    r"\$\{\s*(?:(?P<dots>\.*)(?P<key>(?:[\w-]+\.)*[\w-]+)"
    r"|oc\.env:\s*(?P<variable>[A-Za-z_]\w*)\s*"
    r"(?:,\s*(?!(?i:true|false|null|inf|nan)\b)(?P<default>(?:\.{0,2}/|[A-Za-z_])[\w./-]*)\s*)?)\s*\}"
)
_PLAIN = compile_lazily(rf"(?:[^$\\]|\$(?!\{{)|{_REFERENCE.pattern})*")
_MAX_SIZE = 1_000_000
_SETTLED = frozenset({int, float, bool, type(None)})

_Path: TypeAlias = tuple[str, ...]


def is_reference(text: str) -> bool:
    """Tell whether all interpolations of a text are such references.

    >>> is_reference("run-${model.C}"), is_reference("${oc.env:HOME}"), is_reference("${oc.decode:'[1]'}")
    (True, True, False)
    """
    return _PLAIN.fullmatch(text) is not None


class References:
    """Resolves the references of one config."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._known: dict[_Path, Any] = {}
        self._active: list[_Path] = []
        self._size = 0

    def resolve(self) -> Any:
        """Return a copy of the config with every reference replaced by its value.

        Raises:
            ConfigError: A reference names nothing, or in the end itself; a `MissingValueError` where it names a `???`.
        """
        return self._resolve(self._config, ())

    def resolve_path(self, path: tuple[Any, ...]) -> Any:
        """Return what the value comes to that keys, of their own types, and indices lead to."""
        value: Any = self._config
        for name in path:
            value = value[name]
        return self._resolve(value, tuple(map(spell_key, path)))

    def _resolve(self, value: Any, path: _Path) -> Any:
        if isinstance(value, dict):
            self._count(len(value), path)
            return {
                key: item if type(item) in _SETTLED else self._resolve(item, (*path, spell_key(key)))
                for key, item in value.items()
            }
        if isinstance(value, list):
            self._count(len(value), path)
            return [self._resolve(item, (*path, str(index))) for index, item in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return self._resolve_text(value, path)
        return value

    def _resolve_text(self, text: str, path: _Path) -> Any:
        if path in self._known:
            return self._known[path]
        if path in self._active:
            loop = " -> ".join(".".join(each) for each in [*self._active[self._active.index(path) :], path])
            raise ConfigError(f"{_describe(path, text)}, which leads back to itself: {loop}")
        self._active.append(path)
        match = _REFERENCE.fullmatch(text)
        if match is None:
            value = _REFERENCE.sub(lambda match: str(self._refer(match, path, text)), text)
        else:
            value = self._refer(match, path, text)
        self._active.pop()
        if not isinstance(value, dict | list):  # a container is made anew for every place, so that none is shared
            self._known[path] = value
            self._count(len(str(value)), path)
        return value

    def _refer(self, match: re.Match[str], path: _Path, text: str) -> Any:
        """Return the resolved value that a reference in the text at a path names."""
        if match["variable"]:
            return self._read_variable(match, path, text)
        dots = len(match["dots"])
        value: Any = self._config if dots <= len(path) else ABSENT
        place: _Path = ()
        settled = False
        for name in (*path[: len(path) - dots if dots else 0], *match["key"].split(".")):
            if isinstance(value, str) and "${" in value and not settled:
                value, settled = self._resolve_text(value, place), True
            value = find_child(value, name)
            place = (*place, name)
        if value is ABSENT:
            raise ConfigError(self._explain_unknown(match, path, text))
        if isinstance(value, str) and value == MISSING:
            missing = ".".join(place)
            raise MissingValueError(f"{_describe(path, text)}, but {missing} is still ???; type {missing}=VALUE")
        return copy_value(value) if settled else self._resolve(value, place)

    def _read_variable(self, match: re.Match[str], path: _Path, text: str) -> str:
        value = os.environ.get(match["variable"], match["default"])
        if value is None:
            raise ConfigError(
                f"{_describe(path, text)}, but the environment variable {match['variable']} is not set; "
                f"set it, or write ${{oc.env:{match['variable']},default}}"
            )
        return value

    def _explain_unknown(self, match: re.Match[str], path: _Path, text: str) -> str:
        near = name_nearest(match["key"], list_keys(self._config))
        hint = f", did you mean ${{{near}}}?" if near else ""
        return f"{_describe(path, text)}, but there is no value {match['dots']}{match['key']}{hint}"

    def _count(self, size: int, path: _Path) -> None:
        self._size += size
        if self._size > _MAX_SIZE:
            raise ConfigError(
                f"the interpolations expand to more than {_MAX_SIZE:,} values and characters, at {'.'.join(path)}; "
                "let fewer of them refer to each other"
            )


def _describe(path: _Path, text: str) -> str:
    return f"{'.'.join(path)} is {text!r}"


_NOT_SET = compile_lazily(r"Environment variable '(.*)' not found")
_NO_RESOLVER = compile_lazily(r"Unsupported interpolation type (\S+)")
_NO_KEY = compile_lazily(r"Interpolation key '(.*)' not found")


def resolve(config: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the config with every interpolation replaced by its value.

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


def has_interpolations(config: Any) -> bool:
    """Tell whether a value in a config is an interpolation, or may be.

    >>> has_interpolations({"a": [1, "${b}"]})
    True
    """
    return any("${" in text for text in _texts(config))


def find_missing(config: dict[str, Any]) -> list[str]:
    """Return the dotted keys of the values that are still `???`, in the order of the config.

    >>> find_missing({"seed": "???", "model": {"C": "???", "gamma": 1}})
    ['seed', 'model.C']
    """
    return [join_path(path) for path, value in walk(config) if isinstance(value, str) and value == MISSING]


def _texts(value: Any) -> Iterator[str]:
    return (item for _, item in walk(value) if isinstance(item, str))


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
    key = re.sub(r"\[(\d+)\]", r".\1", str(error.full_key or ""))
    text = find_value(config, key) if key else ABSENT
    said = f"{key} is {text!r}, but" if isinstance(text, str) else f"{key or 'the config'} cannot be resolved:"
    message = str(error).partition("\n")[0]
    if type(error).__name__ == "GrammarParseError":
        return _explain_misspelling(config)
    return _explain_unknown(type(error).__name__, said, message, config)


def _explain_unknown(kind: str, said: str, message: str, config: dict[str, Any]) -> ConfigError:
    if match := _NOT_SET.search(message):
        return ConfigError(
            f"{said} the environment variable {match[1]} is not set; set it, or write ${{oc.env:{match[1]},default}}"
        )
    if match := _NO_RESOLVER.search(message):
        return ConfigError(
            f"{said} there is no resolver {match[1]!r}; there are oc.env, oc.select, oc.decode, oc.create, "
            "oc.dict.keys, oc.dict.values and those that the app registers with OmegaConf.register_resolver"
        )
    if match := _NO_KEY.search(message):
        near = name_nearest(match[1].lstrip("."), list_keys(config))
        hint = f", did you mean ${{{near}}}?" if near else ""
        return ConfigError(f"{said} there is no value {match[1]}{hint}")
    if "issing mandatory value" in message:
        return MissingValueError(f"{said} what it refers to is still ???")
    if kind == "InterpolationResolutionError":
        name, mark, why = message.partition(" raised while resolving interpolation: ")
        return InterpolationError(f"{said} its resolver raised {name}: {why}" if mark else f"{said} {_begin(message)}")
    return ConfigError(f"{said} {_begin(message)}")


def _begin(message: str) -> str:
    return f"{message[:1].lower()}{message[1:]}"


def _explain_misspelling(config: dict[str, Any]) -> ConfigError:
    """Return the error for the first interpolation that cannot be read."""
    from omegaconf.errors import GrammarParseError  # noqa: PLC0415 - start-up is a feature
    from omegaconf.grammar_parser import parse  # noqa: PLC0415

    for path, text in walk(config):
        try:
            if isinstance(text, str) and "${" in text:
                parse(text)
        except GrammarParseError:
            key = join_path(path)
            return InterpolationError(
                f"{key} is {text!r}, which is not a complete interpolation: write ${{KEY}} or ${{RESOLVER:ARGUMENT}}, "
                f"or \\${{ where the text itself is meant; `mag config --explain {key}` tells where it stands"
            )
    return InterpolationError("an interpolation cannot be read: write ${KEY} or ${RESOLVER:ARGUMENT}")


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
