"""Masking: config files without the values of secret-looking keys, so that a snapshot of the code holds none."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from mag.config.secrets import MASK, is_secret

_SUFFIXES = frozenset({".yaml", ".yml", ".json", ".jsonl", ".toml", ".ini", ".cfg", ".conf", ".properties"})
_LONGEST = 1 << 20
_LINE = re.compile(r"""(?P<indent>[ \t]*(?:-[ \t]+)*)(?P<key>["']?[\w.@ -]+?["']?)(?P<sign>\s*[:=]\s*)(?P<value>.*)""")
_INNER = re.compile(
    r"""(?P<key>["']?[\w.@-]+["']?)(?P<sign>\s*[:=]\s*)(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,}\]]+)"""
)
_HARMLESS = re.compile(
    r"""(null|true|false|~|\?\?\?|''|""|[|>][+-]?|["']?\$\{[^}]*\}["']?|["']?\*\*\*["']?|[\[{(]+)?,?\s*(\#.*)?""",
    re.IGNORECASE,
)


def holds_config(path: str, size: int) -> bool:
    """Tell whether a file is one that `mask_text` reads: by its name's ending, and since it is not large."""
    return size <= _LONGEST and PurePath(path).suffix.lower() in _SUFFIXES


def mask_text(text: str, patterns: Sequence[str] = ()) -> str:
    r"""Return the text of a config file with `***` for the values of secret-looking keys.

    It works by lines and knows no grammar: what stands indented below a secret-looking key is masked, too.

    Args:
        text: YAML, JSON, TOML or INI.
        patterns: More key patterns that count as secret.

    >>> print(mask_text("db:\n  user: me\n  password: hunter2  # mine\n"), end="")
    db:
      user: me
      password: "***"
    """
    lines, below = [], None  # how far the secret-looking key is indented that this line may stand below
    for line in text.splitlines(keepends=True):
        body, end = (stripped := line.rstrip("\r\n")), line[len(stripped) :]
        indent = len(body) - len(body.lstrip(" \t-"))
        if below is not None and body.strip() and indent <= below and not body.lstrip().startswith(("]", "}")):
            below = None
        masked = _mask_below(body) if below is not None else _mask_line(body, patterns)
        found = _LINE.fullmatch(body)
        if below is None and found and _is_secret(found["key"], patterns):
            below = indent
        lines.append(masked + end)
    return "".join(lines)


def _mask_line(line: str, patterns: Sequence[str]) -> str:
    found = _LINE.fullmatch(line)
    if found is None:
        return _mask_inner(line, patterns)
    if not _is_secret(found["key"], patterns):
        return line[: found.start("value")] + _mask_inner(found["value"], patterns)
    if _HARMLESS.fullmatch(found["value"]):
        return line
    comma = "," if found["value"].rstrip().endswith(",") else ""
    return f'{line[: found.start("value")]}"{MASK}"{comma}'


def _mask_below(line: str) -> str:
    """Return a line below a secret-looking key: its value, or all of it, masked."""
    found = _LINE.fullmatch(line)
    if found is not None:
        return line if _HARMLESS.fullmatch(found["value"]) else f'{line[: found.start("value")]}"{MASK}"'
    start = len(line) - len(line.lstrip(" \t-[]{}"))
    return line if _HARMLESS.fullmatch(line[start:].strip(" ]}")) else f'{line[:start]}"{MASK}"'


def _mask_inner(text: str, patterns: Sequence[str]) -> str:
    def mask(found: re.Match[str]) -> str:
        if not _is_secret(found["key"], patterns) or _HARMLESS.fullmatch(found["value"]):
            return found[0]
        return f'{found["key"]}{found["sign"]}"{MASK}"'

    return _INNER.sub(mask, text)


def _is_secret(key: str, patterns: Sequence[str]) -> bool:
    return is_secret(key.strip("\"' "), patterns)
