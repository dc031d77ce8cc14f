"""The identity: what an experiment is, as a SHA-256 over the canonical JSON of its visible config.

Golden tests freeze it for ever: a change here would make every result on every disk new work.
"""

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from mag.config.flat import flatten
from mag.config.visibility import USUAL, Visibility, keep_visible

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
    """Return the identity of a config of which the visible flat config is known already.

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
