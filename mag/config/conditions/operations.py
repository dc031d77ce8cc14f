"""Operations: what comparing and calculating means in a condition.

Values are those of a config. Null stands for what is not there: it equals only null, an order (`<`) with it
does not hold, and a calculation with it is null. Numbers compare by value (`1 == 1.0`), but no number is a boolean.
"""

import abc
import math
import operator
import re
from collections.abc import Callable
from typing import Any, Final

from mag.config.language.override import format_value
from mag.errors import OverrideError, SpaceError

MAX_BITS = 4096
"""Larger integers are refused: a typing error must not cost a minute."""


_WILD = {"*": ".*", "?": "."}


class Answer(abc.ABC):
    """A value that decides itself what it agrees with: a date, the beginning of a hash, one of several tags."""

    @abc.abstractmethod
    def agrees(self, other: Any) -> bool:
        """Tell whether a condition that asks for the other value is met."""

    def precedes(self, name: str, other: Any) -> bool:
        """Tell whether it is `<`, `<=`, `>` or `>=` the other value.

        Raises:
            SpaceError: There is no order.
        """
        raise SpaceError(f"{self} and {_show(other)} cannot be ordered, so {name} cannot compare them")


class Pattern(Answer):
    r"""A text in which `*` stands for any characters and `?` for one; `\*` and `\?` are themselves.

    >>> Pattern("res*").agrees("resnet"), Pattern("1?").agrees(10), Pattern("a*").agrees(None)
    (True, True, False)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        parts = re.split(r"(\\[*?]|[*?])", text)
        self.expression = re.compile("".join(_WILD.get(p) or re.escape(p.removeprefix("\\")) for p in parts), re.DOTALL)

    def __repr__(self) -> str:
        return repr(self.text)

    def agrees(self, other: Any) -> bool:
        """Tell whether it describes a value as it is written."""
        if isinstance(other, Answer):
            return other.agrees(self)
        if isinstance(other, list | dict) or other is None:
            return False
        return self.expression.fullmatch(_write(other)) is not None


def is_equal(left: Any, right: Any) -> bool:
    """Tell whether two values are equal, of a kind; lists and dicts item by item.

    >>> is_equal(1, 1.0), is_equal(1, True), is_equal([1, "a"], [1.0, "a"]), is_equal(None, 0)
    (True, False, True, False)
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right if not isinstance(right, Pattern) else right.agrees(left)
    if isinstance(right, Answer):
        return right.agrees(left)
    if isinstance(left, Answer):
        return left.agrees(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_equal(left[key], right[key]) for key in left)
    return bool(left == right)


def is_nan(value: Any) -> bool:
    """Tell whether a value is the float that is no number."""
    return isinstance(value, float) and math.isnan(value)


def check_number(name: str, value: Any) -> bool | None:
    """Tell what `isnan`, `isinf` or `isfinite` says of a number; null of null.

    Raises:
        SpaceError: The value is no number.

    >>> check_number("isfinite", 1), check_number("isnan", float("nan")), check_number("isinf", None)
    (True, True, None)
    """
    if value is None:
        return None
    if not _is_number(value):
        raise SpaceError(f"{_show(value)} is no number, so {name}() cannot be calculated")
    return TESTS[name](value) if isinstance(value, float) else name == "isfinite"  # an integer may be too large


def contains(holder: Any, member: Any) -> bool:
    """Tell whether a list holds a value, or a text another one; null holds nothing.

    Raises:
        SpaceError: The holder is of another kind, or is a text and the member is none.

    >>> contains([1, 2], 1.0), contains("adamw", "adam"), contains(None, 1)
    (True, True, False)
    """
    if holder is None:
        return False
    if isinstance(holder, list):
        return any(is_equal(item, member) for item in holder)
    if isinstance(holder, str) and (member is None or isinstance(member, str)):
        return member is not None and member in holder
    raise SpaceError(f"{_show(member)} cannot be looked for in {_show(holder)}, write a list as in [1, 2]")


def precedes(name: str, left: Any, right: Any) -> bool:
    """Tell whether two numbers, or two texts, stand in the order `<`, `<=`, `>` or `>=`.

    Raises:
        SpaceError: They are of different kinds, or of one that has no order.

    >>> precedes("<", 1, 1.5), precedes(">=", "b", "a"), precedes("<", None, 1)
    (True, True, False)
    """
    if left is None or right is None:
        return False
    if isinstance(left, Answer):
        return left.precedes(name, right)
    if (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
        return bool(_ORDERS[name](left, right))
    raise SpaceError(f"{_show(left)} and {_show(right)} cannot be ordered: only two numbers or two texts can")


def calculate(name: str, left: Any, right: Any) -> Any:
    """Return what `+ - * / // % **` makes of two numbers; null if one of them is null.

    Raises:
        SpaceError: One is no number, a division is by zero, or the result is no number that can be had.

    >>> calculate("**", 2, 10), calculate("/", 1, 4), calculate("+", None, 1)
    (1024, 0.25, None)
    """
    if left is None or right is None:
        return None
    for value in (left, right):
        if not _is_number(value):
            raise SpaceError(f"{_show(value)} is no number to calculate with")
    if name == "**" and isinstance(left, int) and isinstance(right, int):
        _check_size(abs(right) * left.bit_length())
    try:
        result = _CALCULATIONS[name](left, right)
    except ZeroDivisionError:
        raise SpaceError(f"{_show(left)} {name} {_show(right)} divides by zero") from None
    except OverflowError:
        raise SpaceError(f"{_show(left)} {name} {_show(right)} is too large") from None
    if isinstance(result, complex):
        raise SpaceError(f"{_show(left)} ** {_show(right)} is no real number")
    if isinstance(result, int):
        _check_size(result.bit_length())
    return result


def _check_size(bits: int) -> None:
    if bits > MAX_BITS:
        raise SpaceError("an integer in it becomes too large")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _write(value: Any) -> str:
    return value if isinstance(value, str) else format_value(value)


def _show(value: Any) -> str:
    try:
        return f"{value!r:.60}" if isinstance(value, str) else f"{format_value(value):.60}"
    except OverrideError:  # of a kind that configs do not have
        return f"{value!s:.60}"


_ORDERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CALCULATIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
TESTS: Final[dict[str, Callable[[float], bool]]] = {
    "isnan": math.isnan,
    "isinf": math.isinf,
    "isfinite": math.isfinite,
}
"""The functions of the language, by name."""
