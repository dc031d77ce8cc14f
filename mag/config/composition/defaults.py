"""Defaults lists: from the primary config and the choices asked for, to the ordered list of files to merge.

The lists form a tree, which is grown from its end to its start: so the last `override` of a choice is met first and
stands, and an `override` only changes what comes before it. Entries such as `model_data: ${model}_${data}` wait until
the choices that they name are known.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from mag.config.composition.choice_advice import ChoiceErrors
from mag.config.composition.groups import Library
from mag.config.composition.node import Node
from mag.config.composition.selection import GroupSelection
from mag.config.documents.document import Document
from mag.config.documents.entries import Entry, Option, join_path
from mag.errors import ConfigError
from mag.patterns import compile_lazily

_INTERPOLATION = compile_lazily(r"\$\{\s*([^${}]*?)\s*\}")
_MISSING = "???"
_MAX_LEVELS = 64


class Part(NamedTuple):
    """One file that a config is made of.

    Attributes:
        document: The file.
        package: The dotted place in the config where its content goes; empty for the root.
        key: The choice that led to it, such as `db` or `db@backup`; None for a file that is no option.
        node: Its place in the tree of the defaults lists.
    """

    document: Document
    package: str
    key: str | None
    node: Node | None = None


class Defaults(NamedTuple):
    """What the defaults lists come to.

    Attributes:
        parts: The files, in the order in which they are merged.
        choices: The chosen option of each choice, several as a tuple, None where none is chosen.
    """

    parts: tuple[Part, ...]
    choices: dict[str, Option]


def expand_defaults(library: Library, primary: Document, name: str, selection: GroupSelection) -> Defaults:
    """Return the files that a primary config and the choices lead to.

    Raises:
        ConfigError: A defaults list or a choice leads nowhere.
    """
    tree = _GroupTree(library, selection)
    root = Node(Entry(f"/{name}", is_group=False), origin=str(primary.path), path=name)
    tree.open(root, primary)
    tree.resolve_waiting()
    tree.check_used()
    return Defaults(tuple(_walk(root)), tree.choices)


class Pick(NamedTuple):
    """What settles a choice: an override of the command line, or the last one of the defaults lists."""

    option: Option
    origin: str
    node: Node | None = None


class _GroupTree:
    """The tree, and what has been settled while it grew."""

    def __init__(self, library: Library, selection: GroupSelection) -> None:
        self.choices: dict[str, Option] = {}
        self._library = library
        self._selection = selection
        self._settled = {key: Pick(option, selection.texts[key]) for key, option in selection.chosen.items()}
        self._used: set[str] = set()
        self._dropped: set[str] = set()
        self._waiting: list[Node] = []
        self._refuse = ChoiceErrors(library, selection, self.choices)

    def open(self, node: Node, document: Document) -> None:
        """Grow what a file's defaults list asks for."""
        node.document = document
        node.package = node.entry.place(node.folder, node.parent, document.package)
        self._check_cycle(node)
        folder = node.entry.group(node.folder)
        added = self._selection.added if node.above is None else ()
        for entry in reversed(added):
            self._add_child(node, Node(entry, above=node, origin=self._selection.texts[entry.key("", "")]))
        for index, entry in reversed(list(enumerate(document.entries))):
            if entry.is_self:
                node.children.append(None)
            elif entry.locate(folder).startswith("../"):
                raise ConfigError(f"{document.path}: the entry {entry.path!r} leads out of the config folder")
            elif entry.locate(folder).startswith("hydra/"):
                continue  # settings of Hydra itself: the launcher, logging, help
            elif entry.override:
                self._settle(node, entry, folder)
            else:
                origin = str(document.path)
                self._add_child(node, Node(entry, folder, node.package, node, node.interpolated, None, origin, index))
        if not document.entries:
            node.children.append(None)
        node.children.reverse()

    def resolve_waiting(self) -> None:
        """Grow the entries with interpolations, each when the choices that it names are known."""
        while self._waiting:
            ready = next((node for node in self._waiting if self._is_ready(node)), None)
            if ready is None:
                node = self._waiting[0]
                raise self._refuse.unknown_interpolation(node, _written(node), self._unknown(_written(node)))
            self._waiting.remove(ready)
            ready.interpolated = True
            written = _INTERPOLATION.sub(lambda match: str(self.choices[match[1]]), _written(ready))
            if ready.entry.is_group:
                self._choose_one(ready, written)
            else:
                ready.entry = ready.entry._replace(path=written)
                self._include(ready, ready.entry.locate(ready.folder))

    def check_used(self) -> None:
        """Refuse overrides and deletions that met nothing.

        Raises:
            ConfigError: There is one.
        """
        for key, pick in self._settled.items():
            if key not in self._used:
                raise self._refuse.unused_override(key, pick.option, pick.origin, pick.node)
        for key in self._selection.deleted:
            if key not in self._dropped:
                raise self._refuse.unused_deletion(key)

    def _add_child(self, node: Node, child: Node) -> None:
        node.children.append(child)
        if child.entry.is_group:
            self._choose(child)
        elif "${" in child.entry.path:
            self._waiting.append(child)
        else:
            self._include(child, child.entry.locate(child.folder))

    def _settle(self, node: Node, entry: Entry, folder: str) -> None:
        key = entry.key(folder, node.package)
        origin = str(node.document.path) if node.document else ""
        if node.interpolated:
            raise self._refuse.override_below_interpolation(key, origin)
        self._settled.setdefault(key, Pick(entry.option, origin, node))

    def _choose(self, node: Node) -> None:
        key = node.key = node.entry.key(node.folder, node.parent)
        option = node.entry.option
        if key in self._settled:
            option, node.origin = self._settled[key].option, self._settled[key].origin
            node.entry = node.entry._replace(option=option)
            self._used.add(key)
        if self._is_deleted(key, None):
            return
        if isinstance(option, tuple):
            self._choose_several(node, key, option)
        elif option is not None and "${" in option:
            self._waiting.append(node)
        else:
            self._choose_one(node, option)

    def _choose_one(self, node: Node, option: str | None) -> None:
        key = str(node.key)
        if self._is_deleted(key, option):
            return
        self._record(node, key, option)
        if option is None:
            return
        group = node.entry.group(node.folder)
        if option == _MISSING:
            raise self._refuse.open_choice(node, key, group)
        self._include(node, join_path(group, option))

    def _choose_several(self, node: Node, key: str, options: tuple[str, ...]) -> None:
        group, at, package = key.partition("@")
        kept = tuple(one for one in options if not self._is_deleted(f"{group}/{one}{at}{package}", None))
        self._record(node, key, kept)
        for option in reversed(kept):
            entry = node.entry.select(option)
            child = replace(node, entry=entry, children=[])
            node.children.append(child)
            self._include(child, entry.locate(node.folder))
        node.children.reverse()

    def _is_deleted(self, key: str, option: str | None) -> bool:
        deleted = self._selection.deleted
        if key not in deleted or deleted[key] not in {None, option}:
            return False
        self._dropped.add(key)
        return True

    def _record(self, node: Node, key: str, option: Option) -> None:
        before = self.choices.get(key)
        if isinstance(before, tuple) or isinstance(option, tuple):
            self.choices[key] = _as_tuple(option) + _as_tuple(before)
        elif key not in self.choices:
            self.choices[key] = option
        elif before != option or (option is not None and not self._may_repeat(node, option)):
            raise self._refuse.second_choice(node, key, option)

    def _may_repeat(self, node: Node, option: str) -> bool:
        """Tell whether the same option may be chosen once more.

        It may where it leads to no file and is optional; and, as in Hydra, where the file has a defaults list.
        """
        document = self._library.read(join_path(node.entry.group(node.folder), option))
        return node.entry.optional if document is None else bool(document.entries)

    def _include(self, node: Node, path: str) -> None:
        node.path = path
        document = self._library.read(path)
        if document is not None:
            self.open(node, document)
        elif not node.entry.optional:
            raise self._refuse.missing_file(node)

    def _is_ready(self, node: Node) -> bool:
        return not self._unknown(_written(node))

    def _unknown(self, written: str) -> list[str]:
        """Return what an interpolation names that no choice is known for."""
        names = _INTERPOLATION.findall(written)
        if "${" in _INTERPOLATION.sub("", written):
            names.append(written)
        return [name for name in names if not isinstance(self.choices.get(name), str)]

    def _check_cycle(self, node: Node) -> None:
        chain = [node]
        while (above := chain[-1].above) is not None:
            chain.append(above)
        again = [other for other in chain[1:] if other.path == node.path]
        if any(other.package == node.package for other in again) or len(chain) > _MAX_LEVELS:
            loop = chain[: chain.index(again[0]) + 1] if again else chain
            names = " -> ".join(str(each.document.path) for each in reversed(loop) if each.document)
            raise ConfigError(f"the defaults lists include each other without end: {names}")


def _written(node: Node) -> str:
    option = node.entry.option
    return option if isinstance(option, str) else node.entry.path


def _as_tuple(option: Option) -> tuple[str, ...]:
    return option if isinstance(option, tuple) else () if option is None else (option,)


def _walk(node: Node) -> Iterator[Part]:
    for child in node.children:
        if child is not None:
            yield from _walk(child)
        elif node.document is not None:
            yield Part(node.document, node.package, node.key, node)
