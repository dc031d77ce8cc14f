"""Secrets: which keys look secret, and how their values are masked wherever mag writes."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from mag.patterns import compile_lazily

MASK = "***"

_TELLING_PARTS = ("pass", "pwd", "secret", "credential", "key", "token", "auth")
_WORD = compile_lazily(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TELLING_WORDS = compile_lazily(
    r"(passwords?|passwds?|passphrases?|secrets?|credentials?|\bpwd|\b(api|access|private|secret) ?keys?)\b"
)
_TOKEN = compile_lazily(r"(?<!\w)((auth|access|bearer)?token|auth)( \d+)?$")
_PLAIN_TOKEN = compile_lazily(r"\b(bos|eos|pad|unk|sep|cls|mask|start|end|stop|max|min|num|n|per) (token|auth)$")
_VARIABLE = compile_lazily(r"([A-Z0-9]+_)*TOKEN(_[A-Z0-9]+)+")
_PLAIN_VARIABLE = compile_lazily(
    r".*_(BUDGET|COUNT|DIM|FILE|ID|IDS|INDEX|LEN|LENGTH|LIMIT|MAX|MIN|NAME|NUM|PATH|RATE|SIZE|TYPE|URL)"
    r"|(BOS|EOS|PAD|UNK|SEP|CLS|MASK|START|END|STOP|MAX|MIN|NUM|N|PER)_TOKEN_.*"
)
_URL = compile_lazily(r"([A-Za-z][A-Za-z0-9+.-]{0,40}|(?<=\}))://([^\s/?#]+)@")
_MASKED_URL = compile_lazily(r"://([^\s/?#]*:)?\*\*\*@|[?&;][\w.-]+=\*\*\*")
_PARAMETER = compile_lazily(r"([?&;])([\w.-]+)=([^&;#\s'\"]+)")
_INTERPOLATION = compile_lazily(r"\$\{[^{}]*\}")
_REFERENCE = compile_lazily(r"""(['"]?)\$\{([\w.\[\]]+|[\w.]+:\s*[\w.]+(,\s*null)?)\}\1""")
_INNER_KEY = compile_lazily(r"""(?<![\w.@ -])([\w.@ -]++)["']?\s*+[:=]""")
_HARMLESS = compile_lazily(r"""(true|false|null|''|"")?""", re.IGNORECASE)


def is_secret(key: str, patterns: Sequence[str] = ()) -> bool:
    """Tell whether a dotted key looks as if its value were a secret.

    `password`, `passwd`, `passphrase`, `secret`, `credential`, `api key`, `access key` and `private key`
    count anywhere in the key, so does `pwd`; `token` and `auth` as its last word only, and neither where it is a
    tokenizer's own (`pad_token`) nor where it is a count (`max_token`). In capitals, as environment variables are
    named, `TOKEN` counts before other words, too (`TOKEN_CI`), unless those tell of something else (`TOKEN_LIMIT`).

    >>> [is_secret(key) for key in ("db.password", "openaiApiKey", "HF_TOKEN", "max_tokens", "tokenizer")]
    [True, True, True, False, False]
    """
    if _looks_secret(key) or not patterns:
        return _looks_secret(key)
    return any(fnmatchcase(key.lower(), pattern.lower()) for pattern in patterns)


def mask(tree: Any, patterns: Sequence[str] = ()) -> Any:
    """Return a copy of dicts, lists and scalars in which `***` stands for the values of secret-looking keys.

    It stands for the credentials in URLs, too, whatever their keys. Booleans, null, empty strings and references such
    as `${oc.env:TOKEN}` reveal nothing and stay.

    >>> mask({"db": {"user": "me", "password": "hunter2"}})
    {'db': {'user': 'me', 'password': '***'}}
    """
    return _mask_tree(tree, "", patterns)


def mask_urls(text: str) -> str:
    """Return a text in which `***` stands for the password in every URL, and for its secret-looking parameters.

    With HTTP a name without a password is a token, and is masked as well.

    >>> mask_urls("from postgres://me:hunter2@db/x to https://ghp_12@example.org/?page=2&api_key=hunter2")
    'from postgres://me:***@db/x to https://***@example.org/?page=2&api_key=***'
    """
    if "://" not in text:
        return text
    return _PARAMETER.sub(_mask_parameter, _URL.sub(_mask_login, text))


def find_values(tree: Any, patterns: Sequence[str] = ()) -> set[str]:
    """Return the texts for which `mask` puts `***`: values of secret-looking keys, and credentials in URLs.

    >>> sorted(find_values({"db": {"password": "hunter2", "url": "redis://:hunter3@db"}}))
    ['hunter2', 'hunter3']
    """
    pairs, found = [(tree, mask(tree, patterns))], set()
    while pairs:
        shown, masked = pairs.pop()
        if isinstance(shown, Mapping):
            pairs += [(shown[key], masked[key]) for key in shown]
        elif isinstance(shown, list | tuple):
            pairs += zip(shown, masked, strict=True)
        elif masked != shown:
            found |= _find_credentials(str(shown)) | ({str(shown)} if masked == MASK else set())
    return found


def is_masked(key: str, value: Any, patterns: Sequence[str] = ()) -> bool:
    """Tell whether a stored value is not what it was, since `mask` hid it or a part of it.

    >>> is_masked("db.url", "redis://:***@db"), is_masked("db.user", "***")
    (True, False)
    """
    if not isinstance(value, str) or MASK not in value:
        return False
    return is_secret(key, patterns) if value == MASK else bool("://" in value and _MASKED_URL.search(value))


def mask_command(arguments: Sequence[str], patterns: Sequence[str] = ()) -> list[str]:
    """Return the words of a command line with the values of secret-looking overrides and options masked.

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


def mask_overrides(texts: Sequence[str], patterns: Sequence[str] = ()) -> list[str]:
    """Return overrides with the values of secret-looking keys masked.

    >>> mask_overrides(["C=1", "+api_key='x,y'"])
    ['C=1', '+api_key=***']
    """
    known = tuple(patterns)
    return [_mask_known(text, known) for text in texts]


@lru_cache(maxsize=4096)  # the points of a sweep share most of their overrides
def _mask_known(text: str, patterns: tuple[str, ...]) -> str:
    return _mask_argument(text, patterns)


@lru_cache(maxsize=4096)  # the same few keys are asked about for every point of a sweep
def _looks_secret(key: str) -> bool:
    lowered = key.lower()
    if not any(part in lowered for part in _TELLING_PARTS):  # most keys, for which no expression need be compiled
        return False
    words = " ".join(_WORD.findall(key)).lower()
    if _TELLING_WORDS.search(words):
        return True
    name = key.rpartition(".")[2]
    if _VARIABLE.fullmatch(name):
        return not _PLAIN_VARIABLE.fullmatch(name)
    last = " ".join(_WORD.findall(name)).lower()
    return bool(_TOKEN.search(last)) and not _PLAIN_TOKEN.search(last)


def _mask_tree(value: Any, place: str, patterns: Sequence[str]) -> Any:
    if isinstance(value, Mapping):
        prefix = place + "." if place else ""
        return {key: _mask_tree(item, f"{prefix}{key}", patterns) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask_tree(item, place, patterns) for item in value]
    reveals = value is not None and not isinstance(value, bool) and value != ""
    if reveals and is_secret(place, patterns) and not (isinstance(value, str) and _REFERENCE.fullmatch(value)):
        return MASK
    return mask_urls(value) if isinstance(value, str) else value


def _split_login(login: str, scheme: str) -> tuple[str, str]:
    """Return what of a URL's login may be shown, and what is secret; a reference in it reveals nothing."""
    bare = _INTERPOLATION.sub("", login)
    user, colon, password = bare.partition(":")
    if scheme.lower().endswith(("http", "https")):
        return ("", login) if password or (user and bare == login) else (login, "")
    if not password:
        return login, ""
    return (user + colon, password) if bare == login else ("", login)


def _mask_login(found: re.Match[str]) -> str:
    shown, secret = _split_login(found[2], found[1])
    return f"{found[1]}://{shown}{MASK if secret else ''}@"


def _mask_parameter(found: re.Match[str]) -> str:
    if not is_secret(found[2]) or _INTERPOLATION.fullmatch(found[3]):
        return found[0]
    return f"{found[1]}{found[2]}={MASK}"


def _find_credentials(text: str) -> set[str]:
    """Return the secret parts of the URLs in a text, as they are written there and as programs read them."""
    if "://" not in text:
        return set()
    from urllib.parse import unquote  # noqa: PLC0415  (start-up)

    logins = [_split_login(found[2], found[1])[1] for found in _URL.finditer(text)]
    written = [part for login in logins for part in (login, login.partition(":")[2]) if part]
    written += [found[3] for found in _PARAMETER.finditer(text) if _mask_parameter(found) != found[0]]
    return {part for each in written for part in (each, unquote(each))}


def _mask_argument(argument: str, patterns: Sequence[str]) -> str:
    return mask_urls(_mask_override(argument, patterns))


def _mask_override(argument: str, patterns: Sequence[str]) -> str:
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
