"""Documents: YAML files, read into plain dicts and lists.

A file may begin with `# @package`, which says where in the config its content goes, and may hold a defaults list.
"""

import re
import stat
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from mag.config.documents.entries import GLOBAL, OLD_GLOBAL, Entry, read_entries
from mag.config.documents.marks import mark_text
from mag.config.documents.reader import TOO_DEEP, YamlReader
from mag.errors import ConfigError, YamlError
from mag.patterns import compile_lazily

_BARE = compile_lazily(
    r"[\[{,:]\s{0,9}(\$\{[^}]{1,200}\})"
)  # bounded: a hostile line must cost no more than its length
_OPEN = compile_lazily(r"(?<!\$)[\[{]")


class Document(NamedTuple):
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

    Raises:
        YamlError: The file cannot be read, is not valid YAML, or is no config.
    """
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a pipe would be waited for without end
            raise YamlError(f"{path} cannot be read: it is no regular file")
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
        entries = _read_defaults(path, content.pop("defaults"), text)
    return Document(path, package, entries, content)


def read_yaml(text: str, path: Path | str) -> Any:
    """Return the value of a YAML text: a dict or a list; an empty text is an empty dict.

    Raises:
        YamlError: It is not valid, or not plain data: the message names place and line.

    >>> read_yaml("a: [1e-3, yes, 2020-01-01]", "x.yaml")
    {'a': [0.001, True, '2020-01-01']}
    """
    try:
        return YamlReader(text, path).read()
    except yaml.YAMLError as error:
        raise YamlError(_explain(error, text, path)) from None


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
    if "maximum nesting depth" in problem:  # of the C parser, from PyYAML 6.0.4 on
        problem = TOO_DEEP
    opened = getattr(error, "context_mark", None) or mark
    at_end = mark.line >= len(text.splitlines())
    mark = opened if at_end or problem in _ABOUT_THE_BEGINNING else mark
    problem = _PROBLEMS.get(problem, problem).replace("LINE", str(opened.line + 1))
    if bare := _find_bare("".join(text.splitlines()[mark.line : mark.line + 1])):
        problem += f"; inside [] or {{}} an interpolation needs quotes: '{bare}'"
    return f"{path}:{mark.line + 1}: {problem}"


_ABOUT_THE_BEGINNING = {"could not find expected ':'", "found unexpected end of stream"}
_NO_LINE = "the indentation is that of no line above, or something follows the end of a value"
_PROBLEMS = {
    "mapping values are not allowed in this context": "': ' cannot stand here; quote the text around it, or mend the "
    "indentation",
    "did not find expected key": _NO_LINE,
    "did not find expected '-' indicator": _NO_LINE,
    "could not find expected ':'": "this is no 'key: value', nor '- value' with its blank, and continues no text above",
    "found unexpected end of stream": "a quote is opened here and never closed",
    "did not find expected ',' or ']'": "the '[' of line LINE is never closed, or a ',' is missing",
    "did not find expected ',' or '}'": "the '{' of line LINE is never closed, or a ',' is missing",
    "block sequence entries are not allowed in this context": "'- ' cannot stand here; a list begins on its own line",
    "did not find expected node content": "a value is missing, or a bracket is one too many or too few",
    "found unknown escape character": "a backslash in double quotes begins an escape; use single quotes, or double it",
}
"""What the parser says, in words that say what to do; LINE is where the trouble begins."""


def _find_bare(line: str) -> str | None:
    """Return the first interpolation that stands without quotes in a flow sequence or mapping."""
    opened = _OPEN.search(line)
    bare = _BARE.search(line, opened.start()) if opened else None
    return bare[1] if bare else None


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
    if package.startswith(OLD_GLOBAL):
        package = GLOBAL + package.removeprefix(OLD_GLOBAL)
    return package if package.startswith(GLOBAL) else f"{GLOBAL}.{package}"


def _read_defaults(path: Path, defaults: Any, text: str) -> tuple[Entry, ...]:
    try:
        return read_entries([] if defaults is None else defaults)
    except ConfigError as error:
        line = mark_text(text)[("defaults",)].line
        raise YamlError(f"{path}:{line}: the defaults list {error}") from None
