"""Options of other programs: what they mean here, or what to type instead."""

from collections.abc import Sequence
from itertools import pairwise

import click

from mag.config.language.lexer import write_word
from mag.errors import UsageError

_HYDRA = {
    ("--multirun", "-m"): "Several experiments are run by mag sweep",
    ("--run", "-r"): "One experiment is run by mag run",
    ("--cfg", "-c"): "The config is shown by mag config",
    ("--resolve",): "The resolved config is shown by mag config --resolve",
    ("--package", "-p"): "A part of the config is shown by mag config --json | jq .KEY",
    (
        "--info",
        "-i",
    ): "The chosen options, and who chose them, are shown by mag config --choices and mag config --explain",
    ("--experimental-rerun",): "An experiment is run again by mag rerun",
    ("--shell-completion", "-sc"): "Completion is set up by mag completion",
    ("--hydra-help",): "mag help hydra says what mag has of Hydra",
}
"""The options of Hydra's programs, and what there is in their place."""


def read_script_words(words: Sequence[str]) -> list[str]:
    """Return the command line of mag that the words after `python train.py` mean.

    Raises:
        UsageError: Hydra's own config is asked for.

    >>> read_script_words(["-m", "C=1,2"]), read_script_words(["C=1", "--cfg", "job", "--resolve"])
    (['sweep', 'C=1,2'], ['config', 'C=1', '--resolve'])
    """
    for index, word in enumerate(words):
        option, joined, value = word.partition("=")
        if option in {"--cfg", "-c"}:
            what = value if joined else "".join(words[index + 1 : index + 2])
            rest = [*words[:index], *words[index + (1 if joined else 2) :]]
            if what != "job":
                raise UsageError(f"{option} {what} shows Hydra's own config, and mag has none: type {option} job.")
            return ["config", *(each for each in rest if each not in {"-m", "--multirun"})]
    rest = [word for word in words if word not in {"-m", "--multirun"}]
    return ["run" if len(rest) == len(words) else "sweep", *rest]


def suggest_instead(error: click.ClickException, arguments: Sequence[str]) -> str:
    """Return what to type instead of an option of Hydra's, or of an override such as `--lr=0.1`."""
    context = error.ctx if isinstance(error, click.NoSuchOption) else None
    if context is None or all(each.name != "words" for each in context.command.params):
        return ""
    stray = next((word for word in arguments if word.startswith(error.option_name)), "")  # type: ignore[attr-defined]
    for names, instead in _HYDRA.items():
        if stray.partition("=")[0] in names:
            return f" {instead}."
    following = next((after for word, after in pairwise(arguments) if word == stray), "-")
    meant = stray if "=" in stray else f"{stray}={following}"
    if meant.partition("=")[2].startswith("-"):
        return ""
    return f" An override has no dashes: type {write_word(meant.lstrip('-'))}"
