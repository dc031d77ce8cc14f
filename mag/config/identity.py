"""The identity: what an experiment is, as a SHA-256 over the canonical JSON of its visible config.

Golden tests freeze it for ever: a change here would make every result on every disk new work.
"""

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, NamedTuple

from mag.config.flat import flatten, split_spelled
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
    """Return which keys count by the project's settings."""
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


_WITHOUT_ZEROS = frozenset({str, int, bool, type(None)})
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text that a value has: UTF-8, sorted keys, no spaces, shortest floats.

    An int and a float differ (`1`, `1.0`), negative zero does not differ from zero, a tuple reads as a list.
    NaN and the infinities stand as bare tokens, so that they differ from the strings of that name.

    >>> canonical_json({"lr": 1e-3, "C": 10, "sizes": (8, -0.0), "bound": float("inf")})
    b'{"C":10,"bound":Infinity,"lr":0.001,"sizes":[8,0.0]}'
    """
    return _ENCODER.encode(_unsign_zeros(value)).encode()


def compute_identity(
    config: Mapping[str, Any], choices: Mapping[str, Any] = MappingProxyType({}), visibility: Visibility = USUAL
) -> str:
    """Return the identity of a nested config: 64 hexadecimal digits that hidden keys do not change.

    Raises:
        ConfigError: As `flatten` raises it.

    >>> compute_identity({"C": 10, "gamma": 0.01, "_seed": 3})[:10]
    'f619f744db'
    """
    return hash_visible({**keep_visible(flatten(config), visibility), **name_choices(choices)})


_RULES = 2
"""Counts the changes of what an identity is; records of other rules are looked at again."""


def describe_rules(visibility: Visibility = USUAL) -> str:
    """Return which rules an identity was made by, for whoever looks for it under other rules.

    >>> describe_rules(), describe_rules(Visibility(hidden=("paths.*",)))
    ('2', '[2, ["paths.*"], []]')
    """
    return str(_RULES) if visibility == USUAL else json.dumps([_RULES, *visibility])


def name_choices(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return choices of groups as visible flat keys, those by which Hydra has them in a config.

    >>> name_choices({"model": "svm", "db/engine": ["a", "b"]})
    {'hydra.runtime.choices.model': 'svm', 'hydra.runtime.choices.db/engine': ['a', 'b']}
    """
    return {f"hydra.runtime.choices.{group}": option for group, option in choices.items()}


def hash_visible(visible: Mapping[str, Any]) -> str:
    """Return the identity of a config whose visible flat config is known already.

    >>> hash_visible({"C": 10, "gamma": 0.01})[:10]
    'f619f744db'
    """
    return hash_bytes(canonical_json(visible))


def cut_piece(key: str, value: Any) -> str:
    """Return what one visible flat key makes of the canonical JSON; for configs that differ in a few keys only."""
    return canonical_json({key: value}).decode()[1:-1]


def hash_pieces(pieces: Iterable[str]) -> str:
    """Return the identity that pieces, in the order of their keys, make together: that of `hash_visible`.

    >>> hash_pieces([cut_piece("C", 10), cut_piece("gamma", 0.01)]) == hash_visible({"C": 10, "gamma": 0.01})
    True
    """
    return hash_bytes(f"{{{','.join(pieces)}}}".encode())


def _unsign_zeros(value: Any) -> Any:
    if type(value) in _WITHOUT_ZEROS:
        return value
    if isinstance(value, float):
        return value + 0.0  # -0.0 + 0.0 is 0.0, and no other float changes
    if isinstance(value, Mapping):
        return {key: _unsign_zeros(item) for key, item in value.items()}
    return [_unsign_zeros(item) for item in value] if isinstance(value, (list, tuple)) else value


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of some bytes, 64 hexadecimal digits."""
    return _load_sha256()(data).hexdigest()  # type: ignore[no-any-return]


@functools.cache
def _load_sha256() -> Callable[[bytes], Any]:
    from hashlib import sha256  # noqa: PLC0415  (half a megabyte, which each experiment would carry along)

    return sha256
