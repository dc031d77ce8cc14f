"""Filters: which experiments meet conditions such as `C=10`, `'accuracy>0.9 or model=res*'`, `started>-7d`."""

import contextlib
import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, get_args

from mag.compare.columns import Catalog, Column
from mag.compare.rows import MISSING, MOMENTS, Row
from mag.config.conditions.expressions import Expression, parse_expression
from mag.config.conditions.operations import Answer, Pattern
from mag.config.conditions.reader import Find, Vocabulary
from mag.config.conditions.tokens import NAME
from mag.config.conditions.values import Period, parse_moment
from mag.disk import files
from mag.errors import RecordError, SpaceError, UsageError
from mag.record.paths import StorePaths
from mag.record.records import Status
from mag.record.sweeps import list_ids

STATUSES = (*get_args(Status), "lost", "corrupt", "duplicate")
"""Every status that an experiment can have."""

_JOINTS = frozenset({"and", "or", "not"})
_SHORTEST = 4
_MANY = 10_000  # of so many the files of metrics are looked into for what must be a key only, not for each word


def apply_filters(rows: Iterable[Row], texts: Sequence[str], catalog: Catalog) -> list[Row]:
    """Return the rows that meet all conditions.

    Raises:
        UsageError: A condition cannot be read, a key is unknown or ambiguous, or a value cannot be compared with what
            is there.
    """
    kept = list(rows)
    for text in join_words(texts):
        condition = _parse(text, catalog)
        columns = {key: catalog.find(key) for key in condition.keys}
        kept = _keep(kept, condition, columns)
    return kept


def join_words(words: Sequence[str]) -> list[str]:
    """Return the conditions that the words of a command line spell: each is one, unless some are `or`, `and`, `not`.

    >>> join_words(["C=1", "D>2"]), join_words(["not", "C=1", "or", "D>2", "E=3"])
    (['C=1', 'D>2'], ['not C=1 or D>2 and E=3'])
    """
    if not _JOINTS & {*words}:
        return list(words)
    parts: list[str] = []
    for word in words:
        if parts and parts[-1] not in _JOINTS and word not in {"and", "or"}:
            parts.append("and")
        parts.append(word)
    return [" ".join(parts)]


def _parse(text: str, catalog: Catalog) -> Expression:
    if text in STATUSES:
        raise UsageError(f"{text!r} is no filter: write status={text}.")
    if NAME.fullmatch(text) or not text.strip():
        raise UsageError(
            f"{text!r} is no filter: write KEY=VALUE, such as status=failed, or a comparison in quotes, such as "
            f"'accuracy>0.9' (without them the shell takes < and > for itself)."
        )
    vocabulary = Vocabulary(functools.partial(_knows, catalog), MOMENTS, {"status": STATUSES})
    try:
        condition = parse_expression(text, vocabulary)
    except SpaceError as error:
        text = str(error)
        raise UsageError(f"Filter: {text}{'' if text.endswith('?') else '.'}") from None
    if not condition.keys:
        raise UsageError(f"Filter {text!r} names no key: write KEY=VALUE, or a comparison such as 'accuracy>0.9'.")
    return condition


def _knows(catalog: Catalog, key: str) -> bool:
    try:
        (catalog if len(catalog.rows) <= _MANY else dataclasses.replace(catalog, rows=())).find(key)
    except UsageError:
        return False
    return True


def _keep(rows: Sequence[Row], condition: Expression, columns: dict[str, Column]) -> list[Row]:
    parts, plans = condition.parts or (condition,), _Plans()
    kept, undecided = [], list[SpaceError]()
    for row in rows:
        find = functools.partial(_find, row, columns, plans)
        if any(list(_decide(parts, find, undecided))):
            kept.append(row)
    if undecided and len(undecided) >= len(rows) and not kept:
        raise UsageError(f"Filter {condition.text!r} can be decided for no experiment: {undecided[0]}.")
    return kept


def _decide(parts: Sequence[Expression], find: Find, undecided: list[SpaceError]) -> Iterator[bool]:
    """Yield what the parts of an `or` say of a row; what cannot be compared does not meet a condition."""
    for part in parts:
        try:
            yield bool(part.evaluate(find))
        except SpaceError as error:
            undecided.append(error)


def _find(row: Row, columns: dict[str, Column], plans: "_Plans", key: str, default: Any = None, /) -> Any:
    """Return a value of a row; a fact may decide itself which conditions it meets."""
    column = columns.get(key)
    if column is None:
        return default
    value = column.read(row)
    if column.kind != "fact":
        return None if value is MISSING else value
    if column.key == "sweep":
        return _Membership(row, None if value is MISSING else value, plans)
    return None if value is MISSING else _ANSWERS.get(column.key, lambda known: known)(value)


class _Moment(Answer):
    """A recorded time: it agrees with each period in which it lies."""

    def __init__(self, text: Any) -> None:
        self._moment: dt.datetime | None = None
        with contextlib.suppress(TypeError, ValueError):
            self._moment = parse_moment(text)

    def __str__(self) -> str:
        return f"the date {self._moment}"

    def agrees(self, other: Any) -> bool:
        """Tell whether a condition's value means this."""
        return self._moment is not None and isinstance(other, Period) and other.agrees(self._moment)

    def precedes(self, name: str, other: Any) -> bool:
        """Tell whether an order holds between this and a condition's value."""
        if not isinstance(other, Period):
            return super().precedes(name, other)
        return self._moment is not None and other.precedes(name, self._moment)


class _Several(Answer):
    """Several texts: they agree with each of them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)

    def __str__(self) -> str:
        return ", ".join(self._texts)

    def agrees(self, other: Any) -> bool:
        """Tell whether a condition's value means this."""
        return any(other.agrees(text) if isinstance(other, Pattern) else text == other for text in self._texts)


class _Beginning(Answer):
    """A hash: it agrees with what it begins with."""

    def __init__(self, text: Any) -> None:
        self._text = str(text)

    def __str__(self) -> str:
        return self._text

    def agrees(self, other: Any) -> bool:
        """Tell whether a condition's value means this."""
        if isinstance(other, Pattern):
            return other.agrees(self._text)
        return other is not None and bool(str(other)) and self._text.startswith(str(other).lower())


class _Membership(Answer):
    """The sweep of an experiment: it agrees with each sweep that ran it, or found it done, by the ends of its id."""

    def __init__(self, row: Row, sweep: str | None, plans: "_Plans") -> None:
        self._row = row
        self._sweep = sweep
        self._plans = plans

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return other == "" and self._sweep is None

    def __str__(self) -> str:
        return str(self._sweep)

    def agrees(self, other: Any) -> bool:
        """Tell whether a condition's value means this."""
        if other is None:
            return self._sweep is None
        record, store = self._row.experiment.record, self._row.experiment.paths.home
        ids = self._plans.find(store, other)
        if self._sweep in ids or record is None:
            return self._sweep in ids
        known = {record.identity, *(str(each.get("identity")) for each in record.former)}
        return not known.isdisjoint(self._plans.read(store, ids))


class _Plans:
    """The plans of sweeps, each read once."""

    def __init__(self) -> None:
        self._ids: dict[tuple[StorePaths, str], tuple[str, ...]] = {}
        self._identities: dict[tuple[StorePaths, tuple[str, ...]], frozenset[str]] = {}

    def find(self, store: StorePaths, asked: Any) -> tuple[str, ...]:
        """Return the ids of the sweeps that a text means: it is one of them, its beginning or its end.

        Raises:
            SpaceError: There is none.
        """
        key = (store, repr(asked))
        if key not in self._ids:
            ids, text = list_ids(store), str(asked)
            if isinstance(asked, Pattern):
                found = [each for each in ids if asked.agrees(each)]
            else:
                found = [each for each in ids if len(text) >= _SHORTEST and each.startswith(text) | each.endswith(text)]
            if not found:
                raise SpaceError(f"there is no sweep {text!r}, `mag status` lists them")
            self._ids[key] = tuple(found)
        return self._ids[key]

    def read(self, store: StorePaths, ids: tuple[str, ...]) -> frozenset[str]:
        """Return the identities in the plans of sweeps; of one that cannot be read, none."""
        if (store, ids) not in self._identities:
            found = {identity for each in ids for identity in _read_plan(store, each)}
            self._identities[store, ids] = frozenset(found)
        return self._identities[store, ids]


def _read_plan(store: StorePaths, sweep: str) -> Iterator[str]:
    try:
        plan = files.read_json(str(store.manifest(sweep))).get("plan", [])
    except (OSError, RecordError):
        return iter(())
    return (str(entry.get("identity")) for entry in plan if isinstance(entry, dict))


_ANSWERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(MOMENTS, _Moment),
    **dict.fromkeys(("identity", "commit"), _Beginning),
    "tag": _Several,
}
"""The facts that decide themselves which conditions they meet."""
