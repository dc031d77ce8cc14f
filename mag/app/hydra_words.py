"""What is typed for Hydra itself, below `hydra`: passed on to it, or answered with mag's own word."""

from collections.abc import Iterable

from mag.config.language.override import Override
from mag.errors import UsageError

_OWN_WORDS = (
    (("hydra.run", "hydra.sweep", "hydra/output", "hydra.output"), "mag chooses the directories: type --dir PATH"),
    (("hydra.launcher", "hydra/launcher"), "mag runs experiments itself: type -j N for N at a time"),
    (("hydra.sweeper", "hydra/sweeper"), "type the sweep as overrides, C=1,10; --sample N draws some of its points"),
    (("hydra.mode",), "type `mag sweep` for several experiments, `mag run` for one"),
    (("hydra.searchpath",), "type --config-dir DIR for one more directory of configs"),
)


def split_overrides(overrides: Iterable[Override]) -> tuple[list[Override], tuple[str, ...]]:
    """Return the overrides of the config, and the texts of those for Hydra itself.

    Raises:
        UsageError: mag has another word for one of the latter.

    >>> from mag.config.language.grammar import parse_override
    >>> values, theirs = split_overrides(map(parse_override, ["C=1", "hydra.verbose=true"]))
    >>> [override.text for override in values], theirs
    (['C=1'], ('hydra.verbose=true',))
    """
    values: list[Override] = []
    theirs: list[str] = []
    for override in overrides:
        if is_of_hydra(override.key):
            _check(override)
            theirs.append(override.text)
        else:
            values.append(override)
    return values, tuple(theirs)


def is_of_hydra(key: str) -> bool:
    """Tell whether a key is one of Hydra's own settings or groups."""
    return key == "hydra" or key.startswith(("hydra.", "hydra/"))


def find_own_word(key: str) -> str | None:
    """Return what mag has instead of a setting of Hydra's, to be typed; None where it has nothing else."""
    for prefixes, word in _OWN_WORDS:
        if any(key == prefix or key.startswith((f"{prefix}.", f"{prefix}/")) for prefix in prefixes):
            return word
    return None


def _check(override: Override) -> None:
    if (word := find_own_word(override.key)) is not None:
        raise UsageError(f"{override.text}: {word}.")
    if override.is_sweep:
        raise UsageError(f"{override.text}: Hydra's own settings cannot be swept; give one value.")
