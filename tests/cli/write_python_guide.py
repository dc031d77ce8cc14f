"""Writes the guide to mag's Python names out of their docstrings: `python tests/cli/write_python_guide.py`."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import mag

PLACE = Path(__file__).parents[2] / "mag" / "cli" / "topics" / "python.md"
MEMBERS = {
    "Experiment": (
        *("config", "identifier", "identity", "directory", "seed", "attempt", "completed", "results", "metrics"),
        *("directories", "register_result", "register_directory", "log_metrics", "should_stop"),
    ),
    "Store": ("root", "filter", "find", "sort", "groups", "metrics", "to_dicts", "to_pandas", "to_polars"),
    "Plan": ("count", "narrow", "config_files"),
    "Override": ("is_sweep", "values", "with_value"),
}
"""What a user has of each class; the rest is for mag itself."""
HEAD = """\
<!-- written by tests/cli/write_python_guide.py out of the docstrings -->
# Python: every public name

`import mag` costs next to nothing: each name is loaded when it is first used.

"""


def write() -> str:
    """Return the guide."""
    names = ["main", "Experiment", "sweep", "Store", *(name for name in sorted(mag.__all__, key=str.lower))]
    return HEAD + "\n".join(line for name in dict.fromkeys(names) for line in describe(name, getattr(mag, name)))


def describe(name: str, named: object) -> Iterator[str]:
    """Yield the section of a name."""
    members = MEMBERS.get(name, ())
    yield from [f"## mag.{name}", "", "```", *show(sign(name, named), named)]
    for member in members:
        found = inspect.getattr_static(named, member, None)
        if found is not None:
            title = member if isinstance(found, property) else sign(member, getattr(named, member))
            yield from ["", *show(f".{title}", found)]
    yield from ["```", ""]


def sign(name: str, named: object) -> str:
    """Return how something is called, without types, which the text has where they matter."""
    parameters: list[str] = []
    if isinstance(named, type) and issubclass(named, Exception):
        return name
    for parameter in inspect.signature(named).parameters.values():  # type: ignore[arg-type]
        if parameter.name in {"self", "unknown"}:
            continue
        star = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**" * (parameter.kind is parameter.VAR_KEYWORD)
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        parameters.append(f"{star}{parameter.name}{default}")
    return f"{name}({', '.join(parameters)})"


def show(title: str, named: object) -> list[str]:
    """Return a signature and a docstring, as code: its examples and columns stay as they stand."""
    text = inspect.getdoc(named.fget if isinstance(named, property) else named) or ""
    text = re.sub(r"\n\s*unknown: None is known\.", "", text)
    return [*wrap(title), *(f"  {line}".rstrip() for line in text.splitlines())]


def wrap(title: str, width: int = 116) -> list[str]:
    """Return a long signature on several lines."""
    lines, rest = [], title
    while len(rest) > width:
        cut = rest.rindex(", ", 0, width) + 1
        lines.append(rest[:cut])
        rest = "      " + rest[cut:].lstrip()
    return [*lines, rest]


if __name__ == "__main__":
    PLACE.write_text(write(), encoding="utf-8")
