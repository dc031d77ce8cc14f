"""Origins: which file or override each value of a config comes from, and in what two configs differ."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mag.config.composition.composer import Composer
from mag.config.composition.defaults import Part
from mag.config.composition.keys import ABSENT, find_value, follow_key, match_name
from mag.config.composition.merging import MISSING
from mag.config.composition.resolution import resolve_value
from mag.config.documents.marks import Marks, Place
from mag.config.flat import flatten, join_spelled, spell_key, split_spelled
from mag.config.inspection.choices import Cause, Choices
from mag.config.language.override import Override
from mag.errors import ConfigError
from mag.patterns import compile_lazily

_REFERENCE = compile_lazily(r"\$\{\s*(?:oc\.select:\s*)?(\.*)([\w-]+(?:\.[\w-]+|\[[\w-]+\])*)\s*(?:,[^${}]*)?\}")
_VARIABLE = compile_lazily(r"oc\.env:\s*([A-Za-z_]\w*)")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that gave a key its value, or took it away.

    Attributes:
        key: The key that it is about: the one asked for, or one around it that was replaced as a whole.
        value: What it gave, as written there; `ABSENT` where it takes away.
        place: Where it stands in a file; None where it was typed.
        override: The override as typed; None where it is a file.
        causes: Why the file is part of the config, nearest first; none for the primary config.
    """

    key: str
    value: Any
    place: Place | None = None
    override: str | None = None
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where the value of a key comes from.

    Attributes:
        key: The key.
        value: Its value, interpolations as written; `ABSENT` where it has none any more.
        steps: What gave it, first to last; the last one counts.
        resolved: What an interpolation comes to; `ABSENT` for a plain value.
        problem: Why an interpolation comes to nothing; empty if it does not.
        refers: The explanations of what an interpolation names.
        variables: The environment variables that an interpolation names.
    """

    key: str
    value: Any
    steps: tuple[Step, ...]
    resolved: Any = ABSENT
    problem: str = ""
    refers: "tuple[Explanation, ...]" = ()
    variables: tuple[str, ...] = ()


class Origins:
    """The origins of one composed config.

    Attributes:
        config: The config, interpolations as written.
        chosen: What is chosen from each group.
        choices: What made each choice.

    Raises:
        ConfigError: The config cannot be composed.
    """

    def __init__(self, composer: Composer, overrides: Sequence[Override]) -> None:
        self.config = composer.compose(overrides)
        self.chosen = composer.choices(overrides)
        self._parts = composer.parts(overrides)
        self._values = [override for override in overrides if not composer.is_group_override(override)]
        self._marks = Marks()
        groups = [override for override in overrides if composer.is_group_override(override)]
        self.choices = Choices(self._parts, groups, self._marks)

    def explain(self, key: str) -> Explanation | None:
        """Return where the value of a key comes from; None where nothing ever gave it one."""
        return self._explain(key, ())

    def list_leaves(self, key: str = "") -> Iterator[tuple[str, Any, Step | None]]:
        """Yield key, value and last step of every value that is no mapping, in the order of the config."""
        names = self._split(key) if key else []
        for path, value in _list_leaves(find_value(self.config, key) if key else self.config, names):
            steps = self._list_steps(path)
            yield join_spelled(path), value, steps[-1] if steps else None

    def _explain(self, key: str, asking: tuple[str, ...]) -> Explanation | None:
        value = find_value(self.config, key)
        steps = () if key.partition(".")[0] == "hydra" else tuple(self._list_steps(self._split(key)))
        if value is ABSENT and not any(
            step.key == join_spelled(self._split(key)) and step.value is not ABSENT for step in steps
        ):
            return None  # there is none, and never was
        text = value if isinstance(value, str) else ""
        if "${" not in text:
            return Explanation(key, value, steps)
        resolved, problem = ABSENT, ""
        try:
            resolved = resolve_value(self.config, key)
        except ConfigError as error:
            problem = str(error)
        refers: tuple[Explanation | None, ...] = ()
        if key not in asking and len(asking) < _DEEPEST:
            refers = tuple(self._explain(name, (*asking, key)) for name in _list_references(text, key))
        variables = tuple(dict.fromkeys(_VARIABLE.findall(text)))
        return Explanation(key, value, steps, resolved, problem, tuple(filter(None, refers)), variables)

    def _split(self, key: str) -> list[str]:
        """Return the parts of a key as they are spelled, those of the config where it is there."""
        path, missing = follow_key(self.config, key)
        return [*map(spell_key, path), *missing]

    def _list_steps(self, names: list[str]) -> list[Step]:
        steps: list[Step] = []
        for part in self._parts:
            step = self._follow_part(part, names)
            if step is None or (step.value == MISSING and steps and len(steps[-1].key) >= len(step.key)):
                continue  # it gives nothing, for `???` hides no value that is there
            steps.append(step)
        typed = (_follow_override(override, self._split(override.key), names) for override in self._values)
        return [*steps, *filter(None, typed)]

    def _follow_part(self, part: Part, names: list[str]) -> Step | None:
        """Return what a file gives to a key."""
        package = part.package.split(".") if part.package else []
        shared = min(len(package), len(names))
        if package[:shared] != names[:shared] or not part.document.content:
            return None
        value, path, end = part.document.content, (), len(names)
        if len(package) >= len(names):
            for name in reversed(package[len(names) :]):
                value = {name: value}
        else:
            value, path, end = _descend(value, names, len(package))
        if value is ABSENT or (end < len(names) and isinstance(value, str) and value == MISSING):
            return None
        causes = self.choices.trace(part.node) if part.node else ()
        return Step(join_spelled(names[:end]), value, self._marks.locate(part.document.path, path), None, causes)


def _list_leaves(value: Any, names: list[str]) -> Iterator[tuple[list[str], Any]]:
    if not isinstance(value, dict) or (not value and names):
        yield names, value
        return
    for name, item in value.items():
        yield from _list_leaves(item, [*names, spell_key(name)])


def _descend(value: Any, names: list[str], start: int) -> tuple[Any, tuple[Any, ...], int]:
    """Return what a value holds for a key: the value, the path to it, and how many names of the key it is for.

    A mapping that lacks the next name holds nothing; anything else there replaces the whole key.
    """
    path: tuple[Any, ...] = ()
    for end in range(start, len(names)):
        name = match_name(value, names[end])
        if name is ABSENT:
            return (ABSENT if isinstance(value, dict) else value), path, end
        path = (*path, name)
        value = value[name]
    return value, path, len(names)


def _follow_override(override: Override, typed: list[str], names: list[str]) -> Step | None:
    """Return what an override of a value gives to a key."""
    end = min(len(typed), len(names))
    if typed[:end] != names[:end]:
        return None
    if override.operation == "delete":
        return Step(override.key, ABSENT, override=override.text)
    if len(typed) >= len(names):
        return Step(override.key, override.value, override=override.text)
    value, _, end = _descend(override.value, names, len(typed))
    if value is ABSENT:
        return None
    return Step(join_spelled(names[:end]), value, override=override.text)


def _list_references(text: str, key: str) -> list[str]:
    """Return the keys that the interpolations of a text name."""
    names = split_spelled(key)
    found = []
    for dots, name in _REFERENCE.findall(text):
        base = names[: len(names) - len(dots)] if dots else []
        found.append(".".join([*base, re.sub(r"\[([\w-]+)\]", r".\1", name)]))
    return list(dict.fromkeys(found))


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
