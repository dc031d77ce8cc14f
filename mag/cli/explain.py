"""What `mag config --explain` knows of every value, and how it looks."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from mag.cli.layout import measure
from mag.cli.output import Screen, escape, find_screen
from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT, find_value, list_keys
from mag.config.documents.marks import Marks, shorten
from mag.config.documents.scalars import format_inline
from mag.config.inspection.choices import Cause, Choices, Decision
from mag.config.inspection.origins import Explanation, Origins, Step
from mag.config.language.lexer import write_word
from mag.config.language.override import Override
from mag.config.secrets import MASK, is_secret, mask, mask_command
from mag.suggestion import list_names, name_nearest


class Explainer:
    """Describes the origins of one config."""

    def __init__(self, origins: Origins, secrets: Sequence[str]) -> None:
        self._origins = origins
        self._secrets = secrets

    def describe_key(self, key: str) -> dict[str, Any] | None:
        """Describe a key or a choice; None where there is neither."""
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
        """Return every value that is no mapping, with what gave it last."""
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
    """Return where something stands: file and line, or the override as typed."""
    if source.place is not None:
        return {"file": shorten(source.place.file), "line": source.place.line}
    return {"override": mask_command([source.override or ""], secrets)[0]}


def _list_names(found: Explanation) -> Iterator[str]:
    """Yield the keys and variables that the value of a key was made of."""
    yield found.key
    yield from found.variables
    for each in found.refers:
        yield from _list_names(each)


_GAP = 3
_WIDEST = 48  # what is longer than this does not push all other origins to the right


def list_choices(composer: Composer, overrides: Sequence[Override], secrets: Sequence[str]) -> list[dict[str, Any]]:
    """Return each choice: the group, what is chosen, by what, and the options.

    Raises:
        ConfigError: The choices lead nowhere.
    """
    chosen = composer.choices(overrides)
    groups = [override for override in overrides if composer.is_group_override(override)]
    choices = Choices(composer.parts(overrides), groups, Marks())
    rows = []
    for key, option in chosen.items():
        by = [_name_source(describe_source(each, secrets)) for each in choices.explain(key)[-1:]]
        options = list(composer.options(key.partition("@")[0]))
        rows.append({"group": key, "chosen": option, "by": "".join(by), "options": options})
    return rows


def explain_unknown(key: str, origins: Origins, options: Sequence[str] = ()) -> str:
    """Explain that a key is not in the config, and name the nearest."""
    if options:
        return f"There is no key {key!r} to explain: type {write_word(options[0])} --explain {key}, which has one."
    for end in (place for place, mark in enumerate(key) if mark == "."):
        value = find_value(origins.config, key[:end])
        if isinstance(value, str) and "${" in value:
            return f"There is no key {key!r} to explain, for {key[:end]} is {value}: explain {key[:end]} instead."
    names = [*list_keys(origins.config), *origins.choices.keys]
    near = name_nearest(key, names)
    above = key.rpartition(".")[0]
    holder = find_value(origins.config, above) if above else None
    place, known = (f"{above} has", holder) if isinstance(holder, dict) else ("at the top there are", origins.config)
    hint = f"did you mean {near}?" if near else f"{place} {list_names(map(str, known))}."
    return f"There is no key {key!r} to explain: {hint}"


def list_key(described: dict[str, Any]) -> list[str]:
    """Return the lines that say where a key or a choice comes from."""
    screen = find_screen()
    lines = [*_list_choice(described["choice"], screen)] if "choice" in described else []
    if "chain" in described:
        lines += _list_value(described, "", screen)
    if described.get("values"):
        lines += ["", *list_values(described["values"], described["key"])]
    return lines


def list_values(values: Sequence[dict[str, Any]], key: str = "") -> list[str]:
    """Return values as YAML, with the origin of each as a comment behind it."""
    screen = find_screen()
    base = key.count(".") + 1 if key else 0
    open_names = key.split(".") if key else []
    rows: list[tuple[str, str]] = []
    for value in values:
        *above, name = value["key"].split(".")
        shared = _count_shared(above, open_names)
        rows += [(f"{'  ' * (depth - base)}{above[depth]}:", "") for depth in range(shared, len(above))]
        open_names = above
        text = f"{'  ' * (len(above) - base)}{name}: {format_inline(value['value'])}"
        causes = [_name_cause(cause) for cause in value.get("because", [])[:1]]
        rows.append((text, "  ".join([_name_source(value), *causes])))
    cells = [(escape(text), escape(origin)) for text, origin in rows]
    width = _fit(text for text, origin in cells if origin)
    return [_pad(text, width) + screen.paint(f"# {origin}", "dim") if origin else text for text, origin in cells]


def _list_choice(choice: dict[str, Any], screen: Screen) -> Iterator[str]:
    yield escape(f"{choice['name']} = {_write_decision(choice)}")
    yield from _align([(_name_source(each), _write_decision(each), "") for each in choice["chain"]], "  ", screen)


def _list_value(described: dict[str, Any], indent: str, screen: Screen) -> Iterator[str]:
    value = format_inline(described["value"]) if described["present"] else "(not there any more)"
    if "resolved" in described:
        value += f" -> {format_inline(described['resolved'])}"
    if isinstance(described["value"], dict) and described["value"]:
        value = ""
    yield f"{indent}{escape(described['key'])}: {escape(value)}".rstrip()
    if "problem" in described:
        yield f"{indent}  cannot be resolved: {escape(described['problem'])}"
    rows = [(_name_source(step), _write_step(step), _name_causes(step)) for step in described["chain"]]
    yield from _align(rows, f"{indent}  ", screen)
    for name, text in described.get("variables", {}).items():
        yield f"{indent}  {name}: {escape('not set' if text is None else text)}  (environment variable)"
    for each in described.get("refers", []):
        yield from _list_value(each, f"{indent}  ", screen)


def _align(rows: Sequence[tuple[str, str, str]], indent: str, screen: Screen) -> Iterator[str]:
    cells = [(escape(source), escape(value), escape(cause)) for source, value, cause in rows]
    widths = _fit(source for source, _, _ in cells), _fit(value for _, value, cause in cells if cause)
    for source, value, cause in cells:
        yield f"{indent}{_pad(source, widths[0])}{_pad(value, widths[1])}{screen.paint(cause, 'dim')}".rstrip()


def _name_source(source: dict[str, Any]) -> str:
    if "file" in source:
        return f"{source['file']}:{source['line']}"
    return "the schema" if "schema" in source else str(source.get("override", ""))


def _name_causes(source: dict[str, Any]) -> str:
    """Return why a file is part of the config, such as `model=svm by configs/config.yaml:2`."""
    return ", ".join(_name_cause(cause) for cause in source.get("because", []))


def _name_cause(cause: dict[str, Any]) -> str:
    chosen = cause["option"] if cause["choice"] is None else f"{cause['choice']}={cause['option']}"
    by = _name_source(cause)
    return f"{chosen} typed" if by.lstrip("+") == chosen else f"{chosen} by {by}"


def _write_step(step: dict[str, Any]) -> str:
    if step.get("deletes"):
        return f"(deletes {step['key']})"
    value = step["value"]
    if isinstance(value, dict):
        return f"{{{', '.join(map(str, value))}}}"
    return format_inline(value)


def _write_decision(decision: dict[str, Any]) -> str:
    option = decision["option"]
    if decision.get("deletes"):
        return "(dropped)" if option is None else f"(drops {option})"
    return f"[{','.join(option)}]" if isinstance(option, list) else "null" if option is None else str(option)


def _count_shared(names: Sequence[str], others: Sequence[str]) -> int:
    pairs = enumerate(zip(names, others, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(names), len(others)))


def _fit(texts: Iterator[str]) -> int:
    return min(_WIDEST, max(map(measure, texts), default=0)) + _GAP


def _pad(text: str, width: int) -> str:
    return text + " " * max(_GAP, width - measure(text))
