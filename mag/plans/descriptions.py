"""Descriptions: what a point is: its config composed, resolved, flattened, hashed and named."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import zip_longest
from typing import Any, NamedTuple, Protocol

from mag.config.composition.composer import Composer
from mag.config.composition.interpolation import find_missing, resolve
from mag.config.composition.keys import ABSENT, KeyPath, walk
from mag.config.composition.merging import copy_value
from mag.config.flat import escape_key, flatten, join_spelled, loosen_key, spell_key, split_spelled
from mag.config.identity import hash_visible, keep_visible, name_choices
from mag.config.language.override import Override
from mag.config.view import make_view
from mag.errors import ConfigError, MissingValueError
from mag.plans.naming import Distinction, Naming, list_changes
from mag.plans.resolver import Resolver
from mag.plans.space import Point
from mag.settings import Settings

_MOST_PLACES = 20


class PointSource(Protocol):
    """What can make a point's config again, later, exactly as it was when the plan was made."""

    def resolve(self, point: Point) -> dict[str, Any]:
        """Return the config as the experiment gets it."""

    def list_late(self) -> tuple[KeyPath, ...]:
        """Return the paths of the values in it that only the experiment can resolve."""


class Description(NamedTuple):
    """What a point is.

    Attributes:
        point: The point.
        identity: The identity of its config.
        name: Its readable name, before anybody looked whether it is taken.
        source: Makes its config again.
        find: Returns the value of a key, flat or a group; `ABSENT` where the point has no such key.
        list_keys: Returns the keys that there are.
    """

    point: Point
    identity: str
    name: str
    source: PointSource
    find: Callable[[str], Any]
    list_keys: Callable[[], list[str]]


class Config(NamedTuple):
    """The config of a point in all its forms.

    Attributes:
        composed: As it was composed, interpolations as they are written.
        resolved: As the experiment gets it.
        flat: The same, flat.
        choices: What is chosen from each group.
        late: The paths of the values that only the experiment can resolve.
    """

    composed: dict[str, Any]
    resolved: dict[str, Any]
    flat: dict[str, Any]
    choices: Callable[[], Mapping[str, Any]]
    late: tuple[KeyPath, ...] = ()

    def find(self, key: str) -> Any:
        """Return the value of a key, flat or a group; `ABSENT` where there is none."""
        return self.flat[key] if key in self.flat else find_flat(self.flat, key, self.choices())

    def list_keys(self) -> list[str]:
        """Return the keys that there are."""
        return [*self.flat, *self.choices()]


class Composition:
    """Makes a config again by composing it again, from files that were read when the plan was made."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    def resolve(self, point: Point) -> dict[str, Any]:
        """Return the config as the experiment gets it."""
        overrides = point.assign()
        return self._composer.convert(resolve(self._composer.compose(overrides)), overrides)

    def list_late(self) -> tuple[KeyPath, ...]:
        """Return nothing: all of it can be resolved."""
        return ()


class CompositionCache:
    """Keeps a config that might not come out the same a second time: it asks the environment, or a resolver."""

    def __init__(self, config: dict[str, Any], late: Iterable[KeyPath] = ()) -> None:
        self._config = config
        self._late = tuple(late)

    def list_late(self) -> tuple[KeyPath, ...]:
        """Return the paths of the values that only the experiment can resolve."""
        return self._late

    def resolve(self, point: Point) -> dict[str, Any]:  # noqa: ARG002 - there is one
        """Return the config as the experiment gets it."""
        return dict(copy_value(self._config))


class Tools(NamedTuple):
    """What points are described with.

    Attributes:
        composer: Composes configs.
        naming: Names them.
        resolver: Resolves them.
        distinction: Finds in what they differ from the one without overrides.
    """

    composer: Composer
    naming: Naming
    resolver: Resolver
    distinction: Distinction


def make_tools(composer: Composer, settings: Settings, resolver: Resolver | None = None) -> Tools:
    """Return what the points of a project are described with.

    Raises:
        UsageError: The settings' separator cannot join the values of a name.
    """
    naming = Naming(settings)
    return Tools(composer, naming, resolver or Resolver(), Distinction(composer, naming.visibility))


def describe_point(point: Point, tools: Tools) -> tuple[Description, Config]:
    """Return what a point is, and its config.

    Raises:
        MissingValueError: A value is still `???`.
        ConfigError: It cannot be composed, or holds what no experiment can be made of.
    """
    composer, naming, resolver, distinction = tools
    overrides = point.assign()
    choices = cache(partial(composer.choices, overrides))
    composed = compose_point(overrides, composer, is_late=resolver.traits.is_late)
    found = resolver.resolve(composed, overrides, composer)
    resolved = composer.convert(found.config, overrides)
    config = Config(composed, resolved, flatten(resolved), choices, tuple(found.late))
    _check_keys(config)
    visible = keep_visible(config.flat, naming.visibility)
    identity = hash_visible({**visible, **count_choices(config, resolver)})
    texts = [text for _, text in find_texts(composed)]

    def tell_apart() -> list[str] | None:
        """Return what distinguishes the point from the one without overrides."""
        baseline = distinction.find_baseline(choices())
        if baseline is None:
            return None
        written = distinction.show(composed) if texts else visible
        return [naming.encode_change(*each) for each in list_changes(baseline, written, visible)]

    parts = [naming.encode(key, visible[key]) for key in naming.choose(drop_late(visible, config))]
    name = naming.join(parts, identity, config.find, tell_apart)
    keeps = bool(found.late) or any(":" in text for text in texts)
    source = CompositionCache(resolved, found.late) if keeps else Composition(composer)
    return Description(point, identity, name, source, config.find, config.list_keys), config


def _check_keys(config: Config) -> None:
    """Refuse `1` beside `'1'` in one mapping, which OmegaConf from 2.4 on does not hold."""
    for key in config.flat:
        if key.endswith("'") and join_spelled([*(names := split_spelled(key))[:-1], names[-1][1:-1]]) in config.flat:
            try:
                make_view(config.resolved)
            except Exception as error:
                raise ConfigError(
                    f"{key} stands beside the same key of another type, and this OmegaConf cannot hold both: "
                    "rename one of them"
                ) from error


def drop_late(visible: Mapping[str, Any], config: Config) -> Mapping[str, Any]:
    """Return what can make up a name: all but the texts that only the experiment can resolve, if that leaves any."""
    late = {".".join(escape_key(name) for name in path) for path in config.late}
    return {key: value for key, value in visible.items() if key not in late} or visible if late else visible


def count_choices(config: Config, resolver: Resolver) -> dict[str, Any]:
    """Return what counts for the identity beside the values: for some apps, the choices."""
    return name_choices(config.choices()) if resolver.traits.counts_choices else {}


def compose_point(overrides: list[Override], composer: Composer, *, is_late: bool = False) -> dict[str, Any]:
    """Return the composed config of one point.

    Raises:
        MissingValueError: A value is still `???`, and may not be.
        ConfigError: It cannot be composed.
    """
    config = composer.compose(overrides)
    missing = [] if is_late else find_missing(config)
    if missing:
        raise MissingValueError(_explain_missing(missing, overrides, composer))
    return config


def _explain_missing(missing: Sequence[str], overrides: list[Override], composer: Composer) -> str:
    from mag.config.inspection.problems import locate_value  # noqa: PLC0415 - only an error needs it

    places = [locate_value(key, composer, overrides) for key in missing[:_MOST_PLACES]]
    named = [f"{key} ({place})" if place else key for key, place in zip_longest(missing, places)]
    typed = " ".join(f"{key}=VALUE" for key in missing)
    are = "they are" if missing[1:] else "it is"
    return (
        f"{', '.join(named)} must be given: type {typed} ({are} still ???). If the function fills them, say so: "
        f'@mag.main(missing="late").'
    )


def find_flat(flat: Mapping[str, Any], key: str, choices: Mapping[str, Any]) -> Any:
    r"""Return the value of a flat key, or what is chosen from a group; `ABSENT` where there is none.

    A key of which the dots and quotes are left out is found as well, where only one can be meant.

    >>> find_flat({r"a.b\.c": 1, "m.'1'": 2}, "a.b.c", {}), find_flat({r"a.b\.c": 1, "m.'1'": 2}, "m.1", {})
    (1, 2)
    """
    if key in flat:
        return flat[key]
    chosen = find_choice(choices, key)
    if chosen is not ABSENT:
        return chosen
    same = [each for each in flat if ("\\" in each or "'" in each) and loosen_key(each) == key]
    return flat[same[0]] if len(same) == 1 else ABSENT


def find_choice(choices: Mapping[str, Any], key: str) -> Any:
    """Return what is chosen from a group; `ABSENT` where the key is none, or could be several.

    >>> find_choice({"server/db": "mysql", "log@a": "x", "log@b": "y"}, "server.db")
    'mysql'
    """
    if key in choices:
        return choices[key]
    group = key.replace(".", "/")
    named = [name for name in choices if name == group] or [n for n in choices if n.partition("@")[0] == group]
    return choices[named[0]] if len(named) == 1 else ABSENT


def find_texts(config: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the texts of a config that hold interpolations, each after its path.

    >>> list(find_texts({"a": "${b}", "b": ["x", "${c}"]}))
    [(('a',), '${b}'), (('b', '1'), '${c}')]
    """
    for path, item in walk(config):
        if isinstance(item, str) and "${" in item:
            yield tuple(map(spell_key, path)), item
