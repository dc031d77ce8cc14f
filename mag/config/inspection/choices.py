"""Choices: which entries of defaults lists and which overrides made each choice what it is, first to last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mag.config.composition.defaults import Part
from mag.config.composition.node import Node
from mag.config.composition.selection import name_selected
from mag.config.documents.entries import Entry, Option
from mag.config.documents.marks import Marks, Place
from mag.config.language.override import Override, format_value


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that made a choice.

    Attributes:
        option: What it chose, as written there: it may name other choices, as `${model}_fast` does.
        place: The entry of a defaults list; None where it was typed.
        override: The override as typed; None where it is an entry.
        deletes: Whether it drops the choice, or one option of it.
    """

    option: Option
    place: Place | None = None
    override: str | None = None
    deletes: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a file is part of a config.

    Attributes:
        choice: The choice that it is an option of, such as `db@backup`; None where a defaults list names the file.
        option: The option, or the name of the file.
        decision: What chose it.
    """

    choice: str | None
    option: str
    decision: Decision


class Choices:
    """The choices of one composed config."""

    def __init__(self, parts: Sequence[Part], overrides: Sequence[Override], marks: Marks) -> None:
        self._marks = marks
        self._typed = [(name_selected(override), override) for override in overrides]
        self._nodes = [node for part in parts[:1] if part.node for node in _walk(_climb(part.node)[-1])]

    @property
    def keys(self) -> list[str]:
        """All choices that an entry or an override is about, those that were dropped included."""
        keys = [node.key for node in self._nodes if node.key is not None]
        return list(dict.fromkeys(keys))

    def explain(self, key: str) -> tuple[Decision, ...]:
        """Return what made a choice, first to last; the last one counts."""
        listed = [self._read_entry(node) for node in self._nodes if node.key == key and _leads(node)]
        return (*filter(None, listed), *self._override(key))

    def trace(self, node: Node) -> tuple[Cause, ...]:
        """Return why a file is part of the config: its own cause, that of the file that names it, and so on."""
        return tuple(self._find_cause(each) for each in _climb(node)[:-1])

    def _find_cause(self, node: Node) -> Cause:
        group = "" if node.key is None else f"{node.key.partition('@')[0]}/"
        later = [] if node.key is None else [each for each in self._override(node.key) if not each.deletes]
        decision = later[-1] if later else self._read_entry(node) or Decision(None, override=node.origin)
        return Cause(node.key, node.path.removeprefix(group), decision)

    def _read_entry(self, node: Node) -> Decision | None:
        if node.above is None or node.above.document is None or node.index is None:
            return None  # the primary config, or added by an override
        return self._decide(node.above, node.index, node.above.document.entries[node.index])

    def _override(self, key: str | None) -> Iterator[Decision]:
        """Yield what changes a choice: entries with `override`, then what was typed."""
        for node in self._nodes:
            for index, entry in enumerate(node.document.entries if node.document else ()):
                if entry.override and entry.key(node.entry.group(node.folder), node.package) == key:
                    yield self._decide(node, index, entry)
        for name, override in self._typed:
            deletes = override.operation == "delete"
            if name == key:
                yield Decision(_read_option(override), override=override.text, deletes=deletes)
            elif deletes and _drop_option(name) == key:
                yield Decision(name.partition("@")[0].rpartition("/")[2], override=override.text, deletes=True)

    def _decide(self, node: Node, index: int, entry: Entry) -> Decision:
        assert node.document is not None, "only a file has entries"
        return Decision(entry.option, self._marks.locate(node.document.path, ("defaults", index)))


def _leads(node: Node) -> bool:
    """Tell whether a node is an entry, rather than one of the several options of one."""
    return node.entry.is_group


def _climb(node: Node) -> list[Node]:
    chain = [node]
    while (above := chain[-1].above) is not None:
        chain.append(above)
    return chain


def _walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, such that of two `override` entries the one that counts comes later."""
    for child in node.children:
        if child is not None:
            yield from _walk(child)
    yield node


def _read_option(override: Override) -> Option:
    value = override.value
    if isinstance(value, list):
        return tuple(map(_spell, value))
    return _spell(value) if override.has_value and value is not None else None


def _spell(value: Any) -> str:
    return value if isinstance(value, str) else format_value(value)


def _drop_option(name: str) -> str:
    """Return the group whose option `~site/fb` removes: `site`."""
    path, at, package = name.partition("@")
    return f"{path.rpartition('/')[0]}{at}{package}"
