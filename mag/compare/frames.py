"""Frames: a table as a pandas or polars frame, each column of the type of its values."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mag.compare.rows import MISSING, MOMENTS, format_value, read_rows
from mag.compare.table import Table
from mag.config.conditions.values import parse_moment
from mag.errors import UsageError
from mag.record.store import StoredExperiment

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_INT64 = 2**63


def type_column(header: str, values: Sequence[Any]) -> tuple[type, list[Any]]:
    """Return the type that all values of a column have, and the values as that; None where there is none.

    Integers among floats are floats; values of several kinds, lists and mappings are texts, as tables show them.

    >>> type_column("x", [1, 2.5, None]), type_column("x", [1, "a"])
    ((<class 'float'>, [1.0, 2.5, None]), (<class 'str'>, ['1', 'a']))
    """
    known = [None if value is MISSING else value for value in values]
    if header in MOMENTS:
        return dt.datetime, [_read_moment(value) for value in known]
    kinds = {type(value) for value in known if value is not None}
    if kinds == {bool}:
        return bool, known
    if kinds == {int} and all(value is None or -_INT64 <= value < _INT64 for value in known):
        return int, known
    if kinds and kinds <= {int, float}:
        return float, [None if value is None else _to_float(value) for value in known]
    return str, [value if value is None or isinstance(value, str) else format_value(value) for value in known]


def _to_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _read_moment(value: Any) -> dt.datetime | None:
    try:
        return parse_moment(value).astimezone(dt.UTC)
    except (TypeError, ValueError):
        return None


def _type_columns(table: Table) -> dict[str, tuple[type, list[Any]]]:
    columns = [[row[index] for row in table.rows] for index in range(len(table.headers))]
    return {name: type_column(name, values) for name, values in zip(table.headers, columns, strict=True)}


def make_pandas(table: Table) -> "pd.DataFrame":
    """Return a table as a pandas frame.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415
    except ImportError:
        raise _miss("pandas") from None
    names = {bool: "boolean", int: "Int64", float: "float64", str: "object", dt.datetime: "datetime64[us, UTC]"}
    columns = {name: pd.Series(values, dtype=names[kind]) for name, (kind, values) in _type_columns(table).items()}
    return pd.DataFrame(columns)


def make_polars(table: Table) -> "pl.DataFrame":
    """Return a table as a polars frame.

    Raises:
        UsageError: polars is not installed.
    """
    try:
        import polars as pl  # noqa: PLC0415
    except ImportError:
        raise _miss("polars") from None
    names: dict[type, Any] = {
        bool: pl.Boolean,
        int: pl.Int64,
        float: pl.Float64,
        str: pl.String,
        dt.datetime: pl.Datetime("us", "UTC"),
    }
    return pl.DataFrame(
        [pl.Series(name, values, dtype=names[kind]) for name, (kind, values) in _type_columns(table).items()]
    )


def make_frame(experiments: Iterable[StoredExperiment]) -> "pd.DataFrame":
    """Return a pandas frame of experiments: status, config and results, indexed by their names.

    A result that is called as a key of a config is has `results.` before its name.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415
    except ImportError:
        raise _miss("pandas") from None
    rows = read_rows(experiments)
    taken = {"status", *(key for row in rows for key in row.config)}
    table = [
        {"status": row.experiment.status}
        | row.config
        | {f"results.{name}" if name in taken else name: value for name, value in row.results.items()}
        for row in rows
    ]
    return pd.DataFrame(table, index=[row.experiment.name for row in rows])


def _miss(library: str) -> UsageError:
    return UsageError(f"{library} is not installed: pip install 'mag-sweep[{library}]', or use to_dicts() and export.")
