"""Override files: `@file.yaml` among the overrides stands for those that are written in it.

The file is a list of overrides as they would be typed, or a mapping of dotted keys to values, which are taken as they
stand there: a list is one value, and a text is a text.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from mag.config.documents.document import read_yaml
from mag.config.language.grammar import read_override
from mag.config.language.override import Override, format_override, format_value
from mag.errors import OverrideError, UsageError
from mag.suggestion import name_nearest


def read_overrides(texts: Iterable[str]) -> list[Override]:
    """Return what overrides mean, in order; `@file.yaml` stands for those in the file.

    Raises:
        UsageError: The overrides are one text instead of a list of texts.
        OverrideError: One cannot be read, or there is no such file.
        YamlError: A file is no YAML.

    >>> [override.key for override in read_overrides(["a=1", "~b"])]
    ['a', 'b']
    """
    if isinstance(texts, str):
        raise UsageError(f"Overrides are a list, and {texts!r} is one text: write [{texts!r}].")
    return [override for text in texts for override in _read(text)]


def set_value(key: Any, value: Any) -> Override:
    """Return the override that gives a key one value.

    Raises:
        OverrideError: The key cannot be one.

    >>> set_value("+model.sizes", [8, 16]).text
    '+model.sizes=[8,16]'
    """
    name = key if isinstance(key, str) else format_value(key)
    if name.startswith("~") and value is None:
        return read_override(name)
    if "=" in name:
        raise OverrideError(f"{name!r} is no key; write the value after a colon, as in C: 10")
    valued = replace(read_override(f"{name}="), value=value)
    return replace(valued, text=format_override(valued))


def read_file(path: Path, subject: str) -> Any:
    """Return the mapping or list that a YAML file holds.

    Raises:
        OverrideError: It cannot be read.
        YamlError: It is no YAML; the message says in which line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise OverrideError(f"{subject}: the file is not UTF-8; save it as UTF-8") from None
    except FileNotFoundError:
        near = name_nearest(path.name, [each.name for each in path.parent.glob("*.y*ml")])
        hint = f", did you mean {path.with_name(near)}?" if near else ""
        raise OverrideError(f"{subject}: there is no such file{hint}") from None
    except OSError as error:
        raise OverrideError(f"{subject}: the file cannot be read: {error.strerror or error}") from None
    return read_yaml(text, path)


def _read(text: str) -> Iterator[Override]:
    path = text.removeprefix("@")
    if path == text or ("=" in text and not text.endswith((".yaml", ".yml"))):
        yield read_override(text)
        return
    content = read_file(Path(path), text)
    entries = content.items() if isinstance(content, dict) else enumerate(content, start=1)
    for key, value in entries:
        try:
            yield set_value(key, value) if isinstance(content, dict) else _read_entry(value)
        except OverrideError as error:
            place = key if isinstance(content, dict) else f"entry {key}"
            raise OverrideError(f"{path}: {place}: {error}") from None


def _read_entry(entry: Any) -> Override:
    if not isinstance(entry, str):
        better = "C=10"
        if isinstance(entry, dict) and len(entry) == 1:
            better = set_value(*next(iter(entry.items()))).text
        raise OverrideError(f"{format_value(entry):.60} is no override; write it as - {better}")
    if entry.startswith("@"):
        raise OverrideError(f"{entry!r}: a file of overrides names no other; name both on the command line")
    return read_override(entry)
