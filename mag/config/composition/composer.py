"""Composition: config files and overrides to one nested config.

The passes, in order: the overrides choose options; the defaults lists are expanded to a list of files; the files are
read and merged; the value overrides are assigned. Everything up to the merged tree is done once for each distinct
choice of options, so that the points of a sweep mostly pay for a copy.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from mag.config.composition.assignment import assign_values
from mag.config.composition.defaults import Defaults, Part, expand_defaults
from mag.config.composition.groups import Library
from mag.config.composition.interpolation import has_interpolations
from mag.config.composition.keys import ABSENT, find_value
from mag.config.composition.merging import merge_parts
from mag.config.composition.search_path import read_search_path
from mag.config.composition.selection import read_selection, selects_option
from mag.config.composition.value_advice import check_value, find_options_with, suggest_instead
from mag.config.documents.document import Document
from mag.config.documents.entries import find_bad_path
from mag.config.language.override import Override
from mag.errors import ConfigError, OverrideError
from mag.suggestion import list_names, name_nearest

if TYPE_CHECKING:
    from mag.config.composition.assignment import Typing
    from mag.config.schema import Schemas


_KEPT_TREES = 128

_TreeKey: TypeAlias = tuple[tuple[str, str, str, str | None, str], ...]


class _Tree(NamedTuple):
    """The merged files of one choice of options."""

    config: dict[str, Any]
    defaults: Defaults
    keys: Mapping[str, str]  # package -> the choice whose content fills it
    typing: "Typing | None" = None
    has_interpolations: bool = False


class Composer:
    """Composes configs from one folder of config files. Reads every file once, when it is first needed."""

    def __init__(
        self,
        config_path: Path | None,
        config_name: str | None,
        schemas: "Schemas | None" = None,
        *,
        more: Sequence[Path] = (),
        home: Path | None = None,
        is_open: bool = False,
    ) -> None:
        self.schemas = schemas
        self._is_open = is_open  # to new keys without a `+`
        self._unfiled: Iterable[str] = schemas.options if schemas is not None else ()
        self._root = config_path
        self._more = tuple(more)
        self._home = home
        self._name = None if config_path is None or config_name is None else config_name.removesuffix(".yaml")
        self._trees: dict[_TreeKey, _Tree] = {}

    def compose(self, overrides: Sequence[Override]) -> dict[str, Any]:
        """Return the config that the overrides make: plain dicts and lists, interpolations as they are written.

        Raises:
            ConfigError: A file, a defaults list or an override is wrong; an `OverrideError` where it is an override,
                a `SchemaError` where a value is not what the schemas say.
        """
        tree = self._tree(overrides)
        values = [override for override in overrides if not self.is_group_override(override)]
        if self._is_open:
            values = [replace(each, operation="force") if each.operation == "set" else each for each in values]
        for override in values:
            check_value(override, tree.config, tree.keys, self._library)
        config = assign_values(
            tree.config,
            values,
            lambda each: suggest_instead(each, tree.keys, self._library),
            lambda each: self._can_add(each, overrides),
        )
        if tree.typing is None:
            return config
        typed = tree.typing.convert(config)
        for override in values:
            if override.operation == "delete" and find_value(config, override.key) is ABSENT:
                _check_deleted(override, typed)
        return typed

    def convert(self, config: dict[str, Any], overrides: Sequence[Override]) -> dict[str, Any]:
        """Return a config of these overrides, resolved since, with every value of the type that the schemas say.

        Raises:
            SchemaError: A value is of another type.
        """
        if self.schemas is None:
            return config
        typing = self._tree(overrides).typing
        return config if typing is None else typing.convert(config)

    def without_schemas(self) -> "Composer":
        """Return a composer of the same files that takes values of any type."""
        untyped = Composer(self._root, self._name, more=self._more, home=self._home, is_open=self._is_open)
        untyped._unfiled = self._unfiled
        return untyped

    def choices(self, overrides: Sequence[Override]) -> dict[str, Any]:
        """Return what is chosen from each group: the option, a list of several, or None.

        Raises:
            ConfigError: As for `compose`.
        """
        chosen = sorted(self._tree(overrides).defaults.choices.items())
        return {key: list(option) if isinstance(option, tuple) else option for key, option in chosen}

    def has_interpolations(self, overrides: Sequence[Override]) -> bool:
        """Tell whether the config of these overrides may have interpolations.

        Raises:
            ConfigError: As for `compose`.
        """
        return self._tree(overrides).has_interpolations or any("${" in override.text for override in overrides)

    def parts(self, overrides: Sequence[Override]) -> tuple[Part, ...]:
        """Return the files that the config is merged from, in order, with their places in it.

        Raises:
            ConfigError: As for `compose`.
        """
        return self._tree(overrides).defaults.parts

    def find_options_with(self, key: str, overrides: Sequence[Override]) -> list[str]:
        """Return the choices, as they are typed, of options that have a value at a key that the config does not have.

        Raises:
            ConfigError: As for `compose`.
        """
        return find_options_with(key, self._tree(overrides).keys, self._library)

    @property
    def files(self) -> tuple[Path, ...]:
        """The config files that were read so far."""
        return self._library.files

    def is_group(self, key: str) -> bool:
        """Tell whether a key such as `db` or `server/db` is a config group."""
        return self._library.has_group(key)

    def groups(self) -> tuple[str, ...]:
        """Return the names of all config groups, sorted."""
        return self._library.groups()

    def options(self, group: str) -> tuple[str, ...]:
        """Return the names of a group's options, sorted."""
        return self._library.options(group)

    def read_option(self, group: str, option: str) -> Document | None:
        """Return the file of an option; None where there is none.

        Raises:
            YamlError: It cannot be read.
        """
        return self._library.read(f"{group}/{option}")

    def is_group_override(self, override: Override) -> bool:
        """Tell whether an override chooses an option of a group, as opposed to setting a value."""
        return selects_option(override, self._library)

    def _can_add(self, override: Override, overrides: Sequence[Override]) -> bool:
        """Tell whether an override of a key that is not there could add it, as far as the schemas say."""
        if self.schemas is None:
            return True
        added = replace(override, operation="add")
        try:
            self.compose([added if each is override else each for each in overrides])
        except ConfigError:
            return False
        return True

    @cached_property
    def _library(self) -> Library:
        library = Library(() if self._root is None else (self._root, *self._more), self._unfiled)
        if self._name is not None and not find_bad_path(self._name):
            primary = library.read(self._name)
            if primary is not None and isinstance(primary.content, dict):
                library.extend(read_search_path(primary.content, primary.path, self._home))
        return library

    def _tree(self, overrides: Sequence[Override]) -> _Tree:
        for override in overrides:
            if override.is_sweep:
                raise OverrideError(
                    f"{override.text} stands for several values, but one config is composed here; give one value, "
                    f"or quote it if it is a text: {override.key}='...'"
                )
        groups = [override for override in overrides if self.is_group_override(override)]
        key = tuple((each.text, each.operation, each.key, each.package, repr(each.value)) for each in groups)
        if key not in self._trees:
            if len(self._trees) >= _KEPT_TREES:
                del self._trees[next(iter(self._trees))]
            self._trees[key] = self._build_tree(groups)
        return self._trees[key]

    def _build_tree(self, groups: Sequence[Override]) -> _Tree:
        selection = read_selection(groups, self._library)
        primary = self._read_primary()
        defaults = expand_defaults(self._library, primary, self._name or "", selection)
        keys = {part.package: part.key for part in defaults.parts if part.key is not None}
        config, typing = merge_parts(defaults.parts), None
        if self.schemas is not None:
            from mag.config.composition.assignment import Typing  # noqa: PLC0415 - most apps have no schema

            typing = Typing(self.schemas, defaults)
            config = typing.complete(config)
        return _Tree(config, defaults, keys, typing, has_interpolations(config))

    def _read_primary(self) -> Document:
        if self._root is None or self._name is None:
            return Document(Path(), None, (), {})
        if find_bad_path(self._name):
            raise ConfigError(f"{self._name!r} is no name of a config, {find_bad_path(self._name)}")
        document = self._library.read(self._name)
        if document is None:
            raise ConfigError(self._explain_no_primary())
        if not isinstance(document.content, dict):
            raise ConfigError(
                f"{document.path} is a list, but the primary config must be a mapping, as in 'key: value'"
            )
        return document

    def _explain_no_primary(self) -> str:
        if self._root is not None and not self._root.is_dir():
            there = [path.name for path in self._root.parent.glob("*") if path.is_dir()]
            near = name_nearest(self._root.name, there)
            return f"the config folder {self._root} is not there" + (f", did you mean {near!r}?" if near else "")
        known = self._library.options("")
        near = name_nearest(str(self._name), known)
        hint = f", did you mean {near!r}?" if near else ""
        return f"there is no config {self._name!r} in {self._root}{hint}; there are: {list_names(known)}"


def _check_deleted(override: Override, typed: Any) -> None:
    """Refuse to delete what the schema would put there again."""
    if find_value(typed, override.key) is not ABSENT:
        raise OverrideError(
            f"{override.text} would delete a key of the schema; type {override.key}=null if it may be null, or take "
            f"it out of the schema."
        )
