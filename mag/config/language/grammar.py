"""The grammar of the override language; `mag help overrides` shows it on one page."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn, TypeVar

from mag.config.language.advice import explain_character, mend_dicts, refuse_key, refuse_value, write_alternatives
from mag.config.language.calls import Call, holds_sweep
from mag.config.language.functions import evaluate
from mag.config.language.lexer import BLANKS, DICT_WORD, NAME, QUOTED, UNSEEN, WORD, read_word, unquote, write_word
from mag.config.language.override import Choice, Glob, Interval, Operation, Override, format_key
from mag.errors import OverrideError
from mag.patterns import compile_lazily

_T = TypeVar("_T")

_MARKS = re.escape("!\"#%&'()*+,./:;<=>?@[\\]^`{|}~ \t")
_FIRST = rf"[^{_MARKS}{UNSEEN}$-]"
_NAME = rf"{_FIRST}[^{_MARKS}{UNSEEN}$]*+"
_STEP = rf"(?:(?:{_FIRST}|\$|\\[.\\])(?:[^{_MARKS}{UNSEEN}]|\\[.\\])*+|'[^{_MARKS}{UNSEEN}]*')"
_PATH = rf"(?:{_STEP}(?:\.{_STEP})*+)?"
_KEY = compile_lazily(rf"(\+\+?|~)?({_NAME}(?:/{_NAME})++|{_PATH})(?:@({_PATH}))?")
_INDEX = r"(?:0|[1-9](?:_?[0-9])*+)"
_HYDRA_STEP = rf"(?:(?![0-9]){_STEP}|{_INDEX})"
_HYDRA_KEY = compile_lazily(
    rf"(?:(?![0-9]){_NAME}(?:/(?![0-9]){_NAME})++|{_HYDRA_STEP}(?:\.{_HYDRA_STEP})++|(?![0-9]){_STEP})"
)
_DIGITS = compile_lazily(r"(?<![^\W_])[0-9]")
_PLAIN = compile_lazily(r"([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)=([\w./+*%@?|-]+)", re.ASCII)
_ARGUMENT = compile_lazily(rf"({NAME.pattern})[{BLANKS}]*=")
_UNENCODABLE = compile_lazily(r"[\ud800-\udfff]")
_OPERATIONS: Final[dict[str | None, Operation]] = {None: "set", "+": "add", "++": "force", "~": "delete"}
_DEEPEST = 50


def parse_override(text: str) -> Override:
    """Return what an override means, by Hydra's grammar alone.

    Args:
        text: One override as typed, such as `model.C=1,10`.

    Raises:
        OverrideError: It cannot be read; the message says where, why, and what to type instead. A name that begins
            with a digit is refused as well: it takes a config that has such a key, as the commands and `mag.compose`
            have.

    >>> parse_override("model.C=10").value, parse_override("+db@backup=a,b").values
    (10, ('a', 'b'))
    """
    override = read_override(text)
    if override.key and not _HYDRA_KEY.fullmatch(override.key):
        digit = next(found.start() for found in _DIGITS.finditer(text))
        raise OverrideError(
            f"cannot read {text} at column {digit + 1}: a name begins with a digit, as Hydra's names never do; with a "
            "config that has it, the commands and mag.compose take it"
        )
    return override


def read_override(text: str) -> Override:
    """Return what an override of a command means; there, names may begin with a digit.

    Raises:
        OverrideError: It cannot be read; the message says where, why, and what to type instead.

    >>> read_override("2nd_order=false").key
    '2nd_order'
    """
    plain = _PLAIN.fullmatch(text)
    if plain:
        return Override(text, "set", plain[1], value=_read_word(text, plain.start(2), plain[2]))
    if not text.isascii() and (bad := _UNENCODABLE.search(text)):
        raise OverrideError(f"cannot read {text!r} at column {bad.start() + 1}: it is no valid UTF-8")
    match = _KEY.match(text)
    assert match, "each part of the pattern may be missing"
    operation, position = _OPERATIONS[match[1]], match.end()
    if position == len(text) and operation == "delete":
        return Override(text, operation, match[2], match[3], has_value=False)
    if text[position : position + 1] != "=":
        raise refuse_key(text, position)
    value = _Reader(text, position + 1).read_value()
    if isinstance(value, (Choice, Glob, Interval)):
        return Override(text, operation, match[2], match[3], sweep=value)
    return Override(text, operation, match[2], match[3], value)


def parse_overrides(texts: Iterable[str]) -> list[Override]:
    """Return what each of the overrides means, in order.

    Raises:
        OverrideError: One cannot be read.

    >>> [override.key for override in parse_overrides(["a=1", "~b"])]
    ['a', 'b']
    """
    return [read_override(text) for text in texts]


class _Reader:
    """Reads the value of one override, from left to right; `position` is the next character."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.start = start
        self.position = start
        self.open: list[str] = []

    def read_value(self) -> Any:
        """Read the whole value of an override."""
        if not self.text[self.start :].strip(BLANKS):
            return ""
        elements = [self.read_element()]
        while self.accept(","):
            elements.append(self.read_element())
        if self.position < len(self.text):
            self.fail_unexpected()
        if len(elements) == 1 and not isinstance(elements[0], (list, dict)):
            return elements[0]
        if any(map(holds_sweep, elements)):
            self.fail_nested(elements)
        return elements[0] if len(elements) == 1 else Choice(tuple(elements))

    def read_element(self) -> Any:
        """Read one element: a list, a dict, a quoted text, a word or a call."""
        self.skip_blanks()
        opening = self.text[self.position : self.position + 1]
        if opening == "[":
            return self.read_items("]", self.read_element)
        if opening == "{":
            return dict(self.read_items("}", self.read_item))
        if quoted := QUOTED.match(self.text, self.position):
            self.position = quoted.end()
            return unquote(quoted[0])
        return self.read_word_or_call(WORD)

    def read_word_or_call(self, pattern: re.Pattern[str]) -> Any:
        """Read a bare word, or a function call."""
        start = self.position
        word = pattern.match(self.text, start)
        if word is None:
            self.fail_unexpected()
        self.position = word.end()
        if self.text.startswith("(", self.position) and NAME.fullmatch(word[0].rstrip(BLANKS)):
            return self.read_call(word[0].rstrip(BLANKS), start)
        return _read_word(self.text, start, word[0])

    def read_items(self, closing: str, read_item: Callable[[], _T]) -> list[_T]:
        """Read what stands between brackets; `position` is at the opening one."""
        opened = self.position
        self.position += 1
        self.open.append(closing)
        if len(self.open) > _DEEPEST:
            self.fail(f"brackets are nested more than {_DEEPEST} deep", opened)
        items: list[_T] = []
        while not self.accept(closing):
            if items and not self.accept(","):
                self.fail_inside(opened)
            items.append(read_item())
        self.open.pop()
        return items

    def read_item(self) -> tuple[Any, Any]:
        """Read `key: value`; a key that is no bare word is written as a call, `str('...')`."""
        self.skip_blanks()
        start = self.position
        if quoted := QUOTED.match(self.text, start):
            key = format_key(unquote(quoted[0]))
            self.fail(f"a dict's key is not quoted; write {key} in its place{self.advise_dict()}", start)
        key = self.read_word_or_call(DICT_WORD)
        if holds_sweep(key) or isinstance(key, (list, dict)):
            self.fail("the key of a dict must be one plain value", start)
        if not self.accept(":"):
            self.skip_blanks()
            self.fail(f"':' is missing after the key of a dict{self.advise_dict()}", self.position)
        return key, self.read_element()

    def read_call(self, name: str, start: int) -> Any:
        """Read the arguments of a function, and call it."""
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for argument, value in self.read_items(")", self.read_argument):
            if argument is None and named:
                self.fail("a value without a name follows one with a name", start)
            if argument in named:
                self.fail(f"{name}() has two values for {argument!r}", start)
            if argument is None:
                positional.append(value)
            else:
                named[argument] = value
        try:
            return evaluate(Call(name, tuple(positional), named, self.text))
        except OverrideError as error:
            self.fail(str(error), start)

    def read_argument(self) -> tuple[str | None, Any]:
        """Read one argument, with its name if it has one."""
        self.skip_blanks()
        name = _ARGUMENT.match(self.text, self.position)
        if name:
            self.position = name.end()
        return name and name[1], self.read_element()

    def accept(self, mark: str) -> bool:
        """Step over the mark, and blanks before it, if it comes next."""
        start = self.position
        self.skip_blanks()
        if self.text.startswith(mark, self.position):
            self.position += 1
            return True
        self.position = start
        return False

    def skip_blanks(self) -> None:
        """Move past blanks."""
        while self.text.startswith((" ", "\t"), self.position):
            self.position += 1

    def fail(self, reason: str, position: int) -> NoReturn:
        """Raise the error for what stands at a position."""
        raise refuse_value(self.text, self.start, position, reason) from None

    def fail_unexpected(self) -> NoReturn:
        """Refuse what stands at `position`; what is merely too much at the end is left away in the advice."""
        reason = explain_character(self.text, self.position)
        if not self.open and not self.text[self.position :].strip(BLANKS):
            reason += f"; without it type {write_word(self.text.rstrip(BLANKS + ','))}"
        self.fail(reason, self.position)

    def fail_inside(self, opened: int) -> NoReturn:
        """Refuse what stands where the bracket that was opened there must be closed or go on."""
        self.skip_blanks()
        if self.position < len(self.text):
            self.fail_unexpected()
        closed = self.text.rstrip(BLANKS) + "".join(reversed(self.open))
        self.fail(f"{self.text[opened]!r} is never closed; with all brackets closed type {write_word(closed)}", opened)

    def advise_dict(self) -> str:
        """Return the advice to type the dicts as they were probably meant; empty where that could not be read."""
        better = self.text[: self.start] + mend_dicts(self.text[self.start :])
        if better == self.text:
            return ""
        try:
            read_override(better)
        except OverrideError:
            return ""
        return f"; in all type {write_word(better)}"

    def fail_nested(self, elements: list[Any]) -> NoReturn:
        """Raise the error for a sweep inside a value."""
        values = write_alternatives(elements)
        advice = f"; to try each, type {write_word(self.text[: self.start] + values)}" if values else ""
        self.fail(f"a sweep must be the whole value, not a part of it{advice}", self.start)


def _read_word(text: str, position: int, word: str) -> Any:
    try:
        return read_word(word)
    except ValueError:
        raise refuse_value(text, text.index("=") + 1, position, "the integer is too long") from None
