r"""References: the interpolations that configs mostly hold, resolved without OmegaConf.

They are `${model.C}`, `${..seed}`, `${oc.env:HOME}` and `${oc.env:HOME,/tmp}`, alone or inside a text. What is more
than that (other resolvers, nested interpolations, escapes) is left to OmegaConf, whose meaning these have too.
"""

import os
import re
from typing import Any, TypeAlias

from mag.config.composition.keys import ABSENT, find_child, find_value, list_keys
from mag.config.composition.merging import MISSING, copy_value
from mag.config.language.override import format_value
from mag.errors import ConfigError, MissingValueError
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

    Args:
        text: A text of a config, with interpolations.

    >>> is_reference("run-${model.C}"), is_reference("${oc.env:HOME}"), is_reference("${oc.decode:'[1]'}")
    (True, True, False)
    """
    return _PLAIN.fullmatch(text) is not None


class References:
    """Resolves the references of one config.

    Args:
        config: Plain dicts and lists, of which all interpolations are such references.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._known: dict[_Path, Any] = {}
        self._active: list[_Path] = []
        self._size = 0

    def resolve(self) -> Any:
        """Return a copy of the config in which every reference is the value that it names.

        Raises:
            ConfigError: A reference names nothing, or in the end itself; a `MissingValueError` where it names a `???`.
        """
        return self._resolve(self._config, ())

    def resolve_key(self, key: str) -> Any:
        """Return what the value at one key comes to.

        Args:
            key: The dotted key of a value that is there.

        Raises:
            ConfigError: As for `resolve`.
        """
        return self._resolve(find_value(self._config, key), tuple(key.split(".")))

    def resolve_path(self, path: tuple[Any, ...]) -> Any:
        """Return what the value comes to that keys, of their own types, and indices lead to."""
        value: Any = self._config
        for name in path:
            value = value[name]
        return self._resolve(value, tuple(map(_name, path)))

    def _resolve(self, value: Any, path: _Path) -> Any:
        if isinstance(value, dict):
            self._count(len(value), path)
            return {
                key: item if type(item) in _SETTLED else self._resolve(item, (*path, _name(key)))
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
            raise ConfigError(f"{_describe(path, text)}, which refers to itself in the end: {loop}")
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


def _name(key: Any) -> str:
    return key if isinstance(key, str) else format_value(key)
