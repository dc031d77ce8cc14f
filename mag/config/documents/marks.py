"""Marks: where in a config file each value stands, and how it is written there.

Composing needs none of it, so that it costs composing nothing: only what explains a config, or checks its files,
reads a file's marks.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import yaml

from mag.config.documents.reader import Mark, YamlReader
from mag.errors import YamlError

MarkPath: TypeAlias = tuple[Any, ...]
"""The keys and indices that lead to a value, as the file's content has them."""


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
        reader = YamlReader(text, "", marks=True)
        return dict(_walk(reader, reader.read(), ()))
    except (yaml.YAMLError, YamlError, RecursionError):
        return {}


def _walk(reader: YamlReader, value: Any, path: MarkPath) -> Iterator[tuple[MarkPath, Mark]]:
    for key, mark in reader.list_marks(value):
        yield (*path, key), mark
        yield from _walk(reader, value[key], (*path, key))


def shorten(file: Path) -> str:
    """Return a file as one would type it here: relative where it is below the current directory."""
    path, here = os.path.abspath(file), os.path.join(os.getcwd(), "")
    return path.removeprefix(here)
