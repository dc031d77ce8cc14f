"""Entries: the items of a defaults list, and the arithmetic of groups and packages.

A *group* is a folder of config files (`db`, `server/db`), an *option* one file in it; the *package* is the dotted
place in the config where the file's content goes. The *key* of a choice is what an override names it by: the group,
and `@package` where the content does not go to the group's own place (`db`, `db@backup`, `db@_global_`).
"""

from posixpath import normpath
from typing import Any, NamedTuple, TypeAlias

from mag.errors import ConfigError

Option: TypeAlias = str | tuple[str, ...] | None

GLOBAL = "_global_"
OLD_GLOBAL = "__global__"
"""How some files spell it, copied from one another."""
SELF = "_self_"
_KEYWORDS = ("optional", "override")
_UPWARDS = {".", ".."}
_LEADS_UPWARDS = "but a config path cannot lead upwards; start it with / to start at the config folder"


class Entry(NamedTuple):
    """One item of a defaults list.

    Attributes:
        path: The group, or for an entry without options the config file; a leading `/` starts at the config folder,
            else it is relative to the folder of the file with the list.
        option: The option, several, None for none yet, `???` for one that has to be given.
        is_group: Whether there are options to choose from.
        package: What stands after `@`, if anything.
        optional: Whether a missing file is fine.
        override: Whether it changes the choice of an entry elsewhere rather than being a choice of its own.
    """

    path: str
    option: Option = None
    is_group: bool = True
    package: str | None = None
    optional: bool = False
    override: bool = False

    @property
    def is_self(self) -> bool:
        """Tell whether it stands for the content of the file itself."""
        return self.path == SELF

    @property
    def own_group(self) -> str:
        """The group as written, without a leading slash: what names the package by default."""
        return self._group_of(self.path.removeprefix("/"))

    def group(self, folder: str) -> str:
        """Return the group's path below the config folder."""
        return self._group_of(self.locate(folder))

    def locate(self, folder: str) -> str:
        """Return the path below the config folder, of the group or of the file.

        >>> Entry("db").locate("server"), Entry("/db").locate("server"), Entry("../db").locate("server")
        ('server/db', 'db', 'db')
        """
        path = self.path[1:] if self.path.startswith("/") else join_path(folder, self.path)
        return normpath(path) if "." in path and _UPWARDS.intersection(path.split("/")) else path

    def place(self, folder: str, parent: str, header: str | None = None) -> str:
        """Return the dotted place in the config where the entry's content goes."""
        package = header if self.package is None else self.package
        if package is None:
            package = self.own_group.replace("/", ".")
        elif "_group_" in package:
            own = self.group(folder).replace("/", ".")
            package = f"{GLOBAL}.{package.replace('_group_', own)}"
        return join_package(parent, package)

    def key(self, folder: str, parent: str) -> str:
        """Return the name by which overrides know the choice.

        >>> Entry("db").key("", ""), Entry("db", package="_global_").key("server", "server")
        ('db', 'server/db@_global_')
        """
        return name_choice(self.group(folder), self.place(folder, parent))

    def select(self, option: str) -> "Entry":
        """Return the entry of one file of a multiple choice."""
        return Entry(f"{self.path}/{option}", is_group=False, package=self.package, optional=self.optional)

    def _group_of(self, path: str) -> str:
        return path if self.is_group else path.rpartition("/")[0]


def name_choice(group: str, package: str) -> str:
    """Return the key of a choice: the group, with its package where that is not the group's own.

    >>> name_choice("server/db", "server.db"), name_choice("db", "backup"), name_choice("db", "")
    ('server/db', 'db@backup', 'db@_global_')
    """
    return group if package == group.replace("/", ".") else f"{group}@{package or GLOBAL}"


def join_path(folder: str, path: str) -> str:
    """Return the path below the folder, either of which may be empty."""
    return f"{folder}/{path}" if folder and path else folder or path


def join_package(parent: str, package: str) -> str:
    """Return the package below its parent; what stands before `_global_` does not count, `_here_` is the parent.

    >>> join_package("a.b", "c"), join_package("a.b", "_global_.c"), join_package("a.b", "_here_")
    ('a.b.c', 'c', 'a.b')
    """
    if parent and not package:
        return parent
    parts = f"{parent}.{package}".split(".") if parent else package.split(".")
    if GLOBAL in parts:
        parts = parts[len(parts) - parts[::-1].index(GLOBAL) :]
    return ".".join(part for part in parts if part != "_here_")


def read_entries(defaults: Any) -> tuple[Entry, ...]:
    """Return the entries of a defaults list, with `_self_` at the end where it is not named.

    Raises:
        ConfigError: It is no defaults list; the message is a part of a sentence, such as "has two _self_".
    """
    if not isinstance(defaults, list):
        found = "a mapping" if isinstance(defaults, dict) else repr(defaults)
        raise ConfigError(f"must be a list such as [db: mysql, _self_], not {found}")
    entries = tuple(_read_entry(item) for item in defaults)
    _check_order(entries)
    if not any(entry.is_self for entry in entries):
        entries += (Entry(SELF, is_group=False),)
    return entries


def _check_order(entries: tuple[Entry, ...]) -> None:
    if sum(entry.is_self for entry in entries) > 1:
        raise ConfigError("names _self_ twice, but the file's own content can only be in one place")
    last: Entry | None = None
    for entry in entries:
        if last is not None and not entry.override and not entry.is_self:
            raise ConfigError(
                f"has 'override {last.path}' before {entry.path!r}, but overrides must be its last entries"
            )
        last = entry if entry.override else last


def _read_entry(item: Any) -> Entry:
    if isinstance(item, str):
        return _read_file_entry(item)
    if not isinstance(item, dict):
        raise ConfigError(f"has the entry {item!r}, which is neither 'group: option' nor the name of a file")
    if len(item) != 1:
        raise ConfigError(f"has the entry {item!r}, which needs exactly one group; start every entry with its own '-'")
    [(name, option)] = item.items()
    if not isinstance(name, str):
        raise ConfigError(f"has the entry {item!r}, but its group must be a text")
    *words, path = name.split() or [""]
    for word in words:
        if word not in _KEYWORDS:
            raise ConfigError(f"has the word {word!r} in {name!r}, where only 'optional' or 'override' may stand")
    if len(words) > 1:
        raise ConfigError(f"has the entry {name!r}, but 'optional' and 'override' cannot be combined")
    path, package = _split_package(path)
    return Entry(
        path,
        _read_option(name, option),
        package=package,
        optional="optional" in words,
        override="override" in words,
    )


def _read_file_entry(item: str) -> Entry:
    if item.split()[:1] in (["optional"], ["override"]):
        raise ConfigError(f"has the entry {item!r}, which needs a group and an option, as in 'optional db: mysql'")
    path, package = _split_package(item)
    if path == SELF and package is not None:
        raise ConfigError(
            f"has the entry {item!r}, but _self_ takes no package; write '# @package' into the first line"
        )
    if path == "???":
        raise ConfigError("has the entry '???' without a group; write 'db: ???'")
    return Entry(path, is_group=False, package=package)


def _split_package(name: str) -> tuple[str, str | None]:
    path, at, package = name.partition("@")
    problem = find_bad_path(path)
    if problem == _LEADS_UPWARDS:  # Hydra 1.3 has it, but puts it in a strange place where there is no package
        needed = f"but what leads upwards needs a package, as in '{path}@{path.strip('./') or 'x'}'; or start it with /"
        problem = None if package else f"{needed} at the config folder"
    if problem:
        raise ConfigError(f"has the entry {name!r}, {problem}")
    if ":" in package:
        raise ConfigError(f"has the entry {name!r}, but a package cannot be renamed with ':'; write the new one only")
    return path, package if at else None


def find_bad_path(path: str) -> str | None:
    """Return what is wrong with the path of a group or config, as a part of a sentence; None if nothing."""
    parts = path.removeprefix("/").split("/")
    if _UPWARDS.intersection(parts):
        return _LEADS_UPWARDS
    if not all(parts):
        return "but its path has an empty part"
    return None


def _read_option(name: str, option: Any) -> Option:
    if option is None or isinstance(option, str):
        _check_option(name, option)
        return option
    if isinstance(option, list):
        for one in option:
            if not isinstance(one, str):
                raise ConfigError(f"has {one!r} among the options of {name!r}, which must be texts; quote it")
            if "${" in one:
                raise ConfigError(f"has {one!r} among the options of {name!r}, but a list takes no interpolation")
            _check_option(name, one)
        return tuple(option)
    how = "quote what is written there" if isinstance(option, bool) else f"quote it: '{option}'"
    raise ConfigError(f"has the option {option!r} of {name!r}, which must be a text or a list; {how}")


def _check_option(name: str, option: str | None) -> None:
    if option == SELF:
        raise ConfigError(f"has _self_ as an option of {name!r}, but it is an entry of its own: '- _self_'")
    if option is not None and "${" not in option and (problem := find_bad_path(f"x/{option}")):
        raise ConfigError(f"has the option {option!r} of {name!r}, {problem}")
