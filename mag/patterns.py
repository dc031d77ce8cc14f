"""Patterns: regular expressions that are compiled when they are first used.

Start-up is a feature: a command needs few of the expressions that its modules hold, and compiling one takes as long as
reading a small file.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any, AnyStr, Generic, cast

_compile = re.compile


class _Pattern(Generic[AnyStr]):
    """Stands for a compiled expression, and takes its methods over one by one, so that each is looked up once."""

    def __init__(self, pattern: AnyStr, flags: int) -> None:
        self.pattern: AnyStr = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        method = getattr(_compile(self.pattern, self._flags), name)
        setattr(self, name, method)
        return method


def compile_lazily(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return a regular expression that is compiled when it is first used.

    >>> compile_lazily("[a-z]+").fullmatch("mag")
    <re.Match object; span=(0, 3), match='mag'>
    """
    return cast("re.Pattern[AnyStr]", _Pattern(pattern, flags))


@contextlib.contextmanager
def compiling_lazily() -> Iterator[None]:
    """Let what is imported meanwhile compile its expressions when they are first used.

    A tenth of a short command would go into those of PyYAML's reader in Python, which its parser in C has no use for.
    For processes that end without having run any code but that of mag and its libraries: others may want to see
    that an expression is a `re.Pattern`.
    """
    re.compile = compile_lazily  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = _compile
