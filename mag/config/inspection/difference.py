"""Difference: what distinguishes one composed config from another, key by key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mag.config.composition.keys import ABSENT
from mag.config.flat import flatten


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One key that two configs do not agree on.

    Attributes:
        key: The flat key.
        before: Its value in the first config; `ABSENT` where it has none.
        after: Its value in the second config; `ABSENT` where it has none.
    """

    key: str
    before: Any
    after: Any


def compare_configs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[KeyChange]:
    """Yield the flat keys that two configs do not agree on, sorted; 1, 1.0 and true are different values.

    Raises:
        ConfigError: One of them cannot be flattened.

    >>> [change.key for change in compare_configs({"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 1.0, "d": 2}})]
    ['b.c', 'b.d']
    """
    first, second = flatten(before), flatten(after)
    for key in sorted({*first, *second}):
        old, new = first.get(key, ABSENT), second.get(key, ABSENT)
        if repr(old) != repr(new):  # tells 1 from 1.0 and true at any depth, and knows that nan is nan
            yield KeyChange(key, old, new)
