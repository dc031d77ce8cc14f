"""Advice on overrides that cannot be read: the place, the reason, and what to type instead."""

import re
from collections.abc import Sequence
from itertools import islice, product
from typing import Any

from mag.config.language.lexer import BLANKS, QUOTED, WORD, quote, unquote, write_word
from mag.config.language.override import Choice, Glob, Interval, format_key, format_value
from mag.errors import OverrideError
from mag.patterns import compile_lazily

_FEW = 12
_SHOWN = 200


def refuse_value(text: str, start: int, position: int, reason: str) -> OverrideError:
    """Return the error for a value that cannot be read; it says how to quote the value.

    >>> print(refuse_value("x=a#b", 2, 3, "'#' is reserved"))
    cannot read x=a#b at column 4: '#' is reserved; for the text itself type "x='a#b'"
    """
    quoted = text[:start] + quote(text[start:].strip(BLANKS))
    advice = f"for the text itself type {write_word(quoted)}"
    return OverrideError(f"cannot read {_show(text)} at column {position + 1}: {reason}; {advice}")


def refuse_key(text: str, position: int) -> OverrideError:
    """Return the error for an override whose key cannot be read.

    >>> print(refuse_key("x =1", 1))
    cannot read x =1 at column 2: no blank may stand before the key or before '='; type x=1
    """
    return OverrideError(f"cannot read {_show(text)} at column {position + 1}: {_explain_key(text, position)}")


def explain_character(text: str, position: int) -> str:
    """Return why the character at a position of a value cannot stand there, or what is missing there.

    >>> explain_character("x=[1,]", 5), explain_character("x=a)", 3)
    ("a value is missing after ','", "')' closes nothing")
    """
    before = text[:position].rstrip(BLANKS)[-1:]
    character = text[position : position + 1]
    if not character or (before in tuple(",([{:=") and character in tuple("),]}")):
        return f"a value is missing after {before!r}"
    if character in BLANKS:
        return "a blank follows the end of the value"
    if character == "{" and text[position - 1] == "$":
        return "an interpolation here is empty or never closed"
    if character == "}" and text.count("${", 0, position) > 1:
        return "an interpolation stands inside another, which needs quotes"
    if character == before == "=" and (twice := WORD.fullmatch(text, position + 1)):
        return f"'=' stands twice; type {write_word(text[:position] + twice[0])}"
    ordinary = "stands after the end of a value" if WORD.match(character) else "is a reserved character"
    return f"{character!r} {_REASONS.get(character, ordinary)}"


_REASONS = {
    **dict.fromkeys(")]}", "closes nothing"),
    **dict.fromkeys("'\"", "stands inside a text, or opens a quote that is never closed"),
    **dict.fromkeys("[{=", "cannot stand inside a text"),
    "(": "does not follow the name of a function",
}


def mend_dicts(value: str) -> str:
    """Return a value with the dicts of JSON and of Python calls written as the language has them.

    >>> mend_dicts("{'a': 1, b=2}"), mend_dicts('{"a b": "c"}')
    ('{a: 1, b:2}', '{a b: "c"}')
    """

    def write_key(match: re.Match[str]) -> str:
        """Return one key as the language writes it."""
        return f"{match[1]}{format_key(unquote(match[2]))}:" if match[2] else f"{match[1]}{match[3]}:"

    return _DICT_KEY.sub(write_key, value)


_DICT_KEY = compile_lazily(rf"([{{,]\s*)(?:({QUOTED.pattern})\s*[:=]|([\w.-]+)\s*=)")


def write_alternatives(values: Sequence[Any]) -> str:
    """Return `a,b,c`: the values, with every choice inside them multiplied out; empty where that is too long.

    >>> write_alternatives([[1, Choice(("a", "b"))], 3])
    '[1,a],[1,b],3'
    """
    spread = [_spread(value) for value in values]
    alternatives = [each for group in spread for each in group]
    return ",".join(map(format_value, alternatives)) if all(spread) and len(alternatives) <= _FEW else ""


def _spread(value: Any) -> list[Any]:
    """Return the plain values that a value with choices inside stands for, or more than a few of them."""
    if isinstance(value, Choice):
        return list(value.values[: _FEW + 1])
    if isinstance(value, (Glob, Interval)):
        return []
    if isinstance(value, list):
        return [list(items) for items in islice(product(*map(_spread, value)), _FEW + 1)]
    if isinstance(value, dict):
        rows = product(*map(_spread, value.values()))
        return [dict(zip(value, items, strict=True)) for items in islice(rows, _FEW + 1)]
    return [value]


_SLIPS = (
    (r"^\s+|\s+$", "", "no blank may stand before the key or before '='"),
    (r"^-+", "", "a key cannot begin with '-'"),
    (r"\[([^]]*)\]", r".\1", "an element of a list is written with '.'"),
    (r"@:", "@", "a package is given by '@' alone"),
    (r"(@[^:]*):.*", r"\1", "a package is given by '@' alone"),
    (
        r"/(?=[^@]*[.])|(?<=[.])([^./@]*)/",
        r"\1.",
        "a group is written with '/' alone, a value with '.' alone",
    ),
)


def _explain_key(text: str, position: int) -> str:
    key, equal, value = text.partition("=")
    name = key.strip().lstrip("+~")
    if not name:
        return "there is no key; type KEY=VALUE"
    if not equal and (both := re.fullmatch(r"([+]{0,2}[^\W\d][\w./@-]*)(?:\s*:\s*|\s+)(\S.*)", key.strip(), re.DOTALL)):
        return f"'=' is missing; type {write_word(f'{both[1]}={both[2]}')}"
    if not equal and name.endswith((".yaml", ".yml")):
        return f"'=' is missing; for the overrides in a file type {write_word(f'@{name}')}"
    if not equal:
        return f"'=' is missing; type {name}=VALUE to set, +{name}=VALUE to add or {write_word(f'~{name}')} to delete"
    for pattern, replacement, reason in _SLIPS:
        better = re.sub(pattern, replacement, key)
        if better != key:
            return f"{reason}; type {write_word(f'{better}={value.lstrip()}')}"
    character = repr(text[position])
    return (
        f"{character} cannot stand there; a key is names joined by '.' "
        "as in model.C=1, a group is names joined by '/' as in db/engine=fast"
    )


def _show(text: str) -> str:
    if not text:
        return "an empty override"
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return shown if shown.isprintable() else repr(shown)
