"""The reader: goes through a condition word by word, and knows what calculates."""

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol, TypeAlias

from mag.config.conditions.operations import TESTS, Pattern, calculate, check_number
from mag.config.conditions.tokens import Token, read_token, refuse_expression, skip_blanks
from mag.config.flat import read_key
from mag.patterns import compile_lazily


class Find(Protocol):
    """Returns the value of a key; None, or what else is to stand for it, where there is none."""

    def __call__(self, key: str, default: Any = None, /) -> Any:
        """Return the value of a key."""
        ...


Node: TypeAlias = Callable[[Find], Any]

_DEEPEST = 50
_RAW_KEY = compile_lazily(r"""[^\s=<>!()\[\],'"+~*/%-][^\s=<>!()\[\],'"]*""")
_EQUAL = compile_lazily(r"\s*=(?!=)")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is known of the keys that a condition may name.

    Attributes:
        knows: Tells whether there is a key of that name.
        dates: The keys whose values are dates.
        options: The keys that have only certain values.
    """

    knows: Callable[[str], bool] = lambda _: False
    dates: frozenset[str] = frozenset()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NOTHING = Vocabulary()
"""Of which nothing is known."""


class ConditionReader(abc.ABC):
    """Reads sums and what is in them; `_next` is the next token."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._text = text
        self._vocabulary = vocabulary
        self._depth = 0
        self._keys: dict[str, None] = {}
        self._words: dict[str, None] = {}
        self._read(0)

    @abc.abstractmethod
    def _either(self) -> Node: ...

    def _read(self, position: int) -> None:
        """Read the next token; a known key of unusual characters is one."""
        start = skip_blanks(self._text, position)
        raw = _RAW_KEY.match(self._text, start)
        is_key = raw and raw[0] not in {"and", "or", "not"} and self._names_key(raw[0], raw.end())
        if raw and is_key:
            self._next = Token("key", raw[0], start)
        else:
            self._next = read_token(self._text, position)

    def _names_key(self, word: str, end: int) -> bool:
        """Tell whether a word is a key; what reads as a number is one only before `=`, for `C > 1` means the number."""
        if _EQUAL.match(self._text, end) is not None:
            return True
        return isinstance(read_key(word), str) and self._vocabulary.knows(word)

    def _step(self) -> Token:
        token = self._next
        self._read(token.end)
        return token

    def _accept(self, *marks: str) -> str | None:
        """Step over the next token and return its text, if it is one of the marks."""
        if self._next.kind != "mark" or self._next.text not in marks:
            return None
        return self._step().text

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail(f"it is nested more than {_DEEPEST} deep", self._next)
        node = read()
        self._depth -= 1
        return node

    def _calculation(self, read: Callable[[], Node], *names: str) -> Node:
        first = read()
        steps: list[tuple[str, Node]] = []
        while name := self._accept(*names):
            steps.append((name, read()))
        return (lambda find: _calculate_chain(first, steps, find)) if steps else first

    def _sum(self) -> Node:
        return self._calculation(self._product, "+", "-")

    def _product(self) -> Node:
        return self._calculation(self._sign, "*", "/", "//", "%")

    def _sign(self) -> Node:
        name = self._accept("+", "-")
        if name is None:
            return self._power()
        value = self._deeper(self._sign)
        return lambda find: calculate(name, 0, value(find))

    def _power(self) -> Node:
        base = self._atom()
        if not self._accept("**"):
            return base
        exponent = self._deeper(self._sign)
        return lambda find: calculate("**", base(find), exponent(find))

    def _atom(self) -> Node:
        if self._accept("("):
            node = self._deeper(self._either)
            self._close(")")
            return node
        if self._accept("["):
            return self._list()
        token = self._next
        if token.kind not in {"value", "key"}:
            self._fail_unexpected()
        self._step()
        return self._key(token) if token.kind == "key" else lambda _: token.value

    def _list(self) -> Node:
        items: list[Node] = []
        while not self._accept("]"):
            if items and not self._accept(","):
                self._close("]")
            items.append(self._deeper(self._item))
        return lambda find: [item(find) for item in items]

    def _item(self) -> Node:
        """Return an item of a list: a text may be wild, a single word may be a text."""
        token, known = self._next, dict(self._keys)
        node = self._either()
        if self._text[token.end : self._next.position].strip() or token.kind not in {"key", "value"}:
            return node
        if token.kind == "key":
            self._keys = known
            return self._word(token.text)
        return (lambda _: Pattern(token.value)) if is_wild(token.value) else node

    def _word(self, text: str) -> Node:
        if self._vocabulary.knows(text):
            self._keys[text] = None
            return lambda find: find(text)
        self._words[text] = None
        return lambda find: find(text, text)

    def _key(self, token: Token) -> Node:
        key = token.text
        if self._accept("("):
            if key in TESTS:
                return self._test(key)
            if key != "key" or not isinstance(self._next.value, str):
                known = f'{", ".join(TESTS)}, and key("...") for a key of unusual characters'
                self._fail(f"there is no function {key}() of that, only {known}", token)
            key = self._step().value
            self._close(")")
        self._keys[key] = None
        return lambda find: find(key)

    def _test(self, name: str) -> Node:
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


def is_wild(text: Any) -> bool:
    """Tell whether something is a text with `*` or `?` in it."""
    return isinstance(text, str) and ("*" in text or "?" in text)


def _calculate_chain(first: Node, steps: list[tuple[str, Node]], find: Find) -> Any:
    value = first(find)
    for name, node in steps:
        value = calculate(name, value, node(find))
    return value
