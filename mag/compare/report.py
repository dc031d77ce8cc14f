"""The report: experiments as the plain data of a page that explores them, and that page as one HTML file."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from mag.compare.columns import Catalog, Column, find_varying
from mag.compare.description import read_tail
from mag.compare.failures import group_failures
from mag.compare.rows import MISSING, Row, is_number
from mag.disk.values import encode_config
from mag.patterns import compile_lazily
from mag.record.metrics import read_all_metrics

MOST_CURVES = 100
"""How many learning curves of one metric a report holds."""
MOST_POINTS = 300
"""How many points of a curve it holds; longer ones are thinned evenly, first and last point included."""
_FACTS = ("status", "seconds", "started", "attempt", "host", "commit")
_FACT_CHARACTERS = {"commit": 12, "started": 19}
_TAIL_LINES = 20
_MOST_TEXT = 200


def build_report(rows: Sequence[Row], catalog: Catalog, *, title: str, made: str) -> dict[str, Any]:
    """Return what a page shows of experiments.

    Args:
        rows: The experiments.
        catalog: What their columns are called.
        title: The heading.
        made: When the data was read, ISO 8601.

    Returns:
        `columns` and `values`, `constants` (the config keys in which all agree), `curves`, `failures` and `names`.
    """
    columns = _choose_columns(rows, catalog)
    varying = {column.key for column in find_varying(rows)}
    return {
        "version": 1,
        "title": title,
        "made": made,
        "names": [row.experiment.name for row in rows],
        "columns": [{"key": catalog.label(column), "kind": column.kind} for column in columns],
        "values": [[_read(column, row) for row in rows] for column in columns],
        "constants": _list_constants(rows, varying),
        "curves": list(_list_curves(rows)),
        "failures": _list_failures(rows),
    }


def _choose_columns(rows: Sequence[Row], catalog: Catalog) -> list[Column]:
    """Return what differs between experiments, then their results, then facts."""
    held = dict.fromkeys(key for row in rows for key in row.results)
    results = [Column("results", key) for key in catalog.results if key in held]
    return [*find_varying(rows), *results, *(Column("fact", key) for key in _FACTS)]


def _read(column: Column, row: Row) -> Any:
    """Return a cell as JSON holds it: what is long or nested as a text, what is missing as null."""
    value = column.read(row)
    if value is MISSING or value is None or isinstance(value, bool):
        return None if value is MISSING else value
    if is_number(value):
        return encode_config(_round(value))
    text = value if isinstance(value, str) else str(encode_config(value))
    if column.kind == "fact":
        text = text[: _FACT_CHARACTERS.get(column.key)]
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def _round(value: float) -> float:
    """Return a number with as many digits as a page shows, and some more to select by; the file is half as large."""
    return float(f"{value:.8g}") if isinstance(value, float) else value


def _list_constants(rows: Sequence[Row], varying: set[str]) -> dict[str, Any]:
    """Return the config keys that have the same value in every experiment."""
    readable = [row for row in rows if row.experiment.record is not None]
    shared = {key: value for key, value in readable[0].config.items() if key not in varying} if readable else {}
    encoded: dict[str, Any] = encode_config(shared)
    return encoded


def _list_curves(rows: Sequence[Row]) -> Iterable[dict[str, Any]]:
    """Yield the learning curves of experiments that logged metrics against steps, thinned."""
    taken: dict[str, int] = {}
    for index, row in enumerate(rows):
        lines = read_all_metrics(row.experiment.paths, row.experiment.record)
        names = dict.fromkeys(name for line in lines for name, value in line.items() if is_number(value))
        for name in names:
            if name in {"step", "time", "attempt"} or taken.get(name, 0) >= MOST_CURVES:
                continue
            points = [(line.get("step", at), line[name]) for at, line in enumerate(lines) if is_number(line.get(name))]
            if len(points) > 1:
                taken[name] = taken.get(name, 0) + 1
                thinned = thin(points)
                yield {
                    "row": index,
                    "metric": name,
                    "points": encode_config([[step, _round(value)] for step, value in thinned]),
                }


def thin(points: Sequence[Any], most: int = MOST_POINTS) -> list[Any]:
    """Return at most so many points, evenly chosen, the first and the last among them.

    >>> thin(range(10), most=4)
    [0, 3, 6, 9]
    """
    if len(points) <= most:
        return list(points)
    return [points[round(at * (len(points) - 1) / (most - 1))] for at in range(most)]


def _list_failures(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what broke: groups that broke alike, each with the end of one log."""
    return [
        {
            "status": group.status,
            "kind": group.kind,
            "where": group.where,
            "message": group.message,
            "names": [experiment.name for experiment in group.experiments],
            "tail": read_tail(group.experiments[0], _TAIL_LINES),
        }
        for group in group_failures(row.experiment for row in rows)
    ]


_FOLDER = Path(__file__).parent / "web"
_SCRIPTS = ("vendor/echarts.min.js", "vendor/tabulator.min.js", "page.js")
_PLACE = compile_lazily(r"\{\{(\w+)\}\}")
_STYLES = ("vendor/tabulator.min.css", "page.css")


def render_page(report: dict[str, Any], *, connect: str = "'none'") -> str:
    """Return a report as one HTML file.

    Args:
        report: What `build_report` returned.
        connect: Where the page's script may connect to, as a content security policy has it: nowhere.
    """
    scripts = [_read_part(name) for name in _SCRIPTS]
    data = json.dumps(report, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": escape(policy),
        "title": escape(str(report["title"])),
        "styles": "\n".join(map(_read_part, _STYLES)),
        "data": data,
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    # in one pass: what is filled in may itself look like a place to fill
    return _PLACE.sub(lambda place: parts[place[1]], _read_part("page.html"))


def _read_part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
