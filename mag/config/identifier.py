"""The identifier: the readable name that a config gives its directory, valid on every file system."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from unicodedata import combining, normalize

from mag.config.composition.keys import ABSENT
from mag.config.identity import canonical_json
from mag.config.secrets import is_secret, mask
from mag.errors import UsageError
from mag.patterns import compile_lazily

DEFAULT_SEPARATOR = "-" if os.name == "nt" else "|"
MAX_BYTES = 120

_SUFFIX_DIGITS = 10
_INVISIBLE = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0x61C,
    0x200E,
    0x200F,
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
)
_UNSAFE = frozenset('/\\:*?"<>|%') | frozenset(map(chr, _INVISIBLE)) | {"\ufeff"}
_SEPARATOR = compile_lazily(r"[ !#$&'()+,\-.;=@\[\]^_`{|}]{1,8}")
_DEVICE = compile_lazily(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\..*)?", re.IGNORECASE | re.DOTALL
)
_LONGEST_UNIT = 12
_UNIT = compile_lazily(r"%[C-F][0-9A-F](?:%[89AB][0-9A-F])+|%[0-9A-F]{2}|.", re.DOTALL)


def build_identifier(
    visible: Mapping[str, Any],
    identity: str,
    *,
    separator: str = DEFAULT_SEPARATOR,
    keys: Sequence[str] | None = None,
    secrets: Sequence[str] = (),
) -> str:
    """Return the name of an experiment: its visible values, joined; a single safe path component.

    Different configs may still share a name (`1` and `"1"` read alike): whoever creates directories compares
    identities and calls `add_suffix`.

    Raises:
        UsageError: The separator could not stand in a file name, or could not be told from the values.

    >>> build_identifier({"C": 10, "gamma": 0.01, "shrink": False, "sizes": [8, 16]}, "0" * 64, separator="|")
    '10|0.01|no_shrink|8x16'
    """
    check_separator(separator)
    chosen = sorted(visible) if keys is None else [key for key in dict.fromkeys(keys) if key in visible]
    parts = [encode_value(key, visible[key], separator=separator, secrets=secrets) for key in chosen]
    return join_values(parts, identity, separator=separator)


def encode_value(key: str, value: Any, *, separator: str, secrets: Sequence[str] = ()) -> str:
    """Return what a name shows of one value.

    >>> encode_value("model.shrink", False, separator="|"), encode_value("sizes", [8, 16], separator="|")
    ('no_shrink', '8x16')
    """
    return "x".join(_encode(text, separator) for text in _read(key, value, secrets))


def join_values(parts: Sequence[str], identity: str, *, separator: str) -> str:
    """Return the name that encoded values make together.

    >>> join_values(["10", "0.01"], "0" * 64, separator="|")
    '10|0.01'
    """
    name = _protect_ends(separator.join(parts) or "default")
    return name if _measure(name) <= MAX_BYTES else add_suffix(name, identity, separator=separator)


def fits(parts: Sequence[str], separator: str) -> bool:
    """Tell whether a name has room for all of these parts."""
    return _measure(separator.join(parts)) <= MAX_BYTES


def encode_change(key: str, value: Any, *, separator: str, secrets: Sequence[str] = ()) -> str:
    """Return what a name shows of a key or choice that differs from a config without overrides.

    >>> encode_change("db/engine", "fast", separator="|"), encode_change("shrink", True, separator="|")
    ('db.engine=fast', 'shrink=true')
    >>> encode_change("lr", ABSENT, separator="|")
    'no_lr'
    """
    name = _encode(key.replace("/", "."), separator)
    if value is ABSENT:
        return f"no_{name}"
    if isinstance(value, bool):
        return f"{name}={str(value).lower()}"
    return f"{name}={encode_value(key, value, separator=separator, secrets=secrets)}"


def split_template(template: str) -> list[tuple[str, str | None]]:
    """Return the texts of a name's template, each with the key whose value follows it, if one does.

    Raises:
        UsageError: A brace has no partner, or a key no name.

    >>> split_template("{model.name}-lr{lr}")
    [('', 'model.name'), ('-lr', 'lr')]
    """
    from string import Formatter  # noqa: PLC0415 - most names need none

    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"identifier = {template!r} in the settings cannot be read: {error}.") from None
    for _, key, form, conversion in parts:
        if key == "" or form or conversion:
            raise UsageError(f"identifier = {template!r} in the settings must hold keys alone in its braces: {{lr}}.")
    return [(text, key) for text, key, _, _ in parts]


def fill_template(
    template: str, find: Callable[[str], Any], *, separator: str = DEFAULT_SEPARATOR, secrets: Sequence[str] = ()
) -> str:
    """Return the name that a template makes, any length.

    Args:
        template: Such as `{model.name}-lr{lr}`.
        find: Returns the value of a key.
        separator: What stands between two values elsewhere.
        secrets: Patterns of further keys whose values are masked.

    >>> fill_template("{model}-lr{lr}", {"model": "svm", "lr": 0.1}.get)
    'svm-lr0.1'
    """
    name = ""
    for text, key in split_template(template):
        name += _encode(text, "\0") if text else ""
        name += "" if key is None else encode_value(key, find(key), separator=separator, secrets=secrets)
    return name


def add_suffix(identifier: str, identity: str, *, separator: str = DEFAULT_SEPARATOR) -> str:
    """Return the name, which is taken, with `~` and ten characters of the identity at its end.

    A name that would become too long loses its last values; one that ends so already stays as it is.

    >>> add_suffix("10|0.01", "f619f744db" + "0" * 54)
    '10|0.01~f619f744db'
    """
    suffix = "~" + identity[:_SUFFIX_DIGITS]
    if identifier.endswith(suffix) and _measure(identifier) <= MAX_BYTES:
        return identifier
    return _cut(identifier, MAX_BYTES - len(suffix), separator) + suffix


def check_separator(separator: str) -> None:
    """Refuse what cannot stand between the values of a name.

    Raises:
        UsageError: It could not stand in a file name, or could not be told from the values.
    """
    if not _SEPARATOR.fullmatch(separator):
        raise UsageError(
            f"The separator {separator!a} cannot join the values of an experiment's name: take one to eight "
            "signs that file names allow, no letters, digits, `%` or `~`: '|', '-', ',' or '__', for example."
        )


def _read(key: str, value: Any, secrets: Sequence[str]) -> list[str]:
    """Return what a value reads like, before anything is encoded: one text, or one a leaf of a list."""
    if isinstance(value, bool):
        name = key.rpartition(".")[2]
        return [name if value else f"no_{name}"]
    if type(value) is int and not is_secret(key, secrets):  # most values of large sweeps
        return [str(value)]
    return list(_read_leaves(mask({key: value}, secrets)[key]))


def _read_leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value:
        for item in value:
            yield from _read_leaves(item)
    elif isinstance(value, float):
        yield repr(float(value) + 0.0)  # shortest form; negative zero reads as zero, which it is to the identity
    else:
        yield canonical_json(value).decode()


def _encode(text: str, separator: str) -> str:
    """Percent-encode what is unsafe in a file name; an empty text becomes a bare `%`, which no other does.

    A combining mark that would follow an encoded character or a joint is encoded too: they would melt.
    """
    if text.isascii() and separator not in text and _UNSAFE.isdisjoint(text):
        return text or "%"
    units: list[str] = []
    encoded = True
    text = normalize("NFC", text)
    for index, character in enumerate(text):
        unsafe = character in _UNSAFE or text.startswith(separator, index)
        encoded = unsafe or (encoded and combining(character) > 0)
        units.append(_percent(character) if encoded else character)
    return "".join(units) or "%"


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _protect_ends(name: str) -> str:
    """Encode what the ends of a name make unsafe: hidden files, options, homes, Windows' rules."""
    if name[0] in ".-~" or _DEVICE.fullmatch(name):
        end = 1
        while end < len(name) and combining(name[end]):
            end += 1
        name = _percent(name[:end]) + name[end:]
    return name[:-1] + _percent(name[-1]) if name[-1] in ". " else name


def _cut(name: str, room: int, separator: str) -> str:
    """Return the name's values that fit into the room (in bytes), or as much as fits of the first value."""
    if _measure(name) <= room:
        return name
    end = room
    if not name.isascii() or "%" in name[:room]:
        end = size = 0
        for unit in _UNIT.findall(name[: room + _LONGEST_UNIT]):
            size += _measure(unit)
            if size > room:
                break
            end += len(unit)
    boundary = name.rfind(separator, 0, end + len(separator))
    return name[: boundary if boundary > 0 else end]


def _measure(text: str) -> int:
    return len(text.encode())
