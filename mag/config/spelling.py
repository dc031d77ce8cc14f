"""Spelling: how the keys of a nested config are written in flat keys and in JSON, their types included."""

from collections.abc import Sequence
from typing import Any

from mag.patterns import compile_lazily

_DOT = compile_lazily(r"(\\*)(\.|\Z)")
_CONSTANTS = {"null": None, "true": True, "false": False, **{text: float(text) for text in ("inf", "-inf", "nan")}}
_NUMERIC = frozenset("-0123456789")


def spell_key(key: Any) -> str:
    """Return a key of a config as a text that tells its type: a text that looks like another key is quoted.

    >>> print(*(spell_key(key) for key in ("a", 1, "1", True, "true", None, 0.5, "'b")))
    a 1 '1' true 'true' null 0.5 ''b'
    """
    if isinstance(key, str):
        return f"'{key}'" if key[:1] == "'" or type(_read_bare(key)) is not str else key
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return repr(key + 0.0) if isinstance(key, float) else str(key)


def read_key(spelled: str) -> Any:
    """Return the key that `spell_key` wrote.

    >>> [read_key(spelled) for spelled in ("a", "1", "'1'", "true", "null", "0.5")]
    ['a', 1, '1', True, None, 0.5]
    """
    if len(spelled) > 1 and spelled[0] == spelled[-1] == "'":
        return spelled[1:-1]
    return _read_bare(spelled)


def _read_bare(text: str) -> Any:
    """Return the key of another type that is spelled like a text, else the text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[:1] not in _NUMERIC:
        return text
    for kind in (int, float):
        try:
            if repr(kind(text)) == text:
                return kind(text)
        except ValueError:
            continue
    return text


def escape_key(key: Any) -> str:
    r"""Return a key of a nested config as it stands in a flat key, where a dot of its own is written `\.`.

    So are backslashes doubled before a dot and at the end, and two nested configs never have the same flat keys.

    >>> print(escape_key("model"), escape_key("a.b"), escape_key("C:\\x"), escape_key(1), escape_key("1"))
    model a\.b C:\x 1 '1'
    """
    return key if is_plain(key) else join_spelled([spell_key(key)])


def is_plain(key: Any) -> bool:
    """Tell at a look that a key is a text which is spelled as it is, as most are; others may be, too."""
    return type(key) is str and key.isidentifier() and key not in _CONSTANTS


def join_spelled(names: Sequence[str]) -> str:
    r"""Return the dotted key that is made of parts as they are spelled; the inverse of `split_spelled`.

    >>> print(join_spelled(["a", "b.c", "'0'"]))
    a.b\.c.'0'
    """
    return ".".join(
        _DOT.sub(lambda found: 2 * found[1] + ("\\." if found[2] else ""), name)
        if "." in name or "\\" in name
        else name
        for name in names
    )


def split_key(key: str) -> list[Any]:
    r"""Return the keys of a nested config, of their own types, that a flat key is made of.

    >>> split_key("model.C"), split_key(r"model.a\.b"), split_key("weights.0"), split_key("weights.'0'")
    (['model', 'C'], ['model', 'a.b'], ['weights', 0], ['weights', '0'])
    """
    return [read_key(part) for part in split_spelled(key)]


def split_spelled(key: str) -> list[str]:
    r"""Return the parts of a dotted key as they are spelled, without the escapes of dots.

    >>> split_spelled(r"model.a\.b"), split_spelled("weights.'0'")
    (['model', 'a.b'], ['weights', "'0'"])
    """
    if "\\" not in key:
        return key.split(".")
    parts, place = [""], 0
    for found in _DOT.finditer(key):
        escaped = found[2] and len(found[1]) % 2
        parts[-1] += key[place : found.start()] + "\\" * (len(found[1]) // 2) + ("." if escaped else "")
        if found[2] and not escaped:
            parts.append("")
        place = found.end()
    return parts


def loosen_key(key: str) -> str:
    r"""Return a flat key as one would type it without knowing of escapes and quotes.

    >>> loosen_key(r"a.b\.c"), loosen_key("m.'1'")
    ('a.b.c', 'm.1')
    """
    return ".".join(str(name) if isinstance(name, str) else spell_key(name) for name in split_key(key))
