"""The library: the folders of config files, each of which is read once.

A name is a path below the folders, with or without `.yaml`; the first folder that has it wins.
"""

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mag.config.documents.document import Document, read_document
from mag.errors import ConfigError

_SUFFIX = ".yaml"


class Library:
    """The config files below some folders. Remembers all that it read, so that a later edit changes nothing.

    Args:
        roots: The folders.
        schemas: Options that have a schema, as `group/option`, and so are there without a file.
    """

    def __init__(self, roots: tuple[Path, ...], schemas: Iterable[str] = ()) -> None:
        self.roots = roots
        self._schemas = frozenset(schemas)
        self._documents: dict[str, Document | None] = {}
        self._groups: dict[str, bool] = {}
        self._options: dict[str, tuple[str, ...]] = {}

    def extend(self, roots: tuple[Path, ...]) -> None:
        """Search further folders, after the ones so far."""
        self.roots += roots
        self._groups.clear()
        self._options.clear()
        self._documents = {name: document for name, document in self._documents.items() if document is not None}

    def read(self, name: str) -> Document | None:
        """Return the document of a name, or None where there is no such file.

        Raises:
            YamlError: The file cannot be read.
        """
        if name not in self._documents:
            self._documents[name] = self._read(name)
        return self._documents[name]

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that were read."""
        return tuple(document.path for document in self._documents.values() if document is not None)

    def has_group(self, name: str) -> bool:
        """Tell whether a name is a group: a folder below the config folders."""
        if name not in self._groups:
            is_folder = any(map(os.path.isdir, (f"{root}/{name}" for root in self.roots)))
            self._groups[name] = bool(name) and (
                is_folder or any(each.startswith(f"{name}/") for each in self._schemas)
            )
        return self._groups[name]

    def options(self, group: str) -> tuple[str, ...]:
        """Return the names of a group's options, sorted; an empty group name lists the primary configs."""
        if group not in self._options:
            found = {name for root in self.roots for name in _list_options(root / group)}
            found |= {option for place, _, option in (each.rpartition("/") for each in self._schemas) if place == group}
            self._options[group] = tuple(sorted(found))
        return self._options[group]

    def groups(self) -> tuple[str, ...]:
        """Return the names of all groups, sorted: every folder that holds a config file, and those above it."""
        found = {parent.as_posix() for each in self._schemas for parent in PurePosixPath(each).parents}
        for root in self.roots:
            for folder, _, files in os.walk(root):
                if any(name.endswith(_SUFFIX) for name in files):
                    inner = Path(folder).relative_to(root)
                    found.update(path.as_posix() for path in (inner, *inner.parents))
        return tuple(sorted(found - {"."}))

    def _read(self, name: str) -> Document | None:
        file = name if name.endswith(_SUFFIX) else f"{name}{_SUFFIX}"
        for root in self.roots:
            document = read_document(root / file)
            if document is not None:
                return document
        if name in self._schemas:
            return Document(Path(f"group_schemas[{name!r}]"), None, (), {})
        for root in self.roots:
            path = root / f"{name}.yml"
            if path.is_file():
                raise ConfigError(f"{path} would not be read: config files end in .yaml; rename it to {path.stem}.yaml")
        return None


def _list_options(folder: Path) -> list[str]:
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX) and name != _SUFFIX]
