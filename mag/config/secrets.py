"""Secrets: which keys look secret, and how their values are masked wherever mag writes."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

MASK = "***"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TELLING_WORDS = re.compile(
    r"(passwords?|passwds?|passphrases?|secrets?|credentials?|\b(api|access|private|secret) ?keys?)\b"
)
_TOKEN = re.compile(r"(?<!\w)(auth|access|bearer)?token( \d+)?$")
_PLAIN_TOKEN = re.compile(r"\b(bos|eos|pad|unk|sep|cls|mask|start|end|stop|max|min|num|n|per) token$")
_REFERENCE = re.compile(r"""(['"]?)\$\{([\w.\[\]]+|[\w.]+:\s*[\w.]+(,\s*null)?)\}\1""")
_INNER_KEY = re.compile(r"""([\w.@ -]+)["']?\s*[:=]""")
_HARMLESS = re.compile(r"""(true|false|null|''|"")?""", re.IGNORECASE)


def is_secret(key: str, patterns: Sequence[str] = ()) -> bool:
    """Tell whether a dotted key looks as if its value were a secret.

    `password`, `passwd`, `passphrase`, `secret`, `credential`, `api key`, `access key` and `private key`
    count anywhere in the key; `token` as its last word only, and neither where it is a tokenizer's own
    (`pad_token`) nor where it is a count (`max_token`).

    Args:
        key: A flat key, the name of an option or of an environment variable, in any style of writing.
        patterns: Further shell patterns over the whole key, in any case: `db.*`, `*pin`.

    >>> [is_secret(key) for key in ("db.password", "openaiApiKey", "HF_TOKEN", "max_tokens", "tokenizer")]
    [True, True, True, False, False]
    """
    return _looks_secret(key) or any(fnmatchcase(key.lower(), pattern.lower()) for pattern in patterns)


def mask(tree: Any, patterns: Sequence[str] = ()) -> Any:
    """Return a copy of dicts, lists and scalars in which `***` stands for the values of secret-looking keys.

    Booleans, null, empty strings and references such as `${oc.env:TOKEN}` reveal nothing and stay.

    Args:
        tree: A nested or flat config, or anything of the kind.
        patterns: As in `is_secret`.

    >>> mask({"db": {"user": "me", "password": "hunter2"}})
    {'db': {'user': 'me', 'password': '***'}}
    """
    return _mask_tree(tree, "", patterns)


def mask_command(arguments: Sequence[str], patterns: Sequence[str] = ()) -> list[str]:
    """Return the words of a command line with the values of secret-looking overrides and options masked.

    Args:
        arguments: The words of the command, as `sys.argv` holds them.
        patterns: As in `is_secret`.

    >>> mask_command(["train.py", "C=1", "+api_key='x,y'", "--token", "x"])
    ['train.py', 'C=1', '+api_key=***', '--token', '***']
    """
    masked: list[str] = []
    expected = False  # the option before this word takes a secret
    for argument in arguments:
        if expected and not argument.startswith("--"):
            masked.append(MASK)
            expected = False
            continue
        masked.append(_mask_argument(argument, patterns))
        expected = argument.startswith("--") and "=" not in argument and is_secret(argument[2:], patterns)
    return masked


@lru_cache(maxsize=4096)  # the same few keys are asked about for every point of a sweep
def _looks_secret(key: str) -> bool:
    words = " ".join(_WORD.findall(key)).lower()
    if _TELLING_WORDS.search(words):
        return True
    last = " ".join(_WORD.findall(key.rpartition(".")[2])).lower()
    return bool(_TOKEN.search(last)) and not _PLAIN_TOKEN.search(last)


def _mask_tree(value: Any, place: str, patterns: Sequence[str]) -> Any:
    if isinstance(value, Mapping):
        prefix = place + "." if place else ""
        return {key: _mask_tree(item, f"{prefix}{key}", patterns) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask_tree(item, place, patterns) for item in value]
    reveals = value is not None and not isinstance(value, bool) and value != ""
    if not reveals or not is_secret(place, patterns) or (isinstance(value, str) and _REFERENCE.fullmatch(value)):
        return value
    return MASK


def _mask_argument(argument: str, patterns: Sequence[str]) -> str:
    key, equals, value = argument.partition("=")
    if not equals or _HARMLESS.fullmatch(value) or _REFERENCE.fullmatch(value):
        return argument
    name = key.lstrip("+~-")
    if any(is_secret(part, patterns) for part in name.split("@")):
        return f"{key}={MASK}"
    if key.startswith("--") and (masked := _mask_argument(value, patterns)) != value:
        return f"{key}={masked}"
    # a dict, as in `db={password: x}`, or an expression, as in `C==1 and password=="x"`
    inner = any(is_secret(f"{name}.{inner}", patterns) for inner in _INNER_KEY.findall(value))
    return f"{key}={MASK}" if inner else argument
