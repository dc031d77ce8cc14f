"""Which directory an experiment lives in: its identifier, or the identifier with a suffix where that is taken."""

import contextlib
import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from mag.config.flat import flatten
from mag.config.identifier import (
    add_suffix,
    build_identifier,
    encode_change,
    encode_value,
    fill_template,
    fits,
    join_values,
)
from mag.config.identity import compute_identity, keep_visible, read_visibility
from mag.disk import files, values
from mag.errors import MagError, RecordError, UsageError
from mag.record.paths import ExperimentPaths, StorePaths
from mag.settings import Settings
from mag.suggestion import name_nearest

if TYPE_CHECKING:
    from mag.record.index import Index

USUAL = Settings()
"""What holds where a project says nothing."""
_BEFORE_FIRST_RECORD = {".mag", "config.json"}


class Address(NamedTuple):
    """Where an experiment lives or may live.

    Attributes:
        name: Name of its directory in the store.
        found: Its record as it was read from there, undecoded; None where it has not been started yet.
    """

    name: str
    found: dict[str, Any] | None


class Names:
    """The names in a store: those that were there when it was listed, and those given out since.

    Names are compared as a file system that ignores case and Unicode forms would, so that a store can be copied
    to any machine. Nothing is read until the first question.
    """

    def __init__(self, store: StorePaths, settings: Settings = USUAL) -> None:
        self._store = store
        self._visibility = read_visibility(settings)
        self._separator = settings.separator
        self._listed: dict[str, str] | None = None
        self._suffixed = False  # whether some experiment may live under its name with a suffix
        self._given: dict[str, str] = {}
        self._index: Index | None = None
        self.merged: dict[str, None] = {}  # what there is to say of experiments that today's settings make one

    def choose(self, identifier: str, identity: str) -> Address:
        """Return where this experiment lives, and remember that the name is given out.

        An experiment that is there already stays where it is, whatever it is called. A new one takes its identifier;
        where that is taken by another identity, the identifier with a suffix of its own.
        """
        place = self._choose_by_name(identifier, identity)
        if not self._list() or (place.found is not None and place.found.get("status") == "completed"):
            return place
        return self._find_elsewhere(identity, place) or place

    def _find_elsewhere(self, identity: str, place: Address) -> Address | None:
        """Return where else an experiment lives that has not completed under its own name."""
        if self._index is None:
            from mag.record.index import Index  # noqa: PLC0415  (start-up: sqlite, which new stores do without)

            self._index = Index(self._store, self._visibility)
        found_there = self._index.find(identity)
        if len({entry.identity for entry in found_there}) > 1:
            names = " and ".join(repr(entry.name) for entry in found_there[:2])
            self.merged[f"{names} are one experiment by today's settings, and {found_there[0].name!r} counts"] = None
        for entry in found_there:
            is_wanted = entry.status == "completed" or place.found is None
            if entry.name == place.name or not is_wanted:
                continue
            with contextlib.suppress(RecordError):  # corrupt, or not ours to read
                found = read_found(self._store, entry.name)
                is_link = os.path.islink(self._store.experiment(entry.name).directory)  # read, but never run
                if found and found.get("status") == entry.status and (entry.status == "completed" or not is_link):
                    return Address(entry.name, found)
        return None

    def _choose_by_name(self, identifier: str, identity: str) -> Address:
        folded = fold(identifier)
        present = self._list().get(folded)
        if present is None and not self._suffixed and self._given.setdefault(folded, identity) == identity:
            return Address(identifier, None)
        place, is_free = self._look(present, folded, identity)
        if place is not None:
            return place
        suffixed = add_suffix(identifier, identity, separator=self._separator)
        other = fold(suffixed)
        place, _ = self._look(self._list().get(other), other, identity)
        if place is not None:
            return place
        self._given[folded if is_free else other] = identity
        return Address(identifier if is_free else suffixed, None)

    def _look(self, present: str | None, folded: str, identity: str) -> tuple[Address | None, bool]:
        """Return where the experiment lives if it is there, and whether that name could be given to it if not."""
        found = None
        if present is not None:
            try:
                found = read_found(self._store, present)
            except files.RefusedError:  # no reason to move; whoever claims it will say why it cannot be used
                found = {"identity": identity}
            if found is not None and found.get("identity") == identity:
                self._given[folded] = identity
                return Address(present, found), False
        return None, found is None and self._given.get(folded, identity) == identity

    def _list(self) -> dict[str, str]:
        if self._listed is None:
            try:
                self._listed = {fold(name): name for name in os.listdir(self._store.root)}
                self._suffixed = any("~" in name for name in self._listed)
            except FileNotFoundError:
                self._listed = {}
            except OSError as error:
                raise RecordError(f"Cannot list {self._store.root}: {error.strerror}.") from error
        return self._listed


DEFAULT_NAME = join_values([], "", separator="|")
"""What a config is called that differs in nothing from the one without overrides, where the name is what differs."""


class TypedWords(NamedTuple):
    """What was typed for a config.

    Attributes:
        choices: What was chosen from each group, which a template may name.
        overrides: The overrides, which make up the name where not all values have room.
        name: What it is called now; kept where that is made up of some of them, for others may have changed nothing.
    """

    choices: Mapping[str, Any] = MappingProxyType({})
    overrides: Sequence[str] = ()
    name: str = ""


def name_config(
    config: Mapping[str, Any],
    identity: str,
    settings: Settings,
    typed: TypedWords | None = None,
) -> str:
    """Return the identifier of a resolved config, made as the project's settings say.

    Raises:
        UsageError: None of the keys that are to make up the name is in the config, or one of a template is not.
    """
    visible = keep_visible(flatten(config), read_visibility(settings))
    separator, secrets = settings.separator, settings.secrets
    if isinstance(settings.identifier, str):
        template = settings.identifier
        find = partial(_find, visible, typed.choices if typed else {}, settings)
        name = fill_template(template, find, separator=separator, secrets=secrets)
        return join_values([name], identity, separator=separator)
    keys = choose_keys(visible, settings)
    parts = [encode_value(key, visible[key], separator=separator, secrets=secrets) for key in keys]
    if settings.identifier is None and typed is not None and not fits(parts, separator):
        changes = _list_typed(visible, typed)
        parts = [encode_change(*each, separator=separator, secrets=secrets) for each in changes]
        if typed.name == DEFAULT_NAME or (typed.name and {*typed.name.split(separator)} <= {*parts}):
            return typed.name
    return join_values(parts, identity, separator=separator)


def _find(visible: Mapping[str, Any], choices: Mapping[str, Any], settings: Settings, key: str) -> Any:
    if key in visible or key in choices:
        return visible.get(key, choices.get(key))
    raise refuse_template(settings, key, visible)


def _list_typed(visible: Mapping[str, Any], typed: TypedWords) -> list[tuple[str, Any]]:
    """Return the choices and keys that overrides name, with their values in the config, choices first."""
    named = [text.partition("=")[0].lstrip("+~") for text in typed.overrides]
    chosen = {key: typed.choices[key] for key in named if key in typed.choices}
    found = {key: visible[key] for key in named if key in visible and key not in chosen}
    return [*sorted(chosen.items()), *sorted(found.items())]


def refuse_template(settings: Settings, key: str, known: Iterable[str] = ()) -> UsageError:
    """Return the error that a name's template has a key that a config does not have."""
    near = name_nearest(key, known)
    hint = f"did you mean {{{near}}}?" if near else "write one that every config has, and that is not hidden."
    return UsageError(
        f"identifier = {settings.identifier!r} in the settings of {settings.root} names {{{key}}}, which is no visible "
        f"key of the config: {hint}"
    )


def choose_keys(visible: Mapping[str, Any], settings: Settings) -> list[str]:
    """Return the keys of a config whose values make up its name, in order; none where a template does.

    Raises:
        UsageError: The config has none of them: all configs would share a name.
    """
    if settings.identifier is None:
        return sorted(visible)
    if isinstance(settings.identifier, str):
        return []
    chosen = [key for key in dict.fromkeys(settings.identifier) if key in visible]
    if visible and not chosen:
        known = ", ".join(sorted(visible))
        raise UsageError(
            f"identifier = {list(settings.identifier)} in the settings of {settings.root} has no visible key of the "
            f"config, so that nothing would be left for a name: known are {known}."
        )
    return chosen


def check_name(name: str) -> str:
    """Return a name that the user chose for an experiment's directory.

    Raises:
        RecordError: It is not one path component that is safe everywhere.
    """
    safe = build_identifier({"name": name}, "")
    if name != safe:
        raise RecordError(f"The name {name!r} cannot be a directory's on every system: use {safe!r}, for example.")
    return name


def fold(name: str) -> str:
    """Return the form in which names are equal that some file system cannot tell apart."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def read_found(store: StorePaths, name: str) -> dict[str, Any] | None:
    """Return the record, undecoded, of what lives in the directory `name`."""
    paths = store.experiment(name)
    try:
        return files.read_json(paths.record)
    except FileNotFoundError:
        return None if _is_blank(paths.directory) else _look_again(paths)
    except (files.NewerVersionError, files.RefusedError):
        raise
    except RecordError:
        ruins = _read_ruins(paths)
        return None if not ruins and files.is_hollow(paths.record) else ruins


def _look_again(paths: ExperimentPaths) -> dict[str, Any]:
    """Return the record if another process wrote it between two looks: it is the first file in a directory."""
    try:
        return files.read_json(paths.record)
    except FileNotFoundError:
        return {}


def _read_ruins(paths: ExperimentPaths) -> dict[str, Any]:
    try:
        return {"identity": compute_identity(values.decode(files.read_object(paths.config)))}
    except files.RefusedError:
        raise
    except (OSError, MagError):
        return {}


def _is_blank(directory: str) -> bool:
    try:
        return not os.path.islink(directory) and set(os.listdir(directory)) <= _BEFORE_FIRST_RECORD
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return False
    except OSError as error:
        raise files.RefusedError(f"Cannot read {directory}: {error.strerror}.") from error
