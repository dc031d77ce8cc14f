"""What `mag config --diff` shows: what overrides change."""

import shlex
from collections.abc import Sequence
from typing import Any

from mag.cli.output import escape, find_screen
from mag.config.composition.keys import ABSENT
from mag.config.documents.printing import format_inline
from mag.config.inspection.difference import compare_configs
from mag.config.language.override import Override
from mag.config.secrets import mask
from mag.errors import UsageError
from mag.sweeps.override_files import read_overrides


def parse_changes(texts: Sequence[str]) -> list[Override]:
    """Return the overrides that `--diff` was given: each word holds some, as one would type them in a shell.

    Args:
        texts: Such as `model=mlp lr=0.1`.

    Raises:
        UsageError: There is none, or a quote is not closed.
        OverrideError: One is malformed.
        YamlError: A file of overrides is no YAML.
    """
    words: list[str] = []
    for text in texts:
        try:
            words += shlex.split(text)
        except ValueError:
            raise UsageError(
                f"--diff {text!r} has a quote that is never closed: quote overrides in it as in a shell, or give "
                f"--diff once for each."
            ) from None
    if not words:
        raise UsageError("--diff needs overrides, as in --diff 'model=mlp lr=0.1'.")
    return read_overrides(words)


def describe_changes(before: dict[str, Any], after: dict[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """Return what is removed, added and changed from one config to another, without secrets.

    Args:
        before: A plain config.
        after: Another.
        secrets: The project's key patterns of secrets.
    """
    removed, added, changed = {}, {}, {}
    for change in compare_configs(before, after):
        old = None if change.before is ABSENT else mask({change.key: change.before}, secrets)[change.key]
        new = None if change.after is ABSENT else mask({change.key: change.after}, secrets)[change.key]
        if change.after is ABSENT:
            removed[change.key] = old
        elif change.before is ABSENT:
            added[change.key] = new
        else:
            changed[change.key] = {"before": old, "after": new}
    return {"removed": removed, "added": added, "changed": changed}


def list_changes(described: dict[str, Any]) -> list[str]:
    """Return the lines that show changes, by key.

    Args:
        described: What `describe_changes` returned.
    """
    rows = [(key, "-", format_inline(value), "red") for key, value in described["removed"].items()]
    rows += [(key, "+", format_inline(value), "green") for key, value in described["added"].items()]
    for key, value in described["changed"].items():
        rows.append((key, "~", f"{format_inline(value['before'])} -> {format_inline(value['after'])}", "yellow"))
    screen = find_screen()
    return [screen.paint(f"{sign} {escape(key)}: {escape(text)}", color) for key, sign, text, color in sorted(rows)]
