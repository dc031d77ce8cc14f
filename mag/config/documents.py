"""Documents: YAML files, read into plain dicts and lists.

The reader works on the parser's events, so that what a hostile or broken file could do (bombs of aliases, endless
nesting, tags that make Python objects, keys that hide each other) is refused before anything is built, with the file
and the line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from mag.config.entries import GLOBAL, Entry, read_entries
from mag.config.scalars import read_scalar
from mag.errors import ConfigError, YamlError

MAX_DEPTH = 200
"""Levels of nesting that a config may have; no honest one comes near, and Python's own stack ends at 1,000."""
MAX_EXPANDED = 10_000
"""Nodes that a document with aliases may expand to: OmegaConf's own limit."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML can be built without its C parser
_CORE = "tag:yaml.org,2002:"
_KINDS: dict[str, tuple[type, ...]] = {
    f"{_CORE}null": (type(None),),
    f"{_CORE}bool": (bool,),
    f"{_CORE}int": (int,),
    f"{_CORE}float": (float, int),
}


@dataclass(frozen=True, slots=True)
class Document:
    """One config file.

    Attributes:
        path: The file.
        package: The package that its `# @package` line asks for, as an absolute one; None without the line.
        entries: Its defaults list, `_self_` included.
        content: The rest of it: a dict, or a list.
    """

    path: Path
    package: str | None
    entries: tuple[Entry, ...]
    content: Any


def read_document(path: Path) -> Document | None:
    """Read a config file.

    Args:
        path: The file.

    Returns:
        The document, or None where there is no such file.

    Raises:
        YamlError: The file cannot be read, is not valid YAML, or is no config.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise YamlError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    text = _decode(path, data)
    package = _read_header(path, text)
    content = read_yaml(text, path)
    if not isinstance(content, dict):
        return Document(path, package, (), content)
    entries: tuple[Entry, ...] = ()
    if "defaults" in content:
        entries = _read_defaults(path, content.pop("defaults"))
    return Document(path, package, entries, content)


def read_yaml(text: str, path: Path | str) -> Any:
    """Return the value of a YAML text: a dict or a list; an empty text is an empty dict.

    Args:
        text: The text.
        path: Where it comes from, for the messages.

    Raises:
        YamlError: It is not valid, or not plain data: the message names place and line.

    >>> read_yaml("a: [1e-3, yes, 2020-01-01]", "x.yaml")
    {'a': [0.001, True, '2020-01-01']}
    """
    loader = _LOADER(text)
    try:
        return _Reader(loader, path).read()
    except yaml.YAMLError as error:
        raise YamlError(_explain(error, text, path)) from None
    finally:
        loader.dispose()


def _explain(error: yaml.YAMLError, text: str, path: Path | str) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if mark is None:
        control = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
        line = text.count("\n", 0, control.start()) + 1 if control else 1
        return f"{path}:{line}: {problem}"
    if "cannot start any token" in problem:
        character = text.splitlines()[mark.line][mark.column]
        what = "a tab cannot indent YAML, use spaces"
        problem = what if character == "\t" else f"{character!r} cannot start a value, quote it"
    return f"{path}:{mark.line + 1}: {problem}"


def _decode(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise YamlError(
            f"{path}:{line}: the file is not UTF-8 (byte 0x{data[error.start]:02x}); save it as UTF-8"
        ) from None


def _read_header(path: Path, text: str) -> str | None:
    """Return the package of the `# @package` line, which only counts before any other line."""
    package = None
    for number, line in enumerate(text[:512].splitlines(), start=1):
        if not line.strip():
            continue
        mark, *words = line.lstrip("# \t").split() or [""]
        if not (line.lstrip().startswith("#") and mark.startswith("@")):
            break
        if len(words) != 1:
            raise YamlError(f"{path}:{number}: {line.strip()!r} needs one package, as in '# @package model.head'")
        package = words[0] if mark == "@package" else package
    if package is None or package == "_group_":
        return None
    if package == "_here_":
        raise YamlError(f"{path}:1: '# @package _here_' has no meaning in a file; write it into the defaults list")
    return package if package.startswith(GLOBAL) else f"{GLOBAL}.{package}"


def _read_defaults(path: Path, defaults: Any) -> tuple[Entry, ...]:
    try:
        return read_entries([] if defaults is None else defaults)
    except ConfigError as error:
        raise YamlError(f"{path}: the defaults list {error}") from None


class _Reader:
    """Builds the value of one document from its events; counts nodes, so that an alias costs nothing to refuse."""

    def __init__(self, loader: Any, path: Path | str) -> None:
        self._next = loader.get_event
        self._path = path
        self._nodes = 0
        self._aliased = False
        self._anchors: dict[str, tuple[Any, int]] = {}

    def read(self) -> Any:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return {}
        event = self._next()
        value = self._value(event, 1)
        self._next()
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            self._refuse(following, "a second document starts here, but a config file is one")
        if value is None:
            return {}
        if not isinstance(value, dict | list):
            self._refuse(event, f"the file holds only {value!r}; a config is a mapping, as in 'key: value'")
        return value

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        start = self._nodes
        self._count(event)
        if event.anchor:
            self._anchors.pop(event.anchor, None)  # an alias inside the node itself finds nothing
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif depth > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event, "seq")
            value = [self._value(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        else:
            self._check_tag(event, "map")
            value = self._mapping(depth)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._nodes - start)
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            self._refuse(event, f"the alias *{event.anchor} stands for nothing before it, or contains itself")
        value, size = self._anchors[event.anchor]
        self._aliased = True
        self._count(event, size)
        return value

    def _count(self, event: Any, size: int = 1) -> None:
        self._nodes += size
        if self._aliased and self._nodes > MAX_EXPANDED:
            self._refuse(
                event,
                f"with its aliases the file expands to more than {MAX_EXPANDED:,} values; write fewer aliases",
            )

    def _until(self, end: type) -> Iterator[Any]:
        while not isinstance(event := self._next(), end):
            yield event

    def _mapping(self, depth: int) -> dict[Any, Any]:
        content: dict[Any, Any] = {}
        merged: list[dict[Any, Any]] = []
        for event in self._until(yaml.MappingEndEvent):
            if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]:
                merged += self._merged(event, depth)
                continue
            key = self._value(event, depth + 1)
            if not isinstance(key, str | int | float):
                self._refuse(event, f"a key must be a text, a number or a boolean, not {key!r:.80}; quote it")
            if key in content:
                self._refuse(event, f"the key {key!r} stands twice in the same mapping; remove one of them")
            content[key] = self._value(self._next(), depth + 1)
        if not merged:
            return content
        base: dict[Any, Any] = {}
        for mapping in reversed(merged):
            base.update(mapping)
        return {**base, **content}

    def _merged(self, event: Any, depth: int) -> list[dict[Any, Any]]:
        value = self._value(self._next(), depth + 1)
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            self._refuse(event, "'<<' needs a mapping or a list of mappings, as in '<<: *base'")
        return mappings

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        plain, quoted = event.implicit
        if event.tag is None or event.tag == "!":
            if quoted or not plain:
                return text
        elif event.tag == f"{_CORE}str":
            return text
        try:
            value = read_scalar(text)
        except ValueError as error:
            if "digit" in str(error):
                self._refuse(event, f"the integer {text:.20}... has too many digits; quote it if it is a text")
            self._refuse(event, str(error))
        return value if event.tag in {None, "!"} else self._cast(event, value)

    def _cast(self, event: Any, value: Any) -> Any:
        kinds = _KINDS.get(event.tag)
        if kinds is None:
            self._refuse_tag(event)
        if type(value) not in kinds:
            self._refuse(event, f"{event.value!r:.80} is no {event.tag.removeprefix(_CORE)}, as its tag says")
        return float(value) if kinds[0] is float else value

    def _check_tag(self, event: Any, kind: str) -> None:
        if event.tag not in {None, "!", f"{_CORE}{kind}"}:
            self._refuse_tag(event)

    def _refuse_tag(self, event: Any) -> NoReturn:
        tag = event.tag.replace(_CORE, "!!")
        self._refuse(event, f"the tag {tag} is not allowed; a config holds plain values only")

    def _refuse(self, event: Any, problem: str) -> NoReturn:
        raise YamlError(f"{self._path}:{event.start_mark.line + 1}: {problem}")
