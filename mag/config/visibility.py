"""Visibility: which keys of a config count for its identity."""

import functools
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from mag.config.spelling import split_spelled
from mag.patterns import compile_lazily
from mag.settings import Settings

_SCALARS = frozenset({str, int, float})
"""What most values are, found before anything is asked of abstract classes."""
_RESERVED = compile_lazily(r"_[^_](.*[^_])?_")


class Visibility(NamedTuple):
    """Which keys count for the identity.

    A key of which any part begins with `_` is hidden, unless it is one that Hydra reserves, such as `_target_`.

    Attributes:
        hidden: Patterns of further keys that are hidden, such as `paths.*`; a hidden key hides what is below it.
        visible: Patterns of keys that are visible all the same, such as `*._name`.
    """

    hidden: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()

    def hides(self, key: str) -> bool:
        """Tell whether a flat key is hidden.

        >>> Visibility(("paths.*",), ("*._name",)).hides("paths.data"), Visibility((), ("*._name",)).hides("m._name")
        (True, False)
        """
        return _hides(self, key) if self.hidden or self.visible else is_hidden(key)


USUAL = Visibility()
"""What holds where the settings say nothing."""


def read_visibility(settings: Settings) -> Visibility:
    """Return what the project's settings say of which keys count."""
    return Visibility(settings.hidden, settings.visible)


def is_hidden(key: str) -> bool:
    """Tell whether any part of a dotted key begins with `_`: it is then usually no part of the identity.

    Keys that Hydra reserves, such as `_target_`, begin and end with one underscore and are visible.

    >>> is_hidden("model._device"), is_hidden("model._target_"), is_hidden("model.hidden_size")
    (True, False, False)
    """
    return "_" in key and any(part.startswith("_") and not _RESERVED.fullmatch(part) for part in split_spelled(key))


@functools.lru_cache(maxsize=4096)
def _hides(visibility: Visibility, key: str) -> bool:
    if _matches(key, visibility.visible):
        return False
    return _matches(key, visibility.hidden) or is_hidden(key)


def _matches(key: str, patterns: Sequence[str]) -> bool:
    """Tell whether a pattern is about a key, or about one that it is below."""
    return any(fnmatchcase(key, pattern) or fnmatchcase(key, f"{pattern}.*") for pattern in patterns)


def keep_visible(flat: Mapping[str, Any], visibility: Visibility = USUAL, place: str = "") -> dict[str, Any]:
    """Return the flat config without its hidden keys, those of dicts inside lists included.

    A dict in which nothing is visible is left out, too, so that a hidden key changes nothing wherever it stands.

    >>> keep_visible({"C": 1, "_seed": 7, "layers": [{"size": 8, "_device": "cpu"}], "empty": {}})
    {'C': 1, 'layers': [{'size': 8}]}
    """
    stripped = {
        key: value if type(value) in _SCALARS else _strip(value, visibility, place + key)
        for key, value in flat.items()
        if not visibility.hides(place + key)
    }
    return {key: value for key, value in stripped.items() if type(value) is not dict or value}


def _strip(value: Any, visibility: Visibility, place: str) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return keep_visible(value, visibility, f"{place}.")
    if isinstance(value, list):
        return [_strip(item, visibility, f"{place}.{index}") for index, item in enumerate(value)]
    return value
