"""Assignment: value overrides, one after the other, on a composed config.

`key=v` changes what is there, `+key=v` adds what is not, `++key=v` does either, `~key` deletes. A mapping merges into
a mapping; everything else replaces. An integer given for a float is that float, so `lr=1` and `lr=1.0` are the same.
"""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mag.config.composition.keys import ABSENT, find_child, find_value, list_keys, match_name
from mag.config.composition.merging import MISSING, copy_value
from mag.config.documents.reader import MAX_DEPTH
from mag.config.language.lexer import write_word
from mag.config.language.override import Override, format_value
from mag.errors import OverrideError
from mag.suggestion import list_names, name_nearest


def assign_values(
    config: dict[str, Any],
    overrides: Sequence[Override],
    suggest: Callable[[Override], str] | None = None,
    can_add: Callable[[Override], bool] | None = None,
) -> dict[str, Any]:
    """Return a copy of the config, with the overrides applied in order.

    Raises:
        OverrideError: An override names what is not there, or adds what is.
    """
    changed: dict[str, Any] = copy_value(config)
    for override in overrides:
        _Assignment(changed, override, suggest, can_add).apply()
    return changed


class _Assignment:
    """One override at work on a config that it may change."""

    def __init__(
        self,
        config: dict[str, Any],
        override: Override,
        suggest: Callable[[Override], str] | None = None,
        can_add: Callable[[Override], bool] | None = None,
    ) -> None:
        self._config = config
        self._override = override
        self._suggest = suggest
        self._can_add = can_add
        self._names = override.key.split(".")
        if len(self._names) > MAX_DEPTH:
            self._refuse(f"the key is nested deeper than {MAX_DEPTH} levels")

    def apply(self) -> None:
        if not self._override.key:
            self._refuse_empty_key()
        operation = self._override.operation
        adding = operation in {"add", "force"}
        holder = self._find_holder(create=adding)
        name = self._names[-1]
        current = find_child(holder, name)
        if operation == "delete":
            self._delete(holder, name, current)
        elif current is ABSENT and (not adding or isinstance(holder, list)):
            self._refuse_unknown(holder, len(self._names) - 1)
        elif operation == "add" and not self._is_addable(current):
            text = write_word(self._override.text.removeprefix("+"))
            self._refuse(f"{self._override.key} is there already ({_show(current)}); type {text} to change it")
        else:
            value = copy_value(self._override.value, len(self._names))
            holder[match_name(holder, name)] = self._merged(current, value, self._override.key, closed=not adding)

    def _find_holder(self, *, create: bool) -> Any:
        """Return the dict or list that has the last part of the key, made where `+` asks for it."""
        holder: Any = self._config
        for position, name in enumerate(self._names[:-1]):
            child = find_child(holder, name)
            if not isinstance(child, dict | list):
                self._check_step(holder, child, position, create=create)
                child = holder[match_name(holder, name)] = {}
            holder = child
        return holder

    def _check_step(self, holder: Any, child: Any, position: int, *, create: bool) -> None:
        place = ".".join(self._names[: position + 1])
        if isinstance(child, str) and "${" in child:
            rest = ".".join(self._names[position + 1 :])
            target = f"{child[2:-1]}.{rest}" if child.startswith("${") and child.endswith("}") else "that"
            self._refuse(f"{place} is {child}, so there is nothing of its own to change; change {target} instead")
        if child is ABSENT and (not create or isinstance(holder, list)):
            self._refuse_unknown(holder, position)
        if not create:
            added = write_word(f"+{self._override.text}")
            advice = "" if self._override.operation == "delete" else f"; to make it one type {added}"
            self._refuse(f"{place} is {_show(child)}, which is no mapping{advice}")

    def _is_addable(self, current: Any) -> bool:
        return (
            current is ABSENT or current is None or current == MISSING or isinstance(self._override.value, dict | list)
        )

    def _delete(self, holder: Any, name: str, current: Any) -> None:
        if current is ABSENT:
            self._refuse_unknown(holder, len(self._names) - 1)
        if self._override.has_value and self._override.value != current:
            deleted = write_word(f"~{self._override.key}")
            self._refuse(f"{self._override.key} is {_show(current)}; type {deleted} to delete it all the same")
        del holder[match_name(holder, name)]

    def _merged(self, current: Any, value: Any, key: str, *, closed: bool) -> Any:
        if isinstance(value, dict) and isinstance(current, dict):
            for name, item in value.items():
                old = current.get(name, ABSENT)
                inner = f"{key}.{name}"
                if old is ABSENT and closed:
                    self._refuse(
                        f"there is no key {inner}, {key} has: {list_names(map(str, current))}; "
                        f"type {write_word('+' + self._override.text)} to add it"
                    )
                current[name] = self._merged(old, item, inner, closed=closed)
            return current
        if isinstance(value, dict | list) and isinstance(current, dict | list) and type(value) is not type(current):
            kinds = {dict: "a mapping", list: "a list"}
            self._refuse(
                f"{key} is {kinds[type(current)]}, which {kinds[type(value)]} cannot replace; "
                f"type {write_word('~' + key)} {write_word(f'+{key}={format_value(value)}')} to delete it first"
            )
        if type(value) is int and type(current) is float:
            return _as_float(value)
        return value

    def _refuse_unknown(self, holder: Any, position: int) -> NoReturn:
        override, key = self._override, self._override.key
        if isinstance(holder, list):
            place = ".".join(self._names[:position])
            advice = ""
            if position == len(self._names) - 1 and override.has_value:
                longer = write_word(f"{place}={format_value([*holder, override.value])}")
                advice = f"; type {longer} to replace it"
            self._refuse(f"{place} is a list of {len(holder)} without an element {self._names[position]}{advice}")
        if self._suggest is not None and (better := self._suggest(override)):
            self._refuse(f"there is no key {key}; {better}")
        near = name_nearest(key, list_keys(self._config))
        place = ".".join(self._names[:position])
        known = f"{place} has" if place else "at the top there are"
        hint = f", did you mean {near}?" if near else f", {known}: {list_names(map(str, holder))};"
        if override.operation == "delete" or (self._can_add is not None and not self._can_add(override)):
            self._refuse(f"there is no key {key}{hint.rstrip(';')}")
        self._refuse(f"there is no key {key}{hint} to add it type {write_word('+' + override.text)}")

    def _refuse_empty_key(self) -> NoReturn:
        text = self._override.text
        keys = sorted(list_keys(self._config), key=lambda key: key.count("."))
        example = next((key for key in keys if not isinstance(find_value(self._config, key), dict | list)), "lr")
        before, equal, after = text.partition("=")
        place = f"before {equal!r}" if equal else f"after {before!r}"
        self._refuse(f"a key is missing {place}; type one, as in {before}{example}{equal}{after}")

    def _refuse(self, problem: str) -> NoReturn:
        raise OverrideError(f"{self._override.text}: {problem}")


def _as_float(value: int) -> float | int:
    try:
        number = float(value)
    except OverflowError:
        return value
    return number if number == value else value


def _show(value: Any) -> str:
    text = format_value(value)
    return text if len(text) <= 60 else f"{text[:60]}..."  # noqa: PLR2004
