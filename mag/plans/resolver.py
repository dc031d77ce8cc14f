"""The resolver of a plan: what it knows of a config is resolved, with the help of the imported app where need be."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mag.config.composition.composer import Composer
from mag.config.composition.keys import KeyPath
from mag.config.composition.resolution import Resolution, find_written, resolve_known
from mag.config.inspection.problems import locate_interpolation
from mag.config.language.override import Override
from mag.errors import ConfigError, InterpolationError

Ask = Callable[[dict[str, Any], Mapping[str, Any]], Resolution]
"""Resolves a config where the app is imported, given what is known of Hydra's and mag's own values."""


class Traits(NamedTuple):
    """What there is to know of an app for its configs to be resolved.

    Attributes:
        job: The name by which Hydra would know it: that of its file.
        config_name: Its primary config.
        is_late: Whether a value may still be `???` when the function gets the config.
        counts_choices: Whether what is chosen from the groups belongs to the identity.
    """

    job: str = ""
    config_name: str | None = None
    is_late: bool = False
    counts_choices: bool = False


class Resolver:
    """Resolves the configs of a plan, and remembers what there is to say of them."""

    def __init__(self, traits: Traits = Traits(), ask: Ask | None = None) -> None:  # noqa: B008 - immutable
        self.traits = traits
        self._ask = ask
        self._remarks: dict[str, str] = {}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What there is to say, each once."""
        return tuple(self._remarks.values())

    def resolve(self, composed: dict[str, Any], overrides: Sequence[Override], composer: Composer) -> Resolution:
        """Return a config with everything resolved that is known before it runs."""
        known = self._gather(overrides, composer.choices(overrides)) if _asks_hydra(composed) else {}
        found = resolve_known(composed, known)
        if found.unknown and self._ask is not None:
            found = self._ask(composed, known)
        for error in found.unknown.values():
            if isinstance(error, InterpolationError):
                raise error
        for text, unknown in _list_remarks(found):
            if text not in self._remarks:
                self._remarks[text] = text
                if unknown is not None:
                    locate_interpolation(unknown, composer, overrides)
                    self._remarks[text] = f"{unknown}: {_LATER}"
        return found

    def _gather(self, overrides: Sequence[Override], choices: Mapping[str, Any]) -> dict[str, Any]:
        texts = [override.text for override in overrides]
        job = {"name": self.traits.job, "config_name": self.traits.config_name}
        job["override_dirname"] = ",".join(sorted(texts))
        return {"hydra": {"runtime": {"choices": dict(choices)}, "job": job, "overrides": {"task": texts}}}


_LATER = "it stays as it is written, and is resolved when the function reads it"


def _list_remarks(found: Resolution) -> Iterator[tuple[str, ConfigError | None]]:
    for error in found.unknown.values():
        yield f"{error}: {_LATER}", error
    for path in found.fickle:
        key = ".".join(map(str, path))
        yield f"{key} has a different value each time it is resolved, so its text counts", None


def _asks_hydra(config: Any) -> bool:
    if isinstance(config, dict | list):
        return any(map(_asks_hydra, config.values() if isinstance(config, dict) else config))
    return isinstance(config, str) and "hydra:" in config


def find_late(resolved: dict[str, Any], composed: dict[str, Any]) -> tuple[KeyPath, ...]:
    r"""Return the paths of the texts in a resolved config that only the experiment can resolve.

    >>> find_late({"a": 1, "at": "${now:%Y}", "b": "${a}"}, {"a": 1, "at": "${now:%Y}", "b": r"\${a}"})
    (('at',),)
    """
    return tuple(path for path, text in find_written(composed).items() if _follow(resolved, path) == text)


def _follow(value: Any, path: KeyPath) -> Any:
    for name in path:
        try:
            value = value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value
