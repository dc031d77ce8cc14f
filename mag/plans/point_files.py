"""Point files: a table with one point a row, `--points trials.csv`.

The header names keys, as one would type them before the `=`; an empty cell gives its key no value. In CSV a cell is
read as what is typed after the `=`, so that `0.1` is a number; in JSON, a list of objects, values are what they are.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mag.config.language.grammar import read_override
from mag.config.language.override import Override
from mag.errors import OverrideError, SpaceError
from mag.plans.override_files import set_value
from mag.suggestion import name_nearest

_FACTS = frozenset({"name", "status", "identity", "seconds", "started", "ended"})
"""What `mag ls --csv` writes beside keys, which is no part of a point; it always writes the first two."""

Row = tuple[str, tuple[Override, ...]]
"""Where a point stands, and what it assigns."""


def read_points(name: str) -> list[Row]:
    """Return the points of a table.

    Raises:
        SpaceError: There is no such file, it is no table, or a row has no place in it.
    """
    path = Path(name)
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".json": _read_json, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise SpaceError(f"--points {name}: the file's name must end in one of {', '.join(readers)}")
    try:
        rows = [(place, _assign(place, row)) for place, row in readers[path.suffix](path)]
    except FileNotFoundError:
        near = name_nearest(path.name, [each.name for each in path.parent.glob(f"*{path.suffix}")])
        hint = f", did you mean {path.with_name(near)}?" if near else ""
        raise SpaceError(f"--points {name}: there is no such file{hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpaceError(f"--points {name}: the file cannot be read: {error}") from None
    if not rows:
        raise SpaceError(f"--points {name} has no rows: nothing would run")
    return rows


def _assign(place: str, row: dict[str, Any]) -> tuple[Override, ...]:
    try:
        facts = _FACTS if {"name", "status"} <= row.keys() else frozenset()
        given = tuple(set_value(key, value) for key, value in row.items() if key not in facts)
    except OverrideError as error:
        raise SpaceError(f"{place}: {error}") from None
    if not given:
        raise SpaceError(f"{place}: the row assigns no key")
    return given


def _read_csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        header = [key.strip() for key in next(table, [])]
        if len(set(header)) < len(header) or not all(header):
            raise SpaceError(f"{path}: line 1: each column needs a key of its own, not {','.join(header)}")
        for cells in table:
            place = f"{path}: line {table.line_num}"
            if len(cells) not in {0, len(header)}:
                raise SpaceError(f"{place}: cells: {len(cells)}, keys: {len(header)}")
            if cells:
                named = zip(header, cells, strict=True)
                yield place, {key: _read_cell(cell) for key, cell in named if cell != ""}


def _read_cell(text: str) -> Any:
    """Return what a cell means where it is typed as a value; a text that cannot be typed so is itself."""
    try:
        override = read_override(f"key={text}")
    except OverrideError:
        return text
    return text if override.is_sweep else override.value


def _read_json(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SpaceError(f"{path} is no JSON: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SpaceError(f"{path} must be a list of objects, as [{{'lr': 0.1}}, {{'lr': 0.2}}]")
    for number, row in enumerate(rows, start=1):
        yield f"{path}: entry {number}", row


def _read_parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        import polars  # noqa: ICN001, PLC0415 - an extra, and heavy
    except ImportError:
        raise SpaceError(f"{path}: reading parquet needs polars: type pip install polars") from None
    for number, row in enumerate(polars.read_parquet(path).to_dicts(), start=1):
        yield f"{path}: row {number}", {key: value for key, value in row.items() if value is not None}
