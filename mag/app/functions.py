"""Functions that no commit holds, in a notebook for example: a digest of the source shows edits."""

import functools
import hashlib
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any


def digest_function(function: Any) -> str | None:
    """Return a digest of a function's source and that of the functions of its module that it uses; None of no function.

    >>> digest_function(lambda x: x) == digest_function(lambda x: x), digest_function(print)
    (True, None)
    """
    while isinstance(function, functools.partial):
        function = function.func
    if not isinstance(function, FunctionType):
        return None
    found: dict[int, str] = {}
    waiting = [function]
    while waiting:
        one = waiting.pop()
        if id(one) not in found:
            found[id(one)] = _read_source(one)
            waiting += _list_used(one)
    return hashlib.sha256("\0".join(sorted(found.values())).encode()).hexdigest()


def _list_used(function: FunctionType) -> Iterator[FunctionType]:
    """Yield the functions, and the methods of classes, of the same module that a function names."""
    for name in dict.fromkeys(_list_names(function.__code__)):
        value = function.__globals__.get(name)
        members = list(vars(value).values()) if isinstance(value, type) else [value]
        for each in members:
            if isinstance(each, FunctionType) and each.__module__ == function.__module__:
                yield each


def _list_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_names(constant)


def _read_source(function: FunctionType) -> str:
    """Return the source of a function; where nothing has it, what it was compiled to."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return _write_code(function.__code__)


def _write_code(code: CodeType) -> str:
    constants = [_write_code(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {constants}"
