"""Naming: identifiers of many configs that differ in a few values, each value encoded once."""

from collections.abc import Iterable, Mapping
from typing import Any

from mag.config.identifier import check_separator, encode_value, join_values
from mag.record.names import choose_keys
from mag.settings import Settings

_KEPT = 100_000


class Naming:
    """Names configs as the project's settings say; the same as `build_identifier`, for many of them.

    Args:
        settings: The project's.

    Raises:
        UsageError: The settings' separator cannot join the values of a name.
    """

    def __init__(self, settings: Settings) -> None:
        check_separator(settings.separator)
        self._separator = settings.separator
        self._settings = settings
        self._secrets = settings.secrets
        self._encoded: dict[tuple[str, type, Any], str] = {}

    def choose(self, visible: Mapping[str, Any]) -> list[str]:
        """Return the keys whose values make up the name, in order.

        Args:
            visible: The visible flat config.

        Raises:
            UsageError: The settings name keys, and none of them is in the config.
        """
        return choose_keys(visible, self._settings)

    def encode(self, key: str, value: Any) -> str:
        """Return the part of the name that a value makes.

        Args:
            key: Its visible flat key.
            value: The value.
        """
        if isinstance(value, dict | list):
            return encode_value(key, value, separator=self._separator, secrets=self._secrets)
        known = (key, type(value), value)
        part = self._encoded.get(known)
        if part is None:
            if len(self._encoded) >= _KEPT:
                self._encoded.clear()
            part = self._encoded[known] = encode_value(key, value, separator=self._separator, secrets=self._secrets)
        return part

    def glue(self, parts: Iterable[str]) -> str:
        """Return several parts of a name as one."""
        return self._separator.join(parts)

    def join(self, parts: Iterable[str], identity: str) -> str:
        """Return the name that parts make together.

        Args:
            parts: In order.
            identity: The identity of the config that the name is for.
        """
        return join_values(tuple(parts), identity, separator=self._separator)
