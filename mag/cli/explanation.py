"""What `mag config --explain` knows, as plain data without secrets: its JSON, and what its text is made of."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from mag.config.composition.keys import ABSENT
from mag.config.documents.marks import shorten
from mag.config.inspection.choices import Cause, Decision
from mag.config.inspection.origins import Explanation, Origins, Step
from mag.config.secrets import MASK, is_secret, mask, mask_command


class Describer:
    """Describes the origins of one config.

    Args:
        origins: The origins.
        secrets: The project's key patterns of secrets.
    """

    def __init__(self, origins: Origins, secrets: Sequence[str]) -> None:
        self._origins = origins
        self._secrets = secrets

    def describe_key(self, key: str) -> dict[str, Any] | None:
        """Return what there is to say of a key or choice; None where there is no such thing.

        Args:
            key: A dotted key, or a choice such as `db` or `db@backup`.
        """
        found = self._origins.explain(key)
        choice = self._find_choice(key)
        if found is None and choice is None:
            return None
        described: dict[str, Any] = {"key": key} if found is None else self._describe(found)
        if choice is not None:
            decisions = self._origins.choices.explain(choice)
            chain = [self._describe_decision(each) for each in decisions]
            described["choice"] = {"name": choice, "option": self._origins.chosen.get(choice), "chain": chain}
        if found is not None and isinstance(found.value, dict):
            described["values"] = self.list_values(key)
        return described

    def list_values(self, key: str = "") -> list[dict[str, Any]]:
        """Return every value that is no mapping, with what gave it last.

        Args:
            key: Of what mapping; empty for all.
        """
        return [
            {
                "key": name,
                "value": self._mask(name, value),
                **({"schema": True} if step is None else self._describe_origin(step)),
            }
            for name, value, step in self._origins.list_leaves(key)
        ]

    def _describe_decision(self, decision: Decision) -> dict[str, Any]:
        option = list(decision.option) if isinstance(decision.option, tuple) else decision.option
        return {
            "option": option,
            **({"deletes": True} if decision.deletes else {}),
            **describe_source(decision, self._secrets),
        }

    def _find_choice(self, key: str) -> str | None:
        """Return the choice that a key means: its own name, or the place that the choice fills."""
        keys = self._origins.choices.keys
        names = (name for name in keys if (name.partition("@")[2] or name.replace("/", ".")) == key)
        return key if key in keys else next(names, None)

    def _describe(self, found: Explanation) -> dict[str, Any]:
        described: dict[str, Any] = {"key": found.key, "present": found.value is not ABSENT}
        described["value"] = self._mask(found.key, found.value)
        if found.resolved is not ABSENT:
            hidden = any(is_secret(name, self._secrets) for name in _list_names(found))
            described["resolved"] = MASK if hidden else self._mask(found.key, found.resolved)
        if found.problem:
            described["problem"] = found.problem
        described["chain"] = [
            {"key": step.key, "value": self._mask(step.key, step.value), **self._describe_origin(step)}
            | ({"deletes": True} if step.value is ABSENT else {})
            for step in found.steps
        ]
        if not found.steps:
            described["chain"] = [{"key": found.key, "value": described["value"], "schema": True}]
        if found.refers:
            described["refers"] = [self._describe(each) for each in found.refers]
        if found.variables:
            described["variables"] = {name: self._mask(name, os.environ.get(name)) for name in found.variables}
        return described

    def _describe_origin(self, step: Step) -> dict[str, Any]:
        causes = [self._describe_cause(cause) for cause in step.causes]
        return {**describe_source(step, self._secrets), **({"because": causes} if causes else {})}

    def _describe_cause(self, cause: Cause) -> dict[str, Any]:
        return {"choice": cause.choice, "option": cause.option, **describe_source(cause.decision, self._secrets)}

    def _mask(self, key: str, value: Any) -> Any:
        return None if value is ABSENT else mask({key: value}, self._secrets)[key]


def describe_source(source: Step | Decision, secrets: Sequence[str]) -> dict[str, Any]:
    """Return where something stands: file and line, or the override as typed.

    Args:
        source: What gave a value, or made a choice.
        secrets: The project's key patterns of secrets.
    """
    if source.place is not None:
        return {"file": shorten(source.place.file), "line": source.place.line}
    return {"override": mask_command([source.override or ""], secrets)[0]}


def _list_names(found: Explanation) -> Iterator[str]:
    """Yield the keys and variables that the value of a key was made of."""
    yield found.key
    yield from found.variables
    for each in found.refers:
        yield from _list_names(each)
