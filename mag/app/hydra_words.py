"""What is typed for Hydra itself, below `hydra`: passed on to it, or answered with mag's own word."""

from collections.abc import Iterable, Iterator, Sequence

from mag.config.composition.composer import Composer
from mag.config.documents.document import Document
from mag.config.documents.marks import Marks, Place
from mag.config.language.override import Override
from mag.errors import UsageError

_OWN_WORDS = (
    (("hydra.run", "hydra.sweep", "hydra/output", "hydra.output"), "mag chooses the directories (--dir PATH)"),
    (("hydra.launcher", "hydra/launcher"), "mag runs the experiments (-j N: so many at a time)"),
    (("hydra.sweeper", "hydra/sweeper"), "a sweep is typed as overrides, C=1,10 (--sample N: some of its points)"),
    (("hydra.mode",), "`mag sweep` runs several experiments, `mag run` one"),
    (("hydra.searchpath",), "--config-dir DIR names one more directory of configs"),
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


def find_set_aside(composer: Composer, overrides: Sequence[Override]) -> Iterator[tuple[Place, str]]:
    """Yield what files say to Hydra that mag sees to itself, once a file."""
    for part in composer.parts(overrides):
        keys = [key for key in _list_settings(part.document) if find_own_word(key)]
        if keys:
            words = "; ".join(dict.fromkeys(f"{word}" for word in map(find_own_word, keys)))
            place = Marks().locate(part.document.path, tuple(keys[0].split(".")))
            are = "is" if len(keys) == 1 else "are"
            yield place, f"{', '.join(keys)} {are} set aside: {words}"


def _list_settings(document: Document) -> Iterator[str]:
    for entry in document.entries:
        group = entry.path.removeprefix("/")
        if group in {"hydra/launcher", "hydra/sweeper", "hydra/output"}:
            yield group
    settings = document.content.get("hydra") if isinstance(document.content, dict) else None
    if isinstance(settings, dict):
        yield from (f"hydra.{key}" for key in settings if key != "searchpath")


def _check(override: Override) -> None:
    if (word := find_own_word(override.key)) is not None:
        raise UsageError(f"{override.text}: {word}.")
    if override.is_sweep:
        raise UsageError(f"{override.text}: Hydra's own settings cannot be swept; give one value.")
