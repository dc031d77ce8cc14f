"""The mould: configs of one shape, made from each other.

Making a `DictConfig` takes a millisecond for every few dozen values. The experiments of a sweep mostly have the same
keys and differ in a few values, so that a supervisor keeps one config and replaces what differs. Each child has a
copy of its own, by its fork.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mag.config.view import make_view

if TYPE_CHECKING:
    from omegaconf import DictConfig

_SCALARS = {bool, int, float, str, type(None)}

Change = tuple[tuple[Any, ...], Any]
"""The keys that lead to a value, and the value."""


class Mould:
    """Makes configs, the next from the last where they have the same shape.

    A config is only good until the next one is made.
    """

    def __init__(self) -> None:
        self._plain: dict[str, Any] = {}
        self._config: DictConfig | None = None

    def cast(self, plain: dict[str, Any]) -> "DictConfig":
        """Return a plain, resolved config as `make_view` would."""
        before, config = self._plain, self._config
        self._config = None  # whatever is raised meanwhile: no half-made config is used again
        self._config = make_view(plain) if config is None or not _apply(config, before, plain) else config
        self._plain = plain
        return self._config


def _apply(config: "DictConfig", before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Change the config from one plain form to another; return whether that can be done.

    The values are put into OmegaConf's own nodes, whose type is that of no declared field (`AnyNode`). Its public way,
    `config.a.b = value`, writes to 150 pages of memory, each of which the fork has made dear.
    """
    from omegaconf import AnyNode  # noqa: PLC0415

    try:
        changes = [(_find_node(config, keys), value) for keys, value in list_changes(before, after)]
    except ValueError:
        return False
    if any(type(node) is not AnyNode for node, _ in changes):
        return False
    for node, value in changes:
        node._val = value  # noqa: SLF001
    return True


def _find_node(config: "DictConfig", keys: tuple[Any, ...]) -> Any:
    node: Any = config
    for key in keys:
        node = node._get_node(key, validate_access=False)  # noqa: SLF001
    return node


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
