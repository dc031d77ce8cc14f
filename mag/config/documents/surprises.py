"""Surprises: where YAML 1.1 reads something else than most people who write it mean."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mag.config.documents.marks import mark_text
from mag.config.documents.scalars import read_scalar
from mag.patterns import compile_lazily

_BOOLEANS = frozenset({"yes", "no", "on", "off"})
_NUMBERS = {"inf": ".inf", "+inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
_OCTAL = compile_lazily(r"[-+]?0[0-7_]+")
_SEXAGESIMAL = compile_lazily(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_THOUSANDS = compile_lazily(r"[-+]?[0-9]{1,3}(?:_[0-9]{3})+(?:\.[0-9]*)?")
_PACKAGE = compile_lazily(r"\s*#\s*@(pa[a-z]{3,8}:?|package)[ \t]*[:=]?[ \t]+([\w.]+)\s*")
_DEFAULT = compile_lazily(r"^([Dd]efault|Defaults|DEFAULTS|defualts|defaluts):[ \t]*(?:\[|\n+[ \t]*- )", re.MULTILINE)
_SUSPICIOUS = compile_lazily(
    r"(?<!\w)(?:(?:yes|no|on|off|none)\b|[-+]?(?:inf|nan|0[0-7_]+|[0-9][0-9_]*:[0-5]?[0-9]|[0-9][0-9.]*_|\.[0-9]+_))",
    re.IGNORECASE,
)


class Surprise(NamedTuple):
    """One word of a file that is not read as it looks.

    Attributes:
        line: The line, from 1.
        text: What it is read as, and what to write instead: a sentence.
    """

    line: int
    text: str


def find_surprises(file: Path) -> list[Surprise]:
    """Return what is surprising in a config file, by line; nothing where it cannot be read.

    Args:
        file: The file.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return []
    found = {*_find_header(text), *_find_defaults(text)}
    if _SUSPICIOUS.search(text):  # most files are done with a look
        found |= set(_find(text))
    return sorted(found, key=lambda surprise: surprise.line)


def _find_header(text: str) -> Iterator[Surprise]:
    """Yield comments that were meant to be the `# @package` line."""
    front = True
    for number, line in enumerate(text.splitlines() if "@pa" in text else (), start=1):
        package = _PACKAGE.fullmatch(line)
        if package and (package[1] != "package" or not front):
            better = f"# @package {package[2]}" if front else "it before all else"
            yield Surprise(number, f"{line.strip()!r} is read as a comment; if the package is meant write {better}")
        front = front and (not line.strip() or line.lstrip("# \t").startswith("@"))


def _find_defaults(text: str) -> Iterator[Surprise]:
    """Yield a defaults list of another name, which is a value."""
    found = _DEFAULT.search(text)
    if found and "\ndefaults:" not in f"\n{text}":
        line = text.count("\n", 0, found.start()) + 1
        yield Surprise(line, f"the key {found[1]} is a value; if a defaults list is meant write defaults")


def _find(text: str) -> Iterator[Surprise]:
    for path, mark in mark_text(text).items():
        if mark.key is not None and (reading := explain_key(mark.key)):
            yield Surprise(mark.line, reading)
        if mark.text is not None and (reading := explain_word(mark.text)):
            name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
            yield Surprise(mark.line, f"{name}: {reading}" if name else reading)


def explain_key(key: str) -> str:
    """Return why a plain key is not read as it looks; empty where it is.

    Args:
        key: The key as written, without quotes.

    >>> explain_key("on")
    "the key on is read as true; if the text is meant write 'on'"
    """
    value = read_scalar(key)
    if isinstance(value, bool):
        return f"the key {key} is read as {str(value).lower()}; if the text is meant write '{key}'"
    reading = explain_word(key)
    return f"the key {reading}" if reading else ""


def explain_word(word: str) -> str:
    """Return why a plain scalar is not read as it looks, and what to write instead; empty where it is.

    Numbers such as `1e5`, `1_000` and `0x1F`, dates, `true`, `~` and `null` are what they look like.

    Args:
        word: The scalar as written, without quotes.

    >>> print(explain_word("no"))
    no is read as false; if the text is meant write 'no', else write false
    >>> print(explain_word("12:30"))
    12:30 is read as 750, a number to the base 60; if the text is meant write '12:30', else write 750
    """
    value = read_scalar(word)
    if isinstance(value, str):
        return _explain_text(word)
    kind = ""
    if word.lower() in _BOOLEANS:
        reading = str(value).lower()
    elif _OCTAL.fullmatch(word):
        reading, kind = str(value), ", an octal number"
    elif _SEXAGESIMAL.fullmatch(word):
        reading, kind = str(value), ", a number to the base 60"
    elif "_" in word and not _THOUSANDS.fullmatch(word) and not word.lower().startswith(("0x", "0b")):
        reading = str(value)
    else:
        return ""
    return f"{word} is read as {reading}{kind}; if the text is meant write '{word}', else write {reading}"


def _explain_text(word: str) -> str:
    meant = "null" if word == "None" else _NUMBERS.get(word.lower())
    return f"{word} is read as a text; write '{word}' if that is meant, else {meant}" if meant else ""
