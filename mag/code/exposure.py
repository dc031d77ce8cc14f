"""Exposure: files that hold values under secret-looking keys, as config files do."""

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from mag.config.secrets import find_values, is_secret
from mag.errors import MagError
from mag.patterns import compile_lazily

LONGEST = 1 << 20
"""No larger file is looked into, in bytes."""
_SUFFIXES = frozenset((".yaml", ".yml", ".json", ".jsonl", ".toml", ".ini", ".cfg", ".conf", ".properties", ".env"))
_LINE = compile_lazily(r"""\s*(?:export\s+|-\s+)?["']?([\w.@-]+)["']?\s*[:=]\s*["']?([^\s"',}\]].*)""")
_INNER = compile_lazily(r"""["']?([\w.@-]+)["']?\s*[:=]\s*["']([^"']+)["']""")
_HARMLESS = compile_lazily(r"""(null|true|false|~|\?\?\?|none|\$\{[^}]*\}|\*\*\*|[|>][+-]?|[\[{(])["',]*\s*(#.*)?""")


def is_config(path: str) -> bool:
    """Tell whether a file is one that may hold keys and values, by its name's ending."""
    name = PurePath(path).name.lower()
    return PurePath(name).suffix in _SUFFIXES or name.startswith(".env")


def exposes_secret(path: str, content: bytes, patterns: Sequence[str] = ()) -> bool:
    """Tell whether the text of a config file holds a value under a secret-looking key, or credentials in a URL.

    Args:
        path: Its name, whose ending says how it is to be read.
        content: What is in it.
        patterns: More key patterns that count as secret.

    >>> exposes_secret("db.yaml", b"db: {user: me, password: hunter2}"), exposes_secret("db.yaml", b"password: null")
    (True, False)
    """
    text = content[:LONGEST].decode("utf-8", "replace")
    try:
        return any(find_values(document, patterns) for document in _read(PurePath(path.lower()).suffix, text))
    except (MagError, ValueError, RecursionError):
        return any(_tells(line, patterns) for line in text.splitlines())


def _read(suffix: str, text: str) -> Iterator[Any]:
    if suffix in {".yaml", ".yml"}:
        from mag.config.documents.document import read_yaml  # noqa: PLC0415  (few files are looked into)

        yield read_yaml(text, "")
    elif suffix == ".json":
        yield json.loads(text)
    elif suffix == ".jsonl":
        yield from map(json.loads, text.splitlines())
    elif suffix == ".toml":
        import tomllib  # noqa: PLC0415

        yield tomllib.loads(text)
    else:
        raise ValueError(suffix)


def _tells(line: str, patterns: Sequence[str]) -> bool:
    """Tell whether a line gives a value to a secret-looking key."""
    first = _LINE.match(line)
    pairs = [(first[1], first[2])] if first else []
    pairs += [(found[1], found[2]) for found in _INNER.finditer(line)]
    return any(is_secret(key, patterns) and not _HARMLESS.fullmatch(value.lower()) for key, value in pairs)
