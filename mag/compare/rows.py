"""Rows: an experiment as the kinds of things that a table shows of it, and how a cell or a number is written."""

import dataclasses
import functools
import json
import math
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, Final

from mag.compare.curves import Curve, peek_names, read_curves
from mag.config.documents.scalars import read_scalar
from mag.config.flat import escape_key
from mag.patterns import compile_lazily
from mag.record.metrics import list_metric_files
from mag.record.store import StoredExperiment

_PLAIN = compile_lazily(r"[\w./+~|-][\w./+~| -]*(?<! )")
_DEEPEST = 100


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""The cell of an experiment that has no such key; null is a value, this is none."""


def format_value(value: Any) -> str:
    """Return a value as one would type it: a text as it is, everything else as YAML writes it in a line.

    >>> [format_value(value) for value in ("svm", True, None, 1e-5, [8, "a", "1"], MISSING)]
    ['svm', 'true', 'null', '1e-05', '[8, a, "1"]', '']
    """
    if isinstance(value, str):
        return value
    return "" if value is MISSING else _write(value, 0)


def format_briefly(value: Any) -> str:
    """Return a value as `format_value` does, floats of many digits rounded to six of them.

    >>> format_briefly(1 / 3), format_briefly(0.001), format_briefly(1234567)
    ('0.333333', '0.001', '1234567')
    """
    text = format_value(value)
    return f"{value:.6g}" if isinstance(value, float) and len(text) > 10 else text  # noqa: PLR2004


def is_number(value: Any) -> bool:
    """Tell whether a value is a number: true and false are none.

    >>> is_number(1), is_number(0.5), is_number(True), is_number("1")
    (True, True, False, False)
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _write(value: Any, depth: int) -> str:
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        inner = (f"{_write(str(key), depth)}: {_write(item, depth + 1)}" for key, item in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_write(item, depth + 1) for item in value) + "]"
    return repr(value)


def _is_plain(text: str) -> bool:
    """Tell whether a text inside a list is read back as this very text without quotes."""
    try:
        return _PLAIN.fullmatch(text) is not None and read_scalar(text) == text
    except ValueError:
        return False


@dataclasses.dataclass(frozen=True)
class Row:
    """One experiment, flat.

    Attributes:
        experiment: The experiment; its facts are read from there.
        config: Dotted key to value; lists are values.
        results: Likewise.
        choices: Config group to the option that was chosen, or to several.
    """

    experiment: StoredExperiment
    config: dict[str, Any]
    results: dict[str, Any]
    choices: dict[str, Any] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def curves(self) -> dict[str, Curve]:
        """What it logged, by name; read when it is first asked for."""
        return read_curves(list_metric_files(self.experiment.paths, self.experiment.record))

    @functools.cached_property
    def metric_names(self) -> list[str]:
        """The names of what it logged."""
        files = list_metric_files(self.experiment.paths, self.experiment.record)
        return list(dict.fromkeys(name for path in files for name in peek_names(path)))


def read_rows(experiments: Iterable[StoredExperiment]) -> list[Row]:
    """Return the rows of experiments, in their order; one that cannot be read has neither config nor results."""
    return [
        Row(one, spread(one.config, escape_key), spread(one.results), one.record.choices if one.record else {})
        for one in experiments
    ]


def spread(tree: dict[str, Any], spell: Callable[[str], str] = str) -> dict[str, Any]:
    """Return nested mappings as one level of dotted keys, whatever they hold: looking refuses nothing.

    >>> spread({"seed": 1, "model": {"name": "svm", "sizes": [8, 16]}})
    {'seed': 1, 'model.name': 'svm', 'model.sizes': [8, 16]}
    """
    flat: dict[str, Any] = {}
    waiting = [("", tree)]
    while waiting:
        prefix, branch = waiting.pop(0)
        for key, value in branch.items():
            if isinstance(value, dict) and value:
                waiting.append((f"{prefix}{spell(key)}.", value))
            else:
                flat.setdefault(prefix + spell(key), value)
    return flat


def _read_field(name: str) -> Callable[[StoredExperiment], Any]:
    return lambda experiment: getattr(experiment.record, name)


def _read_entry(name: str, key: str) -> Callable[[StoredExperiment], Any]:
    return lambda experiment: (getattr(experiment.record, name) or {}).get(key)


FACTS: dict[str, Callable[[StoredExperiment], Any]] = {
    "name": lambda experiment: experiment.name,
    "status": lambda experiment: experiment.status,
    "identity": _read_field("identity"),
    "seconds": _read_field("seconds"),
    "started": _read_field("started"),
    "ended": _read_field("ended"),
    "attempt": _read_field("attempt"),
    "app": _read_field("app"),
    "sweep": _read_field("sweep"),
    "error": _read_entry("error", "type"),
    "commit": _read_entry("commit", "hash"),
    "branch": _read_entry("commit", "branch"),
    "dirty": _read_entry("commit", "dirty"),
    "host": _read_entry("host", "name"),
    "tag": lambda experiment: list(experiment.tags) or None,
    "note": lambda experiment: experiment.note,
    "accepted": lambda experiment: experiment.accepted,
    "cpu_seconds": _read_entry("exit", "cpu_seconds"),
    "peak_memory_bytes": _read_entry("exit", "peak_memory_bytes"),
}
"""What every experiment has, by name, and how to read it."""

ADDED = frozenset({"tag", "note", "accepted"})
"""The facts that people add afterwards; a key or result of that name comes before them."""

MOMENTS = frozenset({"started", "ended"})
"""The facts that are dates."""


def read_fact(experiment: StoredExperiment, name: str) -> Any:
    """Return a fact of `FACTS`, `MISSING` where it is not known."""
    if experiment.record is None and name not in {"name", "status"}:
        return MISSING
    value = FACTS[name](experiment)
    return MISSING if value is None else value


_FEWEST = 4
_MOST = 10  # what differs beyond is the noise of floating point
_PLAIN_FROM, _PLAIN_TO = -4, 15


def format_numbers(values: Sequence[Any]) -> list[str]:
    """Return the values of a column as texts: floats rounded to four digits, or to as many as tell them apart.

    Values that are no floats stay as they are; integers keep all of their digits.

    >>> format_numbers([0.9333333333333333, 0.5, 10, "svm"]), format_numbers([0.123456, 0.123457])
    (['0.9333', '0.5', '10', 'svm'], ['0.123456', '0.123457'])
    """
    floats = {value for value in values if isinstance(value, float) and math.isfinite(value)}
    digits = _count_digits(floats)
    return [format_float(value, digits) if isinstance(value, float) else format_value(value) for value in values]


def _count_digits(floats: set[float]) -> int:
    apart = len({f"{value:.{_MOST}g}" for value in floats})
    digits = _FEWEST
    while digits < _MOST and len({f"{value:.{digits}g}" for value in floats}) < apart:
        digits += 1
    return digits


def format_float(value: float, digits: int) -> str:
    """Return a float with so many significant digits, and none that say nothing.

    >>> format_float(0.93333, 4), format_float(12345.678, 4), format_float(1e-7, 4), format_float(2.0, 4)
    ('0.9333', '12346', '1e-07', '2.0')
    """
    if not math.isfinite(value):
        return repr(value)
    exact = repr(value)
    if len(exact) <= digits + 1:
        return exact
    if value and not 10.0**_PLAIN_FROM <= abs(value) < 10.0**_PLAIN_TO:
        return f"{value:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else digits
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
