"""Frozen configs: read-only containers whose copies can be changed.

Both flags hold without being stored, so that no copy has them, nor what OmegaConf merges from a frozen config.
"""

import copy
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import ReadonlyConfigError

_FLAGS = frozenset({"readonly", "struct"})
_ADVICE = "the config is what the record says of this experiment; change a copy, config = copy.deepcopy(config)"


class FrozenDict(DictConfig):
    """A mapping that nobody changes by mistake."""

    def _get_flag(self, flag: str) -> bool | None:
        return _hold_flag(super()._get_flag(flag), flag)

    def _format_and_raise(
        self, key: Any, value: Any, cause: Exception, msg: str | None = None, type_override: Any = None
    ) -> Any:  # nothing, which OmegaConf 2.3 and 2.4 declare differently
        super()._format_and_raise(key, value, cause, _advise(cause, msg), type_override)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return _open(super().__deepcopy__(memo))

    def __copy__(self) -> DictConfig:
        return copy.deepcopy(self)


class FrozenList(ListConfig):
    """A list that nobody changes by mistake."""

    def _get_flag(self, flag: str) -> bool | None:
        return _hold_flag(super()._get_flag(flag), flag)

    def _format_and_raise(
        self, key: Any, value: Any, cause: Exception, msg: str | None = None, type_override: Any = None
    ) -> Any:  # nothing, which OmegaConf 2.3 and 2.4 declare differently
        super()._format_and_raise(key, value, cause, _advise(cause, msg), type_override)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return _open(super().__deepcopy__(memo))

    def __copy__(self) -> ListConfig:
        return copy.deepcopy(self)


def freeze(config: DictConfig) -> DictConfig:
    """Make a config read-only, and closed for other keys; return it."""
    pending: list[Any] = [config]
    while pending:
        node = pending.pop()
        object.__setattr__(node, "__class__", FrozenDict if isinstance(node, DictConfig) else FrozenList)
        content = node.__dict__["_content"]
        inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
        pending += [each for each in inner if isinstance(each, DictConfig | ListConfig)]
    return config


def _hold_flag(value: bool | None, flag: str) -> bool | None:
    return True if value is None and flag in _FLAGS else value


def _advise(cause: Exception, message: str | None) -> str | None:
    return f"{message or cause}: {_ADVICE}" if isinstance(cause, ReadonlyConfigError) else message


def _open(copied: Any) -> Any:
    """Return a copy that can be changed; one of a part of a config would inherit the flags."""
    value = None if copied.__dict__["_parent"] is None else False
    OmegaConf.set_readonly(copied, value)
    OmegaConf.set_struct(copied, value)
    return copied
