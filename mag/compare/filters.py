"""Filters: `C=10`, `accuracy>0.9`, `status=failed`, `model.name!=svm`, `seed=1,2,3`."""

import dataclasses
import datetime as dt
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, get_args

from mag.compare.columns import Catalog, Column
from mag.compare.rows import MISSING, MOMENTS, Row, format_value, is_number, parse_moment
from mag.config.documents.scalars import read_scalar
from mag.errors import UsageError
from mag.patterns import compile_lazily
from mag.record.records import Status
from mag.suggestion import name_nearest

STATUSES = (*get_args(Status), "lost", "corrupt")
"""Every status that an experiment can have."""

Test = Callable[[Any], bool]

_FILTER = compile_lazily(r"\s*([^=<>!]+?)\s*(==|!=|<=|>=|=|<|>)\s*(.*?)\s*", re.DOTALL)
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_BEGINNINGS = frozenset({"identity", "commit"})


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """One condition that experiments must meet.

    Attributes:
        text: As it was typed.
        key: What it asks of, as typed.
        operator: `=`, `!=`, `<`, `<=`, `>` or `>=`.
        values: What to compare with; several only after `=` and `!=`.
    """

    text: str
    key: str
    operator: str
    values: tuple[str, ...]


def parse_filter(text: str) -> Filter:
    """Return the filter that a word of the command line spells out.

    Raises:
        UsageError: It is none.

    >>> parse_filter("C=1,10")
    Filter(text='C=1,10', key='C', operator='=', values=('1', '10'))
    """
    match = _FILTER.fullmatch(text)
    if match is None:
        raise UsageError(_describe_misfit(text))
    key, sign, right = match.groups()
    sign = "=" if sign == "==" else sign
    values = tuple(split_values(right)) if sign in {"=", "!="} else (right,)
    if sign == "=" and right.startswith((">", "<")):
        raise UsageError(
            f"Filter {text!r} compares with {right!r}: did you mean '{key}{right[0]}={right[1:]}'? If not, put "
            f"the text in quotes of its own, as in '{key}=\"{right}\"'."
        )
    if sign in _ORDERS and not right:
        raise UsageError(f"Filter {text!r} compares with nothing: write a value, as in '{key}{sign}0.9'.")
    return Filter(text, key, sign, values)


def _describe_misfit(text: str) -> str:
    if text in STATUSES:
        return f"{text!r} is no filter: write status={text}."
    return (
        f"{text!r} is no filter: write KEY=VALUE, such as status=failed, or a comparison in quotes, "
        f"such as 'accuracy>0.9' (without them the shell takes < and > for itself)."
    )


def split_values(text: str) -> Iterator[str]:
    """Yield the parts of a text between commas; those inside brackets and quotes do not count.

    >>> list(split_values("1,[8,16],'a,b'"))
    ['1', '[8,16]', "'a,b'"]
    """
    depth, quote, part = 0, "", ""
    for character in text:
        if character == "," and not depth and not quote:
            yield part.strip()
            part = ""
            continue
        if quote or (character in "\"'" and not part.strip()):
            quote = "" if character == quote else quote or character
        else:
            depth = max(0, depth + (character in "[{(") - (character in "]})"))
        part += character
    yield part.strip()


def apply_filters(rows: Iterable[Row], filters: Iterable[Filter], catalog: Catalog) -> list[Row]:
    """Return the rows that meet all filters.

    Raises:
        UsageError: A key is unknown or ambiguous, or a value cannot be compared with what is there.
    """
    kept = list(rows)
    for condition in filters:
        column = catalog.find(condition.key)
        test = _compile(condition, column, kept)
        kept = [row for row in kept if test(column.read(row))]
    return kept


def _compile(condition: Filter, column: Column, rows: Sequence[Row]) -> Test:
    is_moment = column.kind == "fact" and column.key in MOMENTS
    if condition.operator in _ORDERS:
        return _order_moments(condition) if is_moment else _order_values(condition, column, rows)
    if column.kind != "fact":
        tests = [_equal_values(value) for value in condition.values]
    elif is_moment:
        tests = [_equal_moments(value) for value in condition.values]
    else:
        tests = [_equal_facts(condition, column.key, value) for value in condition.values]
    if condition.operator == "!=":
        return lambda value: not any(test(value) for test in tests)
    return lambda value: any(test(value) for test in tests)


def _order_values(condition: Filter, column: Column, rows: Sequence[Row]) -> Test:
    """Return a comparison of numbers with a number, or of texts with a text; what is of the other kind fails it."""
    compare, limit = _ORDERS[condition.operator], _read_typed(condition.values[0])
    if is_number(limit):
        return lambda value: is_number(value) and compare(value, limit)
    text, present = condition.values[0], [value for row in rows if (value := column.read(row)) is not MISSING]
    if present and not any(isinstance(value, str) for value in present):
        example = format_value(present[0])
        raise UsageError(
            f"Filter {condition.text!r} compares with {text!r}, but {condition.key} is no text (it is {example}, for "
            f"example): write a number."
        )
    return lambda value: isinstance(value, str) and compare(value, _unquote(text))


def _order_moments(condition: Filter) -> Test:
    compare = _ORDERS[condition.operator]
    try:
        limit = parse_moment(condition.values[0])
    except ValueError:
        today = f"{dt.datetime.now().astimezone():%Y-%m-%d}"
        raise UsageError(
            f"Filter {condition.text!r} compares with {condition.values[0]!r}, which is no date: write "
            f"'{condition.key}{condition.operator}{today}', or with a time of day, "
            f"'{condition.key}{condition.operator}{today} 08:30'."
        ) from None
    return lambda value: (moment := _read_moment(value)) is not None and compare(moment, limit)


def _equal_moments(text: str) -> Test:
    beginning = text.replace("T", " ")
    if not text:
        return _equal_values(text)
    return lambda value: (moment := _read_moment(value)) is not None and str(moment).startswith(beginning)


def _read_moment(value: Any) -> dt.datetime | None:
    try:
        return parse_moment(value)
    except (TypeError, ValueError):
        return None


def _equal_facts(condition: Filter, name: str, text: str) -> Test:
    if name == "status" and text not in STATUSES:
        near = name_nearest(text, STATUSES)
        hint = f"did you mean {near}?" if near else f"it is one of {', '.join(STATUSES)}."
        raise UsageError(f"Filter {condition.text!r} asks for the status {text!r}, which does not exist: {hint}")
    if name in _BEGINNINGS and text:
        return lambda value: isinstance(value, str) and value.startswith(text.lower())
    return _equal_values(text)


def _equal_values(text: str) -> Test:
    """Return the test whether a value is the one that was typed: as a number, or as the text that a table shows."""
    if not text:
        return lambda value: value is MISSING or value == ""
    if (quoted := _unquote(text)) != text:
        return lambda value: isinstance(value, str) and value == quoted
    typed = _read_typed(text)
    bare = re.sub(r"\s", "", text)

    def test(value: Any) -> bool:
        if is_number(typed) and is_number(value):
            return bool(value == typed)
        if isinstance(value, bool):
            return value is typed
        if isinstance(value, list | dict):
            return re.sub(r"\s", "", format_value(value)) == bare
        return format_value(value) == text

    return test


def _read_typed(text: str) -> Any:
    try:
        return read_scalar(text)
    except ValueError:
        return text


def _unquote(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
