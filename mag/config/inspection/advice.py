"""Advice on what composes, but probably not as intended: overrides, and words that YAML 1.1 misreads."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT, find_value
from mag.config.documents.entries import OLD_GLOBAL
from mag.config.documents.marks import Marks, Place, mark_text
from mag.config.documents.scalars import read_scalar
from mag.config.language.lexer import write_word
from mag.config.language.override import Choice, Override, format_value
from mag.errors import ConfigError
from mag.patterns import compile_lazily
from mag.suggestion import name_nearest

_MOST_ITEMS = 20
_BOOLEANS = {"yes": True, "on": True, "no": False, "off": False}
_NUMBER = compile_lazily(r"[-+]?(?:0[0-9]+|0[xX][0-9a-fA-F]+)")


def take_first(overrides: Sequence[Override]) -> list[Override]:
    """Return overrides with their first value each; those whose values are not known are left out."""
    kept = [each for each in overrides if each.sweep is None or (isinstance(each.sweep, Choice) and each.values)]
    return [each.with_value(each.values[0]) if each.is_sweep else each for each in kept]


def find_doubts(composer: Composer, overrides: Sequence[Override]) -> Iterator[str]:
    """Yield a sentence for each override that probably does not do what was intended."""
    try:
        filled = _list_filled(composer, overrides)
    except ConfigError:  # the first values of all need not go together
        return
    for override in overrides:
        if composer.is_group_override(override) or override.operation == "delete":
            continue
        texts = [value for value in _list_values(override) if isinstance(value, str)]
        yield from _doubt_value(override, texts, filled, composer)
        yield from _doubt_word(override, texts, composer, overrides)
        yield from _doubt_list(override, composer, overrides)
        if override.operation == "add" and override.package is None and "." not in override.key:
            yield from _doubt_name(override, texts, composer)


def find_space(composer: Composer, overrides: Sequence[Override], names: Sequence[str]) -> tuple[str, Path] | None:
    """Return the override that puts a space file into the config, where it sweeps nothing, and that file."""
    for override in overrides:
        if not composer.is_group_override(override) or override.operation == "delete":
            continue
        for option in _list_values(override):
            try:
                document = composer.read_option(override.key, option) if isinstance(option, str) else None
                if document is None or not isinstance(document.content, dict) or document.content.keys() - set(names):
                    continue
                config = composer.compose(take_first([each for each in overrides if each is not override]))
            except ConfigError:  # which is for the command itself to say
                continue
            if _sweeps(document.content, config, composer):
                return override.text, document.path
    return None


def find_settings(composer: Composer, overrides: Sequence[Override]) -> Iterator[tuple[Place, str]]:
    """Yield the settings of Hydra in the files of a config that say what is run, and what to type or write instead."""
    typed = {override.key for override in overrides}
    for part in composer.parts(take_first(overrides)):
        settings = part.document.content if isinstance(part.document.content, dict) and not part.package else {}
        swept = find_value(settings, "hydra.sweeper.params")
        if isinstance(swept, dict) and swept.keys() - typed:
            words = [
                write_word(f"{key}={each if isinstance(each, str) else format_value(each)}")
                for key, each in swept.items()
            ]
            place = Marks().locate(part.document.path, ("hydra", "sweeper", "params"))
            yield place, f"hydra.sweeper.params are not read; to sweep them type mag sweep {' '.join(words)}"
        if find_value(settings, "hydra.job.chdir") is True:
            place = Marks().locate(part.document.path, ("hydra", "job", "chdir"))
            yield place, "hydra.job.chdir is not read; write chdir = true into the settings, [tool.mag]"
        variables = find_value(settings, "hydra.job.env_set")
        if isinstance(variables, dict) and variables:
            place = Marks().locate(part.document.path, ("hydra", "job", "env_set"))
            yield place, f"hydra.job.env_set is not read; write {_write_variables(variables)} into [tool.mag]"


def _write_variables(variables: Mapping[str, Any]) -> str:
    return "env = {" + ", ".join(f'{name} = "{value}"' for name, value in variables.items()) + "}"


def _sweeps(content: Mapping[str, Any], config: Mapping[str, Any], composer: Composer) -> bool:
    """Tell whether a file has a grid over what the config, or the groups, really have."""
    grid = content.get("grid")
    grids = grid if isinstance(grid, list) else [grid]
    names = [str(name) for each in grids if isinstance(each, dict) for name in each]
    return bool(names) and all(composer.is_group(name) or find_value(config, name) is not ABSENT for name in names)


def _list_filled(composer: Composer, overrides: Sequence[Override]) -> dict[str, tuple[str, Any]]:
    """Return by package the choice that fills it, and the option, of those choices that no override makes."""
    typed = {each.key for each in overrides if composer.is_group_override(each)}
    first = take_first(overrides)
    choices = composer.choices(first)
    keys = {part.package: part.key for part in composer.parts(first) if part.key}
    return {package: (key, choices.get(key)) for package, key in keys.items() if key.partition("@")[0] not in typed}


def _list_values(override: Override) -> tuple[Any, ...]:
    return override.values if override.sweep is None or isinstance(override.sweep, Choice) else ()


def _doubt_value(
    override: Override, texts: Sequence[str], filled: Mapping[str, tuple[str, Any]], composer: Composer
) -> Iterator[str]:
    """Yield a doubt about `model.name=svm`, which leaves the option mlp where it is."""
    for package, (key, chosen) in filled.items():
        options = [text for text in texts if text in composer.options(key.partition("@")[0])]
        if package and override.key.startswith(f"{package}.") and options not in ([], [chosen]):
            better = write_word(f"{key}={','.join(options)}")
            yield f"{override.text}: this sets the value {override.key} alone; to choose the option type {better}"


def _doubt_word(
    override: Override, texts: Sequence[str], composer: Composer, overrides: Sequence[Override]
) -> Iterator[str]:
    """Yield a doubt about words that a file, or Python, would read as something else than a text."""
    words = [text for text in texts if text.lower() in _BOOLEANS or text == "None" or _NUMBER.fullmatch(text)]
    if not words or any(quote in override.text for quote in "'\""):
        return
    current = _find_current(override, composer, overrides)
    for word in words:
        if word == "None":
            meant = "null"
        elif isinstance(current, bool) and word.lower() in _BOOLEANS:
            meant = str(_BOOLEANS[word.lower()]).lower()
        elif isinstance(current, int | float) and not isinstance(current, bool) and _NUMBER.fullmatch(word):
            meant = str(int(word, 16) if "x" in word.lower() else int(word))
        else:
            continue
        yield f"{override.text}: {word} is a text here; if {meant} is meant type it"


def _doubt_list(override: Override, composer: Composer, overrides: Sequence[Override]) -> Iterator[str]:
    """Yield a doubt about `lr=[1,2]` where a number stands, and about `sizes=1,2` where a list does."""
    name, equal, _ = override.text.partition("=")
    if isinstance(override.value, list) and override.value:
        current = _find_current(override, composer, overrides)
        if isinstance(current, bool | int | float | str) and "${" not in str(current):
            better = write_word(f"{name}{equal}{','.join(map(format_value, override.value))}")
            yield f"{override.text}: this is one value, a list; for several values type {better}"
    elif isinstance(override.sweep, Choice) and len(override.values) <= _MOST_ITEMS:
        if any(isinstance(each, list) for each in override.values):
            return
        current = _find_current(override, composer, overrides)
        if isinstance(current, list):
            better = write_word(f"{name}{equal}{format_value(list(override.values))}")
            yield f"{override.text}: these are several values; for one list type {better}"


def _find_current(override: Override, composer: Composer, overrides: Sequence[Override]) -> Any:
    """Return what stands at the key of an override without any value typed; `ABSENT` where that is not known."""
    groups = [each for each in take_first(overrides) if composer.is_group_override(each)]
    try:
        return find_value(composer.compose(groups), override.key)
    except ConfigError:  # a schema may want what the other overrides give
        return ABSENT


def _doubt_name(override: Override, texts: Sequence[str], composer: Composer) -> Iterator[str]:
    """Yield a doubt about `+experimnt=big`, which adds a text."""
    near = name_nearest(override.key, composer.groups())
    if near and any(text in composer.options(near) for text in texts):
        better = write_word(f"+{near}={override.text.partition('=')[2]}")
        yield f"{override.text}: this adds a value; to choose an option of the group {near} type {better}"


_YAML_BOOLEANS = frozenset({"yes", "no", "on", "off"})
_NUMBERS = {"inf": ".inf", "+inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
_OCTAL = compile_lazily(r"[-+]?0[0-7_]+")
_SEXAGESIMAL = compile_lazily(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_THOUSANDS = compile_lazily(r"[-+]?[0-9]{1,3}(?:_[0-9]{3})+(?:\.[0-9]*)?")
_PACKAGE = compile_lazily(r"\s*#\s*@(pa[a-z]{3,8}:?|package)[ \t]*[:=]?[ \t]+([\w.]+)\s*")
_DEFAULT = compile_lazily(r"^([Dd]efault|Defaults|DEFAULTS|defualts|defaluts):[ \t]*(?:\[|\n+[ \t]*- )", re.MULTILINE)
_UPWARDS = compile_lazily(r"^[ \t]*- +(?:(?:optional|override) +)?(\.\./[\w./-]*)@", re.MULTILINE)
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
    """Return what is surprising in a config file, by line; nothing where it cannot be read."""
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
        elif package and package[2].startswith(OLD_GLOBAL):
            yield Surprise(number, f"{OLD_GLOBAL} is read as _global_; write that, which Hydra understands as well")
        front = front and (not line.strip() or line.lstrip("# \t").startswith("@"))


def _find_defaults(text: str) -> Iterator[Surprise]:
    """Yield a defaults list of another name, which is a value."""
    found = _DEFAULT.search(text)
    if found and "\ndefaults:" not in f"\n{text}":
        line = text.count("\n", 0, found.start()) + 1
        yield Surprise(line, f"the key {found[1]} is a value; if a defaults list is meant write defaults")
    for upwards in _UPWARDS.finditer(text) if "../" in text else ():
        line = text.count("\n", 0, upwards.start()) + 1
        better = "start it with / to start at the config folder"
        yield Surprise(line, f"{upwards[1]} leads upwards, which Hydra takes up to 1.3 only; {better}")


def _find(text: str) -> Iterator[Surprise]:
    for path, mark in mark_text(text).items():
        if mark.key is not None and (reading := explain_key(mark.key)):
            yield Surprise(mark.line, reading)
        if mark.text is not None and (reading := explain_word(mark.text)):
            name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
            yield Surprise(mark.line, f"{name}: {reading}" if name else reading)


def explain_key(key: str) -> str:
    """Return why a plain key is not read as it looks; empty where it is.

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

    >>> print(explain_word("no"))
    no is read as false; if the text is meant write 'no', else write false
    >>> print(explain_word("12:30"))
    12:30 is read as 750, a number to the base 60; if the text is meant write '12:30', else write 750
    """
    value = read_scalar(word)
    if isinstance(value, str):
        return _explain_text(word)
    kind = ""
    if word.lower() in _YAML_BOOLEANS:
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
