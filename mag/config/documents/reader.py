"""The reader: from the events of a YAML parser to plain dicts and lists.

It works on events, so that what a hostile or broken file could do (bombs of aliases, endless nesting, tags that make
Python objects, keys that hide each other) is refused before anything is built, with the file and the line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from mag.config.documents.scalars import read_scalar
from mag.errors import YamlError

MAX_DEPTH = 50
"""Levels of nesting that a config may have; no honest one comes near, and OmegaConf is at its end at some 70."""
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
MAX_EXPANDED = 10_000
"""Nodes that a document with aliases may expand to: OmegaConf's own limit."""


_CORE = "tag:yaml.org,2002:"
_KINDS: dict[str, tuple[type, ...]] = {
    f"{_CORE}null": (type(None),),
    f"{_CORE}bool": (bool,),
    f"{_CORE}int": (int,),
    f"{_CORE}float": (float, int),
}


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML can be built without its C parser


class Mark(NamedTuple):
    """Where one value of a file stands.

    Attributes:
        line: The line of its key, or of the value where it is an item of a list; from 1.
        key: The key as written; None where it is quoted, or there is none.
        text: The value as written; None where it is quoted, or more than a scalar.
    """

    line: int
    key: str | None
    text: str | None


class YamlReader:
    """Builds the value of one YAML document, and notes where each part stands if that is wanted."""

    def __init__(self, text: str, path: Path | str, *, marks: bool = False) -> None:
        self._next = _LOADER(text).get_event
        self._path = path
        self._marks: dict[int, tuple[Any, dict[Any, Mark]]] | None = {} if marks else None
        self._nodes = 0
        self._aliased = False
        self._anchors: dict[str, tuple[Any, int]] = {}

    def read(self) -> Any:
        """Return the document's value: a dict or a list; an empty document is an empty dict.

        Raises:
            YamlError: The document is not plain data; the message names place and line.
            yaml.YAMLError: It is not valid YAML.
        """
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
            self._refuse(event, TOO_DEEP)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event, "seq")
            value = []
            for item in self._until(yaml.SequenceEndEvent):
                value.append(self._value(item, depth + 1))
                self._mark(value, len(value) - 1, None, item)
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
            following = self._next()
            content[key] = self._value(following, depth + 1)
            self._mark(content, key, event, following)
        return self._merge([*reversed(merged), content]) if merged else content

    def _merge(self, mappings: list[dict[Any, Any]]) -> dict[Any, Any]:
        """Return the mappings as one, the last of them first in rank, with their marks."""
        whole: dict[Any, Any] = {}
        for mapping in mappings:
            whole.update(mapping)
        if self._marks is not None:
            self._marks[id(whole)] = (whole, {key: mark for each in mappings for key, mark in self.list_marks(each)})
        return whole

    def list_marks(self, holder: Any) -> Iterator[tuple[Any, Mark]]:
        """Yield the mark of each key of a mapping that was read, or of each index of a list."""
        _, found = (self._marks or {}).get(id(holder), (None, {}))
        yield from found.items()

    def _mark(self, holder: Any, name: Any, key: Any, value: Any) -> None:
        if self._marks is not None:  # beside the holder, so that its id stays its own
            mark = Mark((key or value).start_mark.line + 1, _read_plain(key), _read_plain(value))
            self._marks.setdefault(id(holder), (holder, {}))[1][name] = mark

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


def _read_plain(event: Any) -> str | None:
    """Return a scalar as written, unless quotes or a tag say how to read it."""
    return str(event.value) if isinstance(event, yaml.ScalarEvent) and event.implicit[0] else None
