"""Strays: options that belong to other programs, and what to type here."""

from collections.abc import Sequence
from itertools import pairwise

import click

from mag.config.language.lexer import write_word

_CONFIGS = "Which configs an app has is said in @mag.main(config_path=..., config_name=...)"
_HYDRA = {
    ("--multirun", "-m"): "Several experiments are run by mag sweep",
    ("--run", "-r"): "One experiment is run by mag run",
    ("--cfg", "-c"): "The config is shown by mag config",
    ("--resolve",): "The resolved config is shown by mag config --resolve",
    ("--package", "-p"): "A part of the config is shown by mag config --explain KEY",
    ("--info", "-i"): "What is chosen by what is shown by mag config --choices, and with --explain",
    ("--config-name", "-cn"): _CONFIGS,
    ("--config-path", "-cp"): _CONFIGS,
    ("--config-dir", "-cd"): _CONFIGS,
    ("--experimental-rerun",): "An experiment is run again by mag rerun",
}
"""The options of Hydra's programs, and what there is in their place."""


def suggest_instead(error: click.ClickException, arguments: Sequence[str]) -> str:
    """Return what to type where an option is Hydra's, or an override as other programs have it, `--lr=0.1`."""
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
