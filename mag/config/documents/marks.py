"""Marks: where in a config file each value stands, and how it is written there.

Composing needs none of it, so that it costs composing nothing: only what explains a config, or checks its files,
reads a file's marks.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import yaml

from mag.config.documents.scalars import read_scalar
from mag.errors import YamlError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML can be built without its C parser
_MERGE = "<<"

MarkPath: TypeAlias = tuple[Any, ...]
"""The keys and indices that lead to a value, as the file's content has them."""


class Mark(NamedTuple):
    """One value of a file.

    Attributes:
        line: The line of its key, or of the value where it is an item of a list; from 1.
        key: The key as written; None where it is quoted, or there is none.
        text: The value as written; None where it is quoted, or more than a scalar.
    """

    line: int
    key: str | None
    text: str | None


class Place(NamedTuple):
    """A line of a config file, from 1."""

    file: Path
    line: int


class Marks:
    """The marks of config files, each of which is read when it is first asked for."""

    def __init__(self) -> None:
        self._files: dict[Path, dict[MarkPath, Mark]] = {}

    def locate(self, file: Path, path: MarkPath) -> Place:
        """Return where the value that a path leads to stands, or the nearest value around it."""
        if file not in self._files:
            self._files[file] = read_marks(file)
        marks = self._files[file]
        for end in range(len(path), 0, -1):
            if path[:end] in marks:
                return Place(file, marks[path[:end]].line)
        return Place(file, min((mark.line for key, mark in marks.items() if key[0] != "defaults"), default=1))


def read_marks(path: Path) -> dict[MarkPath, Mark]:
    """Return the marks of all values of a config file, of its defaults list, too; empty where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}
    return mark_text(text)


def mark_text(text: str) -> dict[MarkPath, Mark]:
    r"""Return the marks of all values of a YAML text; empty where it is not valid YAML, or nothing but a scalar.

    >>> mark_text("a:\n  b: no\nc: ['x']")[("a", "b")]
    Mark(line=2, key='b', text='no')
    """
    try:
        loader = _LOADER(text)
        node = loader.get_single_node()
        return dict(_walk(node, (), loader)) if node is not None else {}
    except (yaml.YAMLError, YamlError, RecursionError, ValueError):
        return {}


def _walk(node: Any, path: MarkPath, loader: Any) -> Iterator[tuple[MarkPath, Mark]]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), Mark(item.start_mark.line + 1, None, _read_plain(item, loader))
            yield from _walk(item, (*path, index), loader)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:  # what is merged in comes first, so that the mapping's own keys prevail
            if _read_plain(key, loader) == _MERGE:
                yield from _walk_merged(value, path, loader)
        for key, value in node.value:
            plain = _read_plain(key, loader)
            if plain != _MERGE:
                place = (*path, key.value if plain is None else read_scalar(plain))
                yield place, Mark(key.start_mark.line + 1, plain, _read_plain(value, loader))
                yield from _walk(value, place, loader)


def _walk_merged(node: Any, path: MarkPath, loader: Any) -> Iterator[tuple[MarkPath, Mark]]:
    """Yield the marks of what `<<` merges into a mapping, the least important first."""
    for each in reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]:
        yield from _walk(each, path, loader)


def _read_plain(node: Any, loader: Any) -> str | None:
    """Return a scalar as written, unless quotes or a tag say that it is a text."""
    if not isinstance(node, yaml.ScalarNode) or node.style:
        return None
    implicit = loader.resolve(yaml.ScalarNode, node.value, (True, False))
    return str(node.value) if node.tag == implicit else None


def shorten(file: Path) -> str:
    """Return a file as one would type it here: relative where it is below the current directory."""
    path, here = os.path.abspath(file), os.path.join(os.getcwd(), "")
    return path.removeprefix(here)
