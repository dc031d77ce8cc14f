"""Redaction: what an experiment leaves behind, results and messages, without the secrets that it was given."""

import dataclasses
import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Self

from mag.config.secrets import MASK, find_values, is_secret, mask_urls

_SHORT = 4  # so short a text is part of many others: it is redacted where it stands alone
_SHORTEST_VARIABLE = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Redaction:
    """What is secret in one experiment.

    Attributes:
        values: The secret texts.
        patterns: More key patterns that count as secret.
    """

    values: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, config: Mapping[str, Any], patterns: Sequence[str] = (), variables: frozenset[str] | None = None
    ) -> Self:
        """Return what is secret in a config and in the environment."""
        if variables is None:
            variables = find_secret_variables(patterns)
        return cls(frozenset(find_values(config, patterns)) | variables, tuple(patterns))

    def redact(self, text: str) -> str:
        """Return a text with `***` for every secret value in it.

        >>> Redaction(frozenset({"hunter2"})).redact("login as me:hunter2 failed")
        'login as me:*** failed'
        """
        text = mask_urls(text)
        for form in _list_forms(self.values):
            if len(form) >= _SHORT:
                text = text.replace(form, MASK)
            elif form in text:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", MASK, text)
        return text

    def redact_result(self, name: str, value: Any) -> Any:
        """Return a result, encoded already, without secrets: texts whose name looks secret, and secrets in texts.

        >>> Redaction(frozenset({"hunter2"})).redact_result("best", {"api_key": "x", "max_token": 3, "url": "hunter2!"})
        {'api_key': '***', 'max_token': 3, 'url': '***!'}
        """
        if isinstance(value, str):
            return MASK if value and is_secret(name, self.patterns) else self.redact(value)
        if isinstance(value, dict):
            return {self.redact(key): self.redact_result(f"{name}.{key}", item) for key, item in value.items()}
        return [self.redact_result(name, item) for item in value] if isinstance(value, list) else value


def find_secret_variables(patterns: Sequence[str] = ()) -> frozenset[str]:
    """Return the values of the environment variables whose names look secret, except for paths that exist."""
    return frozenset(
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST_VARIABLE and is_secret(name, patterns) and not os.path.exists(value)
    )


NOTHING = Redaction()
"""Nothing is secret."""


@lru_cache(maxsize=8)  # a result may have thousands of texts
def _list_forms(values: frozenset[str]) -> list[str]:
    return sorted({form for value in values for form in _spell(value)}, key=len, reverse=True)


def _spell(value: str) -> set[str]:
    """Return a secret as it may stand in a message: as it is, and inside quotes of Python and of JSON."""
    return {form for form in (value, repr(value)[1:-1], json.dumps(value)[1:-1], value.strip()) if form}
