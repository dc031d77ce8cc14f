"""Exposure: files that hold secrets, by their names, values under secret-looking keys, or a private key's header."""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any

from mag.code.repository import Repository
from mag.config.secrets import find_values, is_secret
from mag.errors import MagError
from mag.patterns import compile_lazily
from mag.settings import SECRET_FILES

LONGEST = 1 << 20
"""No larger file is looked into, in bytes."""
_SUFFIXES = frozenset((".yaml", ".yml", ".json", ".jsonl", ".toml", ".ini", ".cfg", ".conf", ".properties", ".env"))
_LINE = compile_lazily(r"""\s*(?:export\s+|-\s+)?["']?([\w.@-]+)["']?\s*[:=]\s*["']?([^\s"',}\]].*)""")
_INNER = compile_lazily(r"""["']?([\w.@-]+)["']?\s*[:=]\s*["']([^"']+)["']""")
_PRIVATE_KEY = compile_lazily(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key-File-\d")
_LONGEST_KEY = 1 << 17
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


def list_exposed(repository: Repository, code: str, patterns: Sequence[str] = ()) -> list[str]:
    """Return the files of a commit that hold what looks like a secret: by their names, keys and values, or headers.

    Raises:
        RepositoryError: Git did not answer.
    """
    entries = repository.run("ls-tree", "-r", "-z", "--long", code).split("\0")
    sizes = {path: words.split() for words, _, path in (entry.partition("\t") for entry in entries if entry)}
    small = {path: told[2] for path, told in sizes.items() if told[3].isdigit() and int(told[3]) <= LONGEST}
    exposed = [path for path in sizes if match_name(path, SECRET_FILES)]
    for path, content in zip(small, _read_blobs(repository, small.values()), strict=True):
        if path not in exposed and (holds_key(content) or _exposes_in_text(path, content, patterns)):
            exposed.append(path)
    return sorted(exposed)


def _exposes_in_text(path: str, content: bytes, patterns: Sequence[str]) -> bool:
    if is_config(path):
        return exposes_secret(path, content, patterns)
    if b"\0" in content[:8000]:
        return False
    pairs = (found for line in content.decode("utf-8", "replace").splitlines() for found in _INNER.finditer(line))
    return any(is_secret(found[1], patterns) and not _HARMLESS.fullmatch(found[2].lower()) for found in pairs)


def _read_blobs(repository: Repository, names: Iterable[str]) -> Iterator[bytes]:
    told = io.BytesIO(repository.run_on((f"{name}\n".encode() for name in names), "cat-file", "--batch"))
    while line := told.readline():
        size = int(line.split()[2])
        yield told.read(size)
        told.read(1)


def match_name(path: str, patterns: Sequence[str]) -> str | None:
    """Return the first pattern that a part of a path has, in any case."""
    parts = path.lower().split("/")
    return next((each for each in patterns if any(fnmatchcase(part, each.lower()) for part in parts)), None)


def holds_key(content: bytes) -> bool:
    """Tell whether a file's content begins a private key."""
    return _PRIVATE_KEY.search(content[:_LONGEST_KEY].decode("latin-1")) is not None
