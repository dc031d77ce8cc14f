r"""Expressions: the conditions of filters, `--where`, `--exclude` and `--stop-if`, parsed and never `eval`ed.

pairs      = either { "," either }                                                    C=1,gamma=0.1: both
either     = both { "or" both }
both       = negation { "and" negation }
negation   = "not" negation | comparison
comparison = key ( "=" | "!=" ) [ value { "," value } ]                               model=svm,res*
           | sum { ( "==" | "!=" | "<" | "<=" | ">" | ">=" | [ "not" ] "in" | "is" [ "not" ] ) sum }   0 < lr <= 0.1
sum        = product { ( "+" | "-" ) product }
product    = sign { ( "*" | "/" | "//" | "%" ) sign }
sign       = ( "+" | "-" ) sign | power
power      = atom [ "**" sign ]
atom       = number | text | true | false | null | inf | nan | key | list | "(" either ")"
list       = "[" [ either { "," either } ] "]"
key        = name { "." name } [ "@" name ] | "key(" text ")" | function "(" either ")"     key("db@backup")
function   = "isnan" | "isinf" | "isfinite"

A text is in single or double quotes. A single word right of a comparison, or in a list, is a key where there is one of
that name, and else a text. After `=` stand values as they are typed in an override, up to `and`, `or` or a closing
bracket. In texts right of `=`, `==`, `!=` and `in`, `*` and `?` are wild.

In a sweep a key is one of the flat config, or a group, of which the value is the option that is chosen. A key that a
point does not have is null (see `mag.config.conditions.operations`); `and`, `or` and `not` take null, false, 0, "" and
[] for false. `is` is `==`, except that nan is nan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mag.config.conditions.operations import Pattern, contains, is_equal, is_nan, precedes
from mag.config.conditions.reader import NOTHING, ConditionReader, Find, Node, Vocabulary, is_wild
from mag.config.conditions.tokens import Token, is_literal, refuse_expression
from mag.config.conditions.values import Period, parse_period, read_tests, split_commas
from mag.config.language.lexer import QUOTED
from mag.errors import SpaceError
from mag.patterns import compile_lazily
from mag.suggestion import name_nearest

_EQUALITIES = frozenset({"==", "!=", "is", "is not"})
_ORDERS = frozenset({"<", "<=", ">", ">="})
_COMPARISONS = ("==", "!=", *_ORDERS, "in", "not", "is")
_PAIR = compile_lazily(r"""\s*[^\s=<>!()\[\],'"]+\s*!?=(?!=)""")
_JOINT = compile_lazily(r"\s(?:and|or)(?=\s|\Z)")


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition over the keys of one point.

    Attributes:
        text: What was typed.
        keys: The keys in it, each once.
        evaluate: Returns its value, given a function that finds the value of a key.
        parts: What `or` joins in it: it holds if one of them does; only itself is in none.
        words: What are keys in it where there are such keys, and else texts.
    """

    text: str
    keys: tuple[str, ...]
    evaluate: Callable[[Find], Any]
    parts: tuple["Expression", ...] = ()
    words: tuple[str, ...] = ()


def parse_expression(text: str, vocabulary: Vocabulary = NOTHING) -> Expression:
    """Return the condition that a text states.

    Raises:
        SpaceError: It cannot be read; the message says where and why.

    >>> parse_expression("0 < C <= 10 and not a.b and model=s*").evaluate({"C": 10, "model": "svm"}.get)
    True
    """
    return _Parser(text, vocabulary).parse()


class _Parser(ConditionReader):
    """Reads one expression from left to right."""

    def parse(self) -> Expression:
        """Return the expression that the text means."""
        if not self._text.strip():
            raise SpaceError(f"the condition {self._text!r} is empty; write one as in C > 1")
        found = [self._alternatives()]
        while self._next.text == "," and _PAIR.match(self._text, self._next.end):
            self._read(self._next.end)
            found.append(self._alternatives())
        if self._next.kind != "end":
            self._fail_unexpected()
        if len(found) == 1:
            return found[0]
        if not all(each.keys for each in found):
            self._fail("a comma joins conditions such as C=1,gamma=0.1", self._next)
        self._refuse_twice([key for each in found for key in each.keys])
        return _join(self._text, found, lambda find: all(each.evaluate(find) for each in found), ())

    def _refuse_twice(self, keys: list[str]) -> None:
        for key in keys:
            if keys.count(key) > 1:
                raise SpaceError(f"{self._text!r}: {key} stands twice; several of its values are written {key}=a,b")

    def _alternatives(self) -> Expression:
        parts = [self._part()]
        while self._accept("or"):
            parts.append(self._part())
        return _join(self._text, parts, lambda find: _hold_any(parts, find), tuple(parts))

    def _part(self) -> Expression:
        start = self._next.position
        self._keys, self._words = {}, {}
        node = self._both()
        text = self._text[start : self._next.position].strip()
        return Expression(text, tuple(self._keys), node, words=tuple(self._words))

    def _either(self) -> Node:
        nodes = [self._both()]
        while self._accept("or"):
            nodes.append(self._both())
        return nodes[0] if len(nodes) == 1 else lambda find: any(node(find) for node in nodes)

    def _both(self) -> Node:
        nodes = [self._negation()]
        while self._accept("and"):
            nodes.append(self._negation())
        return nodes[0] if len(nodes) == 1 else lambda find: all(node(find) for node in nodes)

    def _negation(self) -> Node:
        if not self._accept("not"):
            return self._comparison()
        inner = self._deeper(self._negation)
        return lambda find: not inner(find)

    def _comparison(self) -> Node:
        start = self._next
        first = self._sum()
        key = self._name_alone(start)
        if key is not None and self._next.text == "=":
            return self._short(key, self._next)
        if key in self._vocabulary.dates and self._next.text in {"==", "!=", *_ORDERS}:
            return self._short(key, self._next)
        if key is not None and self._next.text == "!=" and (node := self._try_values(key, self._next)):
            return node
        steps: list[tuple[str, Node]] = []
        while name := self._accept(*_COMPARISONS):
            steps.append(self._read_step(name, key))
        if self._next.text == "=":
            self._fail("'=' stands behind a key, to compare what is calculated write ==", self._next)
        return (lambda find: _hold_chain(first, steps, find)) if steps else first

    def _read_step(self, name: str, key: str | None) -> tuple[str, Node]:
        if name == "not":
            if not self._accept("in"):
                self._fail_unexpected()
            name = "not in"
        if name == "is" and self._accept("not"):
            name = "is not"
        if name in {"==", "!="} and is_nan(self._next.value):
            self._fail(f"nothing equals nan: write {'is nan' if name == '==' else 'is not nan'}", self._next)
        return name, self._operand(name, key)

    def _operand(self, name: str, key: str | None) -> Node:
        """Return what stands right of a comparison: a text may be wild, a single word may be a text."""
        token = self._next
        known = dict(self._keys)
        node = self._sum()
        is_single = self._next.position >= token.end and not self._text[token.end : self._next.position].strip()
        if not is_single or token.kind not in {"key", "value"}:
            return node
        text = token.value if token.kind == "value" else token.text
        if isinstance(text, str) and name in {"==", "!="} and (reason := self._miss_option(key, text)):
            self._fail(reason, token)
        if isinstance(text, str) and key in self._vocabulary.options:
            self._keys = known
            return lambda _: Pattern(text) if is_wild(text) else text
        if token.kind == "key" and (name in _EQUALITIES or (name in _ORDERS and self._vocabulary is not NOTHING)):
            self._keys = known
            return self._word(token.text)
        return (lambda _: Pattern(text)) if is_wild(text) and name in _EQUALITIES else node

    def _name_alone(self, start: Token) -> str | None:
        """Return the key that was just read, if it was one and nothing else."""
        between = self._text[start.end : self._next.position]
        if start.kind == "key" and not between.strip():
            return start.text
        is_named = start.text == "key" and between.lstrip().startswith("(")
        return next(reversed(self._keys), None) if is_named else None

    def _short(self, key: str, operator: Token) -> Node:
        """Return the condition of a key and values that stand behind `=` or another comparison as they are typed."""
        end = _find_end(self._text, operator.end)
        text = self._text[operator.end : end].strip()
        name = "==" if operator.text == "=" else operator.text
        if text.startswith((">", "<")) and operator.text == "=":
            self._fail(f"did you mean {key}{text[0]}={text[1:].lstrip()}?", operator)
        try:
            node = self._date(key, name, text) if key in self._vocabulary.dates else self._values(key, name, text)
        except SpaceError as error:
            raise refuse_expression(self._text, operator.position, str(error)) from None
        self._read(end)
        return node

    def _try_values(self, key: str, operator: Token) -> Node | None:
        """Return the condition `KEY!=a,b` where what stands behind `!=` is no expression of known keys."""
        if is_literal(self._text[operator.end : _find_end(self._text, operator.end)].strip()):
            return self._short(key, operator)
        keys, words, known, depth = dict(self._keys), dict(self._words), self._vocabulary.knows, self._depth
        try:
            self._step()
            self._operand("!=", key)
            new = [each for each in self._keys if each not in keys]
            is_whole = self._next.kind == "end" or self._next.text in {"and", "or", ")", "]", *_COMPARISONS}
            is_expression = is_whole and (self._vocabulary is NOTHING or all(map(known, new)))
        except SpaceError:
            if "(" in self._text[operator.end : _find_end(self._text, operator.end)]:
                raise
            is_expression = False
        self._keys, self._words, self._next, self._depth = keys, words, operator, depth
        return None if is_expression else self._short(key, operator)

    def _values(self, key: str, name: str, text: str) -> Node:
        for part in split_commas(text):
            if reason := self._miss_option(key, part.strip()):
                raise SpaceError(reason)
        tests = read_tests(text)
        if name == "!=":
            return lambda find: not any(test(find(key)) for test in tests)
        return lambda find: any(test(find(key)) for test in tests)

    def _date(self, key: str, name: str, text: str) -> Node:
        parts = [part.strip() for part in split_commas(text)] if name in {"==", "!="} else [text]
        periods: list[Period | None] = [parse_period(part.strip("\"'")) if part else None for part in parts]
        if name in _ORDERS:
            return lambda find: precedes(name, find(key), periods[0])
        return lambda find: any(is_equal(find(key), period) for period in periods) is (name == "==")

    def _miss_option(self, key: str | None, text: str) -> str | None:
        """Return why a text cannot be a value of a key that has only certain ones."""
        options = self._vocabulary.options.get(key or "")
        if options is None or not text or is_wild(text) or text.strip("\"'") in options:
            return None
        near = name_nearest(text, options)
        hint = f"did you mean {near}?" if near else f"it is one of {', '.join(options)}"
        return f"there is no {key} {text!r}: {hint}"


def _join(
    text: str, parts: list[Expression], evaluate: Callable[[Find], Any], shown: tuple[Expression, ...]
) -> Expression:
    keys = dict.fromkeys(key for part in parts for key in part.keys)
    words = dict.fromkeys(word for part in parts for word in part.words)
    return Expression(text, tuple(keys), evaluate, shown, tuple(words))


def _find_end(text: str, start: int) -> int:
    """Return where the values that begin at a place end: at `and`, `or`, a closing bracket, or another key's pair."""
    position, depth = start, 0
    while position < len(text):
        if (quoted := QUOTED.match(text, position)) or (not depth and _JOINT.match(text, position)):
            if not quoted:
                return position
            position = quoted.end()
            continue
        character = text[position]
        if (character in ")]}" and not depth) or (character == "," and not depth and _PAIR.match(text, position + 1)):
            return position
        depth += (character in "([{") - (character in ")]}")
        position += 1 + (character == "\\")
    return min(position, len(text))


def _hold_any(parts: list[Expression], find: Find) -> Any:
    return parts[0].evaluate(find) if len(parts) == 1 else any(part.evaluate(find) for part in parts)


def _hold_chain(first: Node, steps: list[tuple[str, Node]], find: Find) -> bool:
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
        return (is_equal(left, right) or (is_nan(left) and is_nan(right))) is (name == "is")
    return is_equal(left, right) is (name == "==")
