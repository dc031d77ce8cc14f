r"""Expressions: the conditions of `--where` and `--stop-if`, read by a small parser of their own and never `eval`ed.

either     = both { "or" both }
both       = negation { "and" negation }
negation   = "not" negation | comparison
comparison = sum { ( "==" | "!=" | "<" | "<=" | ">" | ">=" | [ "not" ] "in" | "is" [ "not" ] ) sum }   0 < lr <= 0.1
sum        = product { ( "+" | "-" ) product }
product    = sign { ( "*" | "/" | "//" | "%" ) sign }
sign       = ( "+" | "-" ) sign | power
power      = atom [ "**" sign ]
atom       = number | text | true | false | null | inf | nan | key | list | "(" either ")"
list       = "[" [ either { "," either } ] "]"
key        = name { "." name } | "key(" text ")" | function "(" either ")"               key("db@backup")
function   = "isnan" | "isinf" | "isfinite"

A text is in single or double quotes. In a sweep a key is one of the flat config, or a group, of which the value is the
option that is chosen. A key that a point does not have is null (see `mag.config.conditions.operations`); `and`, `or`
and `not` take null, false, 0, "" and [] for false. `is` is `==`, except that nan is nan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from mag.config.conditions.operations import TESTS, calculate, check_number, contains, is_nan, is_same, precedes
from mag.config.conditions.tokens import Token, refuse_expression, split_tokens
from mag.errors import SpaceError

Find: TypeAlias = Callable[[str], Any]
"""Returns the value of a key; None where there is none."""

_Node: TypeAlias = Callable[[Find], Any]

_ORDERS = frozenset({"<", "<=", ">", ">="})
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition over the keys of one point.

    Attributes:
        text: What was typed.
        keys: The keys in it, each once.
        evaluate: Returns its value, given a function that finds the value of a key.
        parts: What `or` joins in it: it holds if one of them does; only itself is in none.
    """

    text: str
    keys: tuple[str, ...]
    evaluate: Callable[[Find], Any]
    parts: tuple["Expression", ...] = ()


def parse_expression(text: str) -> Expression:
    """Return the condition that a text states.

    Raises:
        SpaceError: It cannot be read; the message says where and why.

    >>> parse_expression("0 < C <= 10 and not a.b").evaluate({"C": 10}.get)
    True
    """
    return _Parser(text).parse()


class _Parser:
    """Reads one expression from left to right; `position` is the next token."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(split_tokens(text))
        self._position = 0
        self._depth = 0
        self._keys: dict[str, None] = {}

    def parse(self) -> Expression:
        if not self._text.strip():
            raise SpaceError(f"the condition {self._text!r} is empty; write one as in C > 1")
        parts = [self._part()]
        while self._accept("or"):
            parts.append(self._part())
        if self._next.kind != "end":
            self._fail_unexpected()
        keys = dict.fromkeys(key for part in parts for key in part.keys)
        return Expression(self._text, tuple(keys), lambda find: _hold_any(parts, find), tuple(parts))

    def _part(self) -> Expression:
        start = self._next.position
        self._keys = {}
        node = self._both()
        return Expression(self._text[start : self._next.position].strip(), tuple(self._keys), node)

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _accept(self, *marks: str) -> str | None:
        """Step over the next token and return its text, if it is one of the marks."""
        token = self._next
        if token.kind != "mark" or token.text not in marks:
            return None
        self._position += 1
        return token.text

    def _deeper(self, read: Callable[[], _Node]) -> _Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail(f"it is nested more than {_DEEPEST} deep", self._next)
        node = read()
        self._depth -= 1
        return node

    def _either(self) -> _Node:
        nodes = [self._both()]
        while self._accept("or"):
            nodes.append(self._both())
        return nodes[0] if len(nodes) == 1 else lambda find: any(node(find) for node in nodes)

    def _both(self) -> _Node:
        nodes = [self._negation()]
        while self._accept("and"):
            nodes.append(self._negation())
        return nodes[0] if len(nodes) == 1 else lambda find: all(node(find) for node in nodes)

    def _negation(self) -> _Node:
        if not self._accept("not"):
            return self._comparison()
        inner = self._deeper(self._negation)
        return lambda find: not inner(find)

    def _comparison(self) -> _Node:
        first = self._sum()
        steps: list[tuple[str, _Node]] = []
        while name := self._accept("==", "!=", *_ORDERS, "in", "not", "is"):
            if name == "not":
                if not self._accept("in"):
                    self._fail_unexpected()
                name = "not in"
            if name == "is" and self._accept("not"):
                name = "is not"
            if name in {"==", "!="} and is_nan(self._next.value):
                self._fail(f"nothing equals nan: write {'is nan' if name == '==' else 'is not nan'}", self._next)
            steps.append((name, self._sum()))
        return (lambda find: _hold_chain(first, steps, find)) if steps else first

    def _sum(self) -> _Node:
        return self._calculation(self._product, "+", "-")

    def _product(self) -> _Node:
        return self._calculation(self._sign, "*", "/", "//", "%")

    def _calculation(self, read: Callable[[], _Node], *names: str) -> _Node:
        first = read()
        steps: list[tuple[str, _Node]] = []
        while name := self._accept(*names):
            steps.append((name, read()))
        return (lambda find: _calculate_chain(first, steps, find)) if steps else first

    def _sign(self) -> _Node:
        name = self._accept("+", "-")
        if name is None:
            return self._power()
        value = self._deeper(self._sign)
        return lambda find: calculate(name, 0, value(find))

    def _power(self) -> _Node:
        base = self._atom()
        if not self._accept("**"):
            return base
        exponent = self._deeper(self._sign)
        return lambda find: calculate("**", base(find), exponent(find))

    def _atom(self) -> _Node:
        if self._accept("("):
            node = self._deeper(self._either)
            self._close(")")
            return node
        if self._accept("["):
            return self._list()
        token = self._next
        if token.kind not in {"value", "key"}:
            self._fail_unexpected()
        self._position += 1
        return self._key(token) if token.kind == "key" else lambda _: token.value

    def _list(self) -> _Node:
        items: list[_Node] = []
        while not self._accept("]"):
            if items and not self._accept(","):
                self._close("]")
            items.append(self._deeper(self._either))
        return lambda find: [item(find) for item in items]

    def _key(self, token: Token) -> _Node:
        key = token.text
        if self._accept("("):
            if key in TESTS:
                return self._test(key)
            if key != "key" or not isinstance(self._next.value, str):
                known = f'{", ".join(TESTS)}, and key("...") for a key of unusual characters'
                self._fail(f"there is no function {key}() of that, only {known}", token)
            key = self._next.value
            self._position += 1
            self._close(")")
        self._keys[key] = None
        return lambda find: find(key)

    def _test(self, name: str) -> _Node:
        value = self._deeper(self._either)
        self._close(")")
        return lambda find: check_number(name, value(find))

    def _close(self, mark: str) -> None:
        if self._accept(mark):
            return
        if self._next.kind == "end":
            self._fail(f"{mark!r} is missing at the end", self._next)
        self._fail_unexpected()

    def _fail_unexpected(self) -> NoReturn:
        token = self._next
        if token.kind == "end":
            self._fail("something is missing at the end", token)
        hint = "; a list is written in brackets, as in [1, 2]" if token.text == "," else ""
        self._fail(f"{token.text!r} is not expected here{hint}", token)

    def _fail(self, reason: str, token: Token) -> NoReturn:
        raise refuse_expression(self._text, token.position, reason)


def _hold_any(parts: list[Expression], find: Find) -> Any:
    return parts[0].evaluate(find) if len(parts) == 1 else any(part.evaluate(find) for part in parts)


def _calculate_chain(first: _Node, steps: list[tuple[str, _Node]], find: Find) -> Any:
    value = first(find)
    for name, node in steps:
        value = calculate(name, value, node(find))
    return value


def _hold_chain(first: _Node, steps: list[tuple[str, _Node]], find: Find) -> bool:
    left = first(find)
    for name, node in steps:
        right = node(find)
        if not _compare(name, left, right):
            return False
        left = right
    return True


def _compare(name: str, left: Any, right: Any) -> bool:
    if name in _ORDERS:
        return precedes(name, left, right)
    if name in {"in", "not in"}:
        return contains(right, left) is (name == "in")
    if name in {"is", "is not"}:
        return (is_same(left, right) or (is_nan(left) and is_nan(right))) is (name == "is")
    return is_same(left, right) is (name == "==")
