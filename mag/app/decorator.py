"""The decorator `@mag.main`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Never

from mag.app.definition import Main, Program
from mag.errors import UsageError
from mag.settings import MISSING_KINDS, check_start_method
from mag.suggestion import list_names, name_nearest

PARAMETERS = ("config_path", "config_name", "version_base", "schema", "group_schemas", "missing", "start_method")
"""What `main` takes, in order."""


def decorate(
    program: Program,
    config_path: str | Path | Callable[..., Any] | None,
    config_name: str | None,
    schema: type | None = None,
    group_schemas: Mapping[str, type] | None = None,
    *,
    missing: str = "early",
    start_method: str | None = None,
) -> Main | Callable[[Callable[..., Any]], Main]:
    """Return the decorated function, or a decorator if no function was given."""
    if callable(config_path):
        return Main(config_path, None, config_name, program=program)
    if missing not in MISSING_KINDS:
        raise UsageError(f"@mag.main(missing={missing!r}): it is 'early' or 'late'.")
    if start_method is not None:
        check_start_method(start_method, f"@mag.main(start_method={start_method!r}): it")
    path, more = config_path, {"missing": missing, "start_method": start_method}
    return lambda function: Main(function, path, config_name, schema, group_schemas, **more, program=program)  # type: ignore[arg-type]  # texts


def refuse_argument(name: str, place: str) -> Never:
    """Say that `main` takes no argument of this name."""
    near = name_nearest(name, PARAMETERS)
    hint = f"did you mean {near!r}?" if near else f"it takes {list_names(PARAMETERS)}."
    raise UsageError(f"{place} has an argument {name!r}, which is unknown: {hint}")
