"""The view cache: the last config's `DictConfig`, changed into the next one's.

Making a `DictConfig` takes a millisecond for every fifteen values. The experiments of a sweep mostly have the same keys
and differ in a few values, so a supervisor keeps one and replaces what differs. Each child has a copy by its fork.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mag.config.view import make_view

if TYPE_CHECKING:
    from omegaconf import DictConfig

_SCALARS = {bool, int, float, str, type(None)}

Change = tuple[tuple[Any, ...], Any]
"""The keys that lead to a value, and the value."""


class ViewCache:
    """Returns views of configs, each good until the next one is asked for."""

    def __init__(self) -> None:
        self._plain: dict[str, Any] = {}
        self._view: DictConfig | None = None

    def view(self, plain: dict[str, Any]) -> "DictConfig":
        """Return a plain, resolved config as `make_view` would."""
        before, view = self._plain, self._view
        self._view = None  # no half-changed view is used again, whatever is raised
        self._view = make_view(plain) if view is None or not _change(view, before, plain) else view
        self._plain = plain
        return self._view


def _change(view: "DictConfig", before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Change the view from one plain config to another; return whether that can be done."""
    from omegaconf import flag_override  # noqa: PLC0415  (a runner never comes here)

    try:
        changes = list(list_changes(before, after))
    except ValueError:
        return False
    for keys, value in changes:
        node: Any = view
        for key in keys[:-1]:
            node = node[key]
        with flag_override(node, "readonly", False):
            node[keys[-1]] = value
    return True


def list_changes(before: Any, after: Any, keys: tuple[Any, ...] = ()) -> Iterator[Change]:
    """Yield the values that are another in `after`, a plain config of the same shape.

    Raises:
        ValueError: The shapes differ, or a text among the values means something to OmegaConf.

    >>> list(list_changes({"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 1.0, "c": [1, 3]}}))
    [(('a', 'b'), 1.0), (('a', 'c', 1), 3)]
    """
    if type(before) is dict and type(after) is dict and list(before) == list(after):
        for key, value in after.items():
            if type(key) is not str:  # 1 and true are equal, and not the same
                raise ValueError(keys)
            yield from list_changes(before[key], value, (*keys, key))
    elif type(before) is list and type(after) is list and len(before) == len(after):
        for index, value in enumerate(after):
            yield from list_changes(before[index], value, (*keys, index))
    elif type(before) not in _SCALARS or type(after) not in _SCALARS or _is_special(before) or _is_special(after):
        raise ValueError(keys)
    elif type(before) is not type(after) or before != after or (type(after) is float and repr(before) != repr(after)):
        yield keys, after


def _is_special(value: Any) -> bool:
    return type(value) is str and ("${" in value or "???" in value)
