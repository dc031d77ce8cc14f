"""Advice on a command that can run, but probably not as intended.

The words are made where the knowledge is: `advice` modules in config/language, config/composition and
config/inspection. This module prints them.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from mag.app.hydra_words import find_set_aside
from mag.cli.output import note
from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT, find_value
from mag.config.documents.marks import shorten
from mag.config.inspection.advice import find_doubts, find_settings, find_space, find_surprises, take_first
from mag.config.language.lexer import write_word
from mag.config.language.override import Override
from mag.errors import ConfigError, SpaceError
from mag.plans.override_files import read_file
from mag.sweeps.observer import Question


def tell_doubts(question: Question) -> None:
    """Note on standard error what was probably not intended: overrides, and words in files that YAML misreads."""
    composer, overrides = question.composer, question.overrides
    for text in find_doubts(composer, overrides):
        note(text)
    with contextlib.suppress(ConfigError):  # the first values of all need not go together
        find = find_set_aside if question.is_hydra else find_settings
        for place, text in find(composer, take_first(overrides)):
            if not (question.settings.chdir and "chdir" in text):
                note(f"{shorten(place.file)}:{place.line}: {text}")
    named = [Path(text[1:]) for text in question.texts if text.startswith("@")]
    spaces = [Path(file.path) for file in question.shape.files]
    for file in dict.fromkeys([*_list_configs(composer, overrides), *named, *spaces]):
        for surprise in find_surprises(file):
            note(f"{shorten(file)}:{surprise.line}: {surprise.text}")


def check_spaces(question: Question) -> None:
    """Refuse to take a space file for an option, or for a file of overrides: nothing would be swept.

    Raises:
        SpaceError: An override chooses one.
    """
    composer, overrides = question.composer, question.overrides
    for text in [each for each in question.texts if each.startswith("@")]:
        _check_file(text, composer)
    if not any(composer.is_group_override(each) for each in overrides):
        return
    from mag.plans.space_files import PARTS

    found = find_space(composer, overrides, tuple(PARTS))
    if found:
        text, file = found
        raise SpaceError(
            f"{text}: {shorten(file)} is a space file: as an option it would sweep nothing; "
            f"type --space {write_word(shorten(file))} instead"
        )


def _check_file(text: str, composer: Composer) -> None:
    content = read_file(Path(text[1:]), text)
    if not isinstance(content, dict) or not isinstance(content.get("grid"), dict | list):
        return
    from mag.plans.space_files import PARTS

    if content.keys() - PARTS.keys():
        return
    with contextlib.suppress(ConfigError):
        if find_value(composer.compose([]), "grid") is not ABSENT:
            return
    raise SpaceError(f"{text}: the file is a space file; type --space {write_word(text[1:])} instead")


def _list_configs(composer: Composer, overrides: Sequence[Override]) -> list[Path]:
    try:
        return [part.document.path for part in composer.parts(take_first(overrides))]
    except ConfigError:  # the first values of all need not go together
        return []
