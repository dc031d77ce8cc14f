"""Patterns: regular expressions that are compiled when they are first used.

Start-up is a feature: a command needs few of the expressions that its modules hold, and compiling one takes as long as
reading a small file.
"""

import re
from typing import Any, AnyStr, Generic, cast


class _Pattern(Generic[AnyStr]):
    """Stands for a compiled expression, and takes its methods over one by one, so that each is looked up once."""

    def __init__(self, pattern: AnyStr, flags: int) -> None:
        self.pattern: AnyStr = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        method = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, method)
        return method


def compile_lazily(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return a regular expression that is compiled when it is first used.

    Args:
        pattern: The expression.
        flags: Flags of the module `re`.

    Raises:
        re.error: At its first use, if it cannot be compiled.

    >>> compile_lazily("[a-z]+").fullmatch("mag")
    <re.Match object; span=(0, 3), match='mag'>
    """
    return cast("re.Pattern[AnyStr]", _Pattern(pattern, flags))
