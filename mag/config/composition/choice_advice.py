"""Advice on choices: why a defaults list or a choice is refused, and what to write instead."""

from collections.abc import Mapping
from pathlib import Path

from mag.config.composition.groups import Library
from mag.config.composition.node import Node
from mag.config.composition.selection import GroupSelection
from mag.config.documents.entries import GLOBAL, Option, name_choice
from mag.config.documents.marks import Marks
from mag.config.language.lexer import write_word
from mag.errors import ConfigError, MissingValueError, OverrideError
from mag.suggestion import list_names, name_nearest


class OpenChoiceError(MissingValueError):
    """An option is still `???`."""

    def __init__(self, message: str, key: str, options: tuple[str, ...], source: str) -> None:
        super().__init__(message)
        self.key = key
        self.options = options
        self.source = source


class ChoiceErrors:
    """The errors of one composition; each method returns the error to raise."""

    def __init__(self, library: Library, selection: GroupSelection, choices: Mapping[str, Option]) -> None:
        self._library = library
        self._selection = selection
        self._choices = choices

    def open_choice(self, node: Node, key: str, group: str) -> ConfigError:
        """An option is still `???`."""
        options = self._library.options(group)
        message = f"{_place(node)} leaves the choice of {key} open; {_advise(key, options)}"
        return OpenChoiceError(message, key, options, node.origin)

    def missing_file(self, node: Node) -> ConfigError:
        """An entry names a file that is not there."""
        if node.key is None:
            return self._missing_config(node)
        group = node.entry.group(node.folder) if node.entry.is_group else node.path.rpartition("/")[0]
        option = node.path.removeprefix(f"{group}/")
        if not self._library.has_group(group):
            if not node.entry.path.startswith("/") and self._library.has_group(node.entry.own_group):
                near = f"; for the one in the config folder write '/{node.entry.own_group}'"
            else:
                near = self._suggest(group, self._library.groups())
            return ConfigError(f"{_place(node)}: there is no config group {group!r}{near}")
        options = self._library.options(group)
        if option in options:
            return ConfigError(f"{_place(node)}: the file of {group}/{option} is a link that leads nowhere")
        near = self._suggest(option, options)
        return ConfigError(
            f"{_place(node)}: the config group {group} has no option {option!r}{near}; it has: {list_names(options)}"
        )

    def unknown_interpolation(self, node: Node, written: str, names: list[str]) -> ConfigError:
        """An entry's interpolation names no choice."""
        known = list_names(key for key, option in self._choices.items() if isinstance(option, str))
        return ConfigError(
            f"{_place(node)}: {written!r} names {list_names(names)}, but in a defaults list only a choice of one "
            f"option can be named; these are known: {known}"
        )

    def override_below_interpolation(self, key: str, origin: str) -> ConfigError:
        """A file that an interpolation leads to overrides a choice."""
        return ConfigError(
            f"{origin}: 'override' of {key} is not possible here, because an interpolation chose this file after the "
            "choices were made; write it into the file with the interpolation"
        )

    def second_choice(self, node: Node, key: str, option: Option) -> ConfigError:
        """Two entries are the same choice."""
        if any(entry.key("", "") == key for entry in self._selection.added):
            return OverrideError(
                f"{self._selection.texts[key]}: {key} is a choice already ({_write(option)}, in {_place(node)}); "
                f"type {write_word(self._selection.texts[key].removeprefix('+'))} to change it"
            )
        first, second = _write(option), _write(self._choices[key])
        if first == second:
            return ConfigError(
                f"{_place(node)}: {key} is chosen twice, both times as {first}; remove one of the entries"
            )
        return ConfigError(
            f"{_place(node)}: {key} is chosen twice, as {first} and as {second}; "
            f"remove one of the entries, or write the later one as 'override /{key}: {second}'"
        )

    def unused_override(self, key: str, option: Option, origin: str, node: Node | None) -> ConfigError:
        """An override changes a choice that nobody offers."""
        group = key.partition("@")[0]
        if node is not None:
            return self._unused_entry(key, option, origin, node)
        others = [other for other in self._choices if other.partition("@")[0] == group]
        if others:
            instead = " or ".join(write_word(f"{other}={_write(option)}") for other in others)
            return OverrideError(f"{origin}: there is no choice {key}; type {instead}")
        options = self._library.options(group)
        if isinstance(option, str) and option not in options and not self._library.read(f"{group}/{option}"):
            near = name_nearest(option, options)
            return OverrideError(
                f"{origin}: nothing chooses from the config group {group} yet, and it has no option {option!r}; "
                f"{_advise(f'+{key}', options, near)}"
            )
        added = write_word(f"+{origin}")
        return OverrideError(f"{origin}: nothing chooses from the config group {group} yet; to add it type {added}")

    def unused_deletion(self, key: str) -> ConfigError:
        """A deletion meets no choice."""
        text = self._selection.texts[key]
        if key in self._choices:
            return OverrideError(
                f"{text}: {key} is {_write(self._choices[key])}; type {write_word('~' + key)} to delete it all the same"
            )
        group = key.partition("@")[0]
        near = next((other for other in self._choices if other.partition("@")[0] == group), None)
        near = near or name_nearest(key, self._choices)
        known = list_names(self._choices)
        hint = f"did you mean {write_word('~' + near)}?" if near else f"the choices are: {known}"
        return OverrideError(f"{text}: there is no choice {key} to delete; {hint}")

    def _unused_entry(self, key: str, option: Option, origin: str, node: Node) -> ConfigError:
        said = f"{_place_override(node, key) or origin}: 'override' of {key}"
        if key in self._choices:
            return ConfigError(f"{said} stands before the choice itself; put the entry of {key} before it")
        group = key.partition("@")[0]
        own = group.removeprefix(f"{node.path.rpartition('/')[0]}/")
        others = [other for other in self._choices if other.partition("@")[0] in {group, own}]
        others.sort(key=lambda other: other not in {group, own})
        if not others and not self._library.has_group(group):
            near = self._suggest(group, self._library.groups())
            return ConfigError(f"{said} changes nothing, as there is no config group {group!r}{near}")
        if not others:
            return ConfigError(f"{said} changes nothing, as no entry chooses from {group}; write it without 'override'")
        return ConfigError(
            f"{said} changes nothing; write 'override {_spell(others[0], node.package)}: {_write(option)}'"
        )

    def _missing_config(self, node: Node) -> ConfigError:
        name = node.path.rpartition("/")[2]
        if not node.entry.path.startswith("/") and self._library.read(node.entry.path) is not None:
            return ConfigError(
                f"{_place(node)}: there is no config {node.path!r}; for the one in the config folder write "
                f"'/{node.entry.path}'"
            )
        written, equal, option = node.entry.path.partition("=")
        if equal:
            return ConfigError(
                f"{_place(node)}: there is no config {node.path!r}; an option is written '{written}: {option}'"
            )
        options = self._library.options(node.path)
        if self._library.has_group(node.path):
            return ConfigError(
                f"{_place(node)}: {node.path} is a config group; write which option, of: {list_names(options)}; "
                f"as in '{node.entry.path}: {(*options, 'OPTION')[0]}'"
            )
        group = node.path.rpartition("/")[0]
        options = self._library.options(group)
        where = f"in {group}/" if group else "in the config folder"
        near = self._suggest(name, options)
        return ConfigError(
            f"{_place(node)}: there is no config {node.path!r}{near}; {where} are: {list_names(options)}"
        )

    def _suggest(self, name: str, known: tuple[str, ...]) -> str:
        near = name_nearest(name, known)
        return f", did you mean {near!r}?" if near else ""


def _advise(key: str, options: tuple[str, ...], near: str | None = None) -> str:
    """Return what to type to choose an option: the one that was probably meant, else the first."""
    if not options:
        return "its group has no options"
    return f"type {write_word(f'{key}={near or options[0]}')}, or another option, of: {list_names(options)}"


def _place(node: Node) -> str:
    """Return who asked for an entry: an override as typed, or a file with its line."""
    file = node.above.document if node.above else None
    if node.index is not None and file is not None and str(file.path) == node.origin:
        return _locate(file.path, node.index)
    return node.origin


def _place_override(node: Node, key: str) -> str | None:
    """Return where the file of a node overrides a choice."""
    document, folder = node.document, node.entry.group(node.folder)
    for index, entry in enumerate(document.entries if document else ()):
        if document is not None and entry.override and entry.key(folder, node.package) == key:
            return _locate(document.path, index)
    return None


def _locate(file: Path, index: int) -> str:
    place = Marks().locate(file, ("defaults", index))
    return f"{place.file}:{place.line}"


def _write(option: Option) -> str:
    if isinstance(option, tuple):
        return f"[{','.join(option)}]"
    return "null" if option is None else option


def _spell(key: str, parent: str) -> str:
    """Return a choice's entry as a file with the package `parent` would write it."""
    group, _, package = key.partition("@")
    package = "" if package == GLOBAL else package or group.replace("/", ".")
    if not parent and name_choice(group, package) == group:
        return f"/{group}"
    return f"/{group}@{GLOBAL}.{package}" if package else f"/{group}@{GLOBAL}"
