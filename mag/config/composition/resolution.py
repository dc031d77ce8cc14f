"""Resolution: what the plan knows of a config is resolved, and what only the experiment will know stays text."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from mag.config.composition.interpolation import References, check_plain, explain_error, is_reference, resolve
from mag.config.composition.keys import ABSENT, KeyPath, find_value, follow_key, walk
from mag.config.composition.merging import MISSING, copy_value
from mag.errors import ConfigError, MissingValueError
from mag.patterns import compile_lazily

_LATE = compile_lazily(r"\$\{\s*(?:hydra|mag|now)\s*:")
_KNOWN = compile_lazily(r"\$\{\s*(hydra|mag)\s*:\s*([^${}]*?)\s*\}")


class Resolution(NamedTuple):
    """A config with everything resolved that can be.

    Attributes:
        config: Plain data. What is late stands in it as the text that was written, and counts as that text for the
            identity.
        late: The texts that stay, by path: `${now:}`, `${hydra:runtime.cwd}`, `${mag:seed}` and their like, `???`,
            a resolver that gives two answers when it is asked twice, and whatever refers to one of these.
        unknown: Why the others of the late ones cannot be resolved: a reference that leads nowhere, a variable that is
            not set, a resolver that nobody has registered here (the app may, when it is imported).
        fickle: The paths of those late ones that gave two answers.
    """

    config: dict[str, Any]
    late: Mapping[KeyPath, str] = MappingProxyType({})
    unknown: Mapping[KeyPath, ConfigError] = MappingProxyType({})
    fickle: tuple[KeyPath, ...] = ()


def resolve_known(config: dict[str, Any], known: Mapping[str, Any] = MappingProxyType({})) -> Resolution:
    """Return a config with everything resolved that is known now; the rest stays text, and nothing is an error.

    A value that refers to a late one is late, too, and keeps its own text. So the experiment can resolve what is left
    later, at its own place. Whoever does not want `???` or unknown interpolations refuses what `late` and `unknown`
    name; `resolve` is the strict form.

    >>> found = resolve_known({"C": 1, "a": "${C}", "at": "${now:%H}", "name": "${at}-${C}", "b": "${nothing}"})
    >>> found.config
    {'C': 1, 'a': 1, 'at': '${now:%H}', 'name': '${at}-${C}', 'b': '${nothing}'}
    >>> list(found.late), [str(error) for error in found.unknown.values()]
    ([('at',), ('name',), ('b',)], ["b is '${nothing}', but there is no value nothing"])
    """
    written = find_written(config)
    if not written:
        return Resolution(dict(copy_value(config)))
    texts = {path: _insert_known(text, known) for path, text in written.items()}
    late = {path: written[path] for path, text in texts.items() if text == MISSING or is_late(text)}
    work = config if texts == written and not late else put_all(config, {**texts, **dict.fromkeys(late, MISSING)})
    if not late and (whole := _resolve_whole(work, texts)) is not None:
        return Resolution(whole)
    return _resolve_each(work, written, texts, late)


def resolve_value(config: dict[str, Any], key: str) -> Any:
    """Return what the value at one key comes to; the rest of the config may be beyond resolving.

    Raises:
        ConfigError: It stands for nothing; the message names the key and what is written there.

    >>> resolve_value({"a": "${b}", "b": 1, "c": "${nothing}"}, "a")
    1
    """
    steady = all(is_reference(text) for text in find_written(config).values())
    return (_read_references if steady else _read_omegaconf)(config)(follow_key(config, key)[0])


def find_written(config: Any) -> dict[KeyPath, str]:
    """Return the texts that are no plain values yet, by their paths."""
    texts = ((path, item) for path, item in walk(config) if isinstance(item, str))
    return {path: text for path, text in texts if "${" in text or text == MISSING}


def is_late(text: Any) -> bool:
    """Tell whether a text asks for what only the experiment knows."""
    return isinstance(text, str) and _LATE.search(text) is not None


def _insert_known(text: str, known: Mapping[str, Any]) -> Any:
    """Return a text with what is known of `${hydra:...}` and `${mag:...}` in its place."""
    whole = _KNOWN.fullmatch(text)
    if whole is not None:
        value = find_value(known, f"{whole[1]}.{whole[2]}")
        return text if value is ABSENT else copy_value(value)

    def insert(match: Any) -> str:
        """Return the known value as text, or what was written."""
        value = find_value(known, f"{match[1]}.{match[2]}")
        return str(match[0]) if value is ABSENT or isinstance(value, dict | list) else str(value)

    return _KNOWN.sub(insert, text) if known else text


def put_all(config: Any, values: Mapping[KeyPath, Any]) -> Any:
    """Return a copy of a config with other values at some paths."""
    copied = copy_value(config)
    for path, value in values.items():
        holder = copied
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = copy_value(value)
    return copied


def _resolve_whole(work: dict[str, Any], texts: Mapping[KeyPath, Any]) -> dict[str, Any] | None:
    """Return the config with all of it resolved at once; None where that cannot be, or comes out twice differently."""
    try:
        resolved = resolve(work)
        steady = all(_is_steady(text) for text in texts.values()) or repr(resolve(work)) == repr(resolved)
    except ConfigError:
        return None
    return resolved if steady else None


def _is_steady(text: Any) -> bool:
    """Tell whether a text asks no resolver that could answer otherwise a second time."""
    return not isinstance(text, str) or is_reference(text)


def _resolve_each(
    work: dict[str, Any], written: Mapping[KeyPath, str], texts: Mapping[KeyPath, Any], late: dict[KeyPath, str]
) -> Resolution:
    """Return the config with each value resolved that can be."""
    values: dict[KeyPath, Any] = {}
    unknown: dict[KeyPath, ConfigError] = {}
    fickle: list[KeyPath] = []
    steady = all(map(_is_steady, texts.values()))
    read, ask_again = (_read_references(work) if steady else _read_omegaconf(work) for _ in range(2))
    for path in written:
        if path in late:
            continue
        try:
            value, second = read(path), ask_again(path)
        except MissingValueError:
            late[path] = written[path]
        except ConfigError as error:
            late[path], unknown[path] = written[path], error
        except RecursionError:
            late[path], unknown[path] = written[path], ConfigError(f"{path[-1]} refers on through too many steps")
        else:
            values[path] = value
            if repr(value) != repr(second):
                fickle.append(path)
            if repr(value) != repr(second) or _holds_missing(value):
                late[path] = written[path]
    late = {path: text for path, text in written.items() if path in late}
    return Resolution(put_all(work, {**values, **late}), late, unknown, tuple(fickle))


def _holds_missing(value: Any) -> bool:
    leaves = walk(value) if isinstance(value, dict | list) else [((), value)]
    return any(isinstance(item, str) and item == MISSING for _, item in leaves)


def _read_references(work: dict[str, Any]) -> Callable[[KeyPath], Any]:
    return lambda path: References(work).resolve_path(path)


def _read_omegaconf(work: dict[str, Any]) -> Callable[[KeyPath], Any]:
    """Return a function that asks OmegaConf; each has a cache of its own for what resolvers answer."""
    from omegaconf import OmegaConf  # noqa: PLC0415 - start-up is a feature
    from omegaconf.errors import OmegaConfBaseException  # noqa: PLC0415

    config = OmegaConf.create(work)

    def read(path: KeyPath) -> Any:
        """Return the plain, resolved value at a path."""
        try:
            value: Any = config
            for name in path:
                value = value[name]
            plain = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
        except OmegaConfBaseException as error:
            raise explain_error(error, work) from None
        return check_plain(plain, ".".join(map(str, path)))

    return read
