"""Masking: config files without the values of secret-looking keys, so that a snapshot of the code holds none."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from mag.config.secrets import MASK, is_secret, mask_urls
from mag.patterns import compile_lazily

_SUFFIXES = frozenset({".yaml", ".yml", ".json", ".jsonl", ".toml", ".ini", ".cfg", ".conf", ".properties"})
_LONGEST = 1 << 20
_LINE = compile_lazily(
    r"""(?P<indent>[ \t]*(?:-[ \t]+)*)(?P<key>["']?[\w.@ -]+?["']?)(?P<sign>\s*[:=]\s*)(?P<value>.*)"""
)
_INNER = compile_lazily(r"""(?P<key>["']?[\w.@-]+["']?)\s*[:=]\s*""")
_VALUE = compile_lazily(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^,\[\]{}"'][^,\[\]{}]*)""")
_PIECE = compile_lazily(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[\[{]|[\]}]|.)""")
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_HARMLESS = compile_lazily(
    r"""(null|true|false|~|\?\?\?|''|""|[|>][+-]?|["']?\$\{[^}]*\}["']?|["']?\*\*\*["']?|[\[{(]+)?,?\s*(\#.*)?""",
    re.IGNORECASE,
)


def holds_config(path: str, size: int) -> bool:
    """Tell whether a file is one that `mask_text` reads: by its name's ending, and since it is not large."""
    return size <= _LONGEST and PurePath(path).suffix.lower() in _SUFFIXES


def mask_text(text: str, patterns: Sequence[str] = ()) -> str:
    r"""Return the text of a config file with `***` for the values of secret-looking keys and credentials in URLs.

    It works by lines and knows no grammar: what stands indented below a secret-looking key is masked, too.

    >>> print(mask_text("db:\n  user: me\n  password: hunter2  # mine\n"), end="")
    db:
      user: me
      password: "***"
    """
    lines, below = [], None  # how far the secret-looking key is indented that this line may stand below
    depth = 0  # how many brackets are open of a value that began in the middle of a line
    for line in text.splitlines(keepends=True):
        body, end = (stripped := line.rstrip("\r\n")), line[len(stripped) :]
        indent = len(body) - len(body.lstrip(" \t-"))
        if depth > 0:  # until they are closed, however the lines are indented
            lines.append(_mask_below(body) + end)
            depth = max(0, depth + _measure_depth(body))
            continue
        if below is not None and body.strip() and indent <= below and not body.lstrip().startswith(("]", "}")):
            below = None
        if below is not None:
            lines.append(_mask_below(body) + end)
            continue
        masked, goes_on, depth = _mask_line(body, patterns)
        below = indent if goes_on else None
        lines.append(masked + end)
    return mask_urls("".join(lines))


def _mask_line(line: str, patterns: Sequence[str]) -> tuple[str, bool, int]:
    """Return a masked line, whether a secret may go on indented below it, and how many of its brackets are open."""
    found = _LINE.fullmatch(line)
    if found is None:
        return _mask_inner(line, patterns)
    if not _is_secret(found["key"], patterns):
        value, goes_on, depth = _mask_inner(found["value"], patterns)
        return line[: found.start("value")] + value, goes_on, depth
    if _HARMLESS.fullmatch(found["value"]):
        return line, True, 0
    comma = "," if found["value"].rstrip().endswith(",") else ""
    return f'{line[: found.start("value")]}"{MASK}"{comma}', True, 0


def _mask_below(line: str) -> str:
    """Return a line below a secret-looking key: its value, or all of it, masked."""
    found = _LINE.fullmatch(line)
    if found is not None:
        return line if _HARMLESS.fullmatch(found["value"]) else f'{line[: found.start("value")]}"{MASK}"'
    start = len(line) - len(line.lstrip(" \t-[]{}"))
    return line if _HARMLESS.fullmatch(line[start:].strip(" ]}")) else f'{line[:start]}"{MASK}"'


def _mask_inner(text: str, patterns: Sequence[str]) -> tuple[str, bool, int]:
    """Return a line or a part of it, with secrets inside braces masked, and the rest as `_mask_line` does."""
    pieces, start, goes_on, depth = [], 0, False, 0
    for found in _INNER.finditer(text):
        if found.start() < start or not _is_secret(found["key"], patterns):
            continue
        end = _find_end(text, found.end())
        value = text[found.end() : end]
        goes_on, depth = end == len(text), _measure_depth(value)
        pieces += [text[start : found.end()], value if _HARMLESS.fullmatch(value) else f'"{MASK}"']
        start = end
    return "".join([*pieces, text[start:]]), goes_on, depth


def _find_end(text: str, start: int) -> int:
    """Return where a value in braces ends that begins at `start`."""
    if text[start : start + 1] not in {"[", "{"}:
        found = _VALUE.match(text, start)
        return found.end() if found else start
    depth = 0
    for piece in _PIECE.finditer(text, start):
        depth += _STEPS.get(piece[0], 0)
        if depth == 0:
            return piece.end()
    return len(text)


def _measure_depth(text: str) -> int:
    """Return how many more brackets a text opens than it closes."""
    return sum(_STEPS.get(piece[0], 0) for piece in _PIECE.finditer(text))


def _is_secret(key: str, patterns: Sequence[str]) -> bool:
    return is_secret(key.strip("\"' "), patterns)
