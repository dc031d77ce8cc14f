"""Signatures: how the user's function is to be called, asked once, before anything is started."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Literal

from mag.errors import UsageError
from mag.run.tasks import Function

Calling = Literal["config", "second", "named"]
"""Whether a function takes the config alone, the experiment as its second argument, or by the name `experiment`."""

_EXAMPLE = "write `def train(config):` or `def train(config, experiment):`"


@functools.cache  # asked before the fork, and answered in every child
def read_calling(function: Function) -> Calling:
    """Return how a function takes the experiment.

    Raises:
        UsageError: It cannot be called with a config and an experiment, or a call would do nothing.

    >>> read_calling(lambda config: 0), read_calling(lambda config, experiment: 0)
    ('config', 'second')
    """
    for is_other, what in _OTHERS:
        if is_other(function) or is_other(getattr(function, "__call__", None)):  # noqa: B004  (an object with a call)
            raise UsageError(f"{_locate(function)} is {what}, and mag calls plain functions: {_EXAMPLE}.")
    try:
        signature = inspect.signature(function)
    except ValueError:  # of some that are written in C
        return "config"
    calling = _choose_calling(signature)
    arguments = (None, None) if calling == "second" else (None,)
    try:
        signature.bind(*arguments, **({"experiment": None} if calling == "named" else {}))
    except TypeError as error:
        raise UsageError(
            f"{_locate(function)} takes {signature}, and mag calls it with the config and, if it has a second "
            f"parameter, the experiment ({error}): {_EXAMPLE}."
        ) from error
    return calling


_OTHERS: tuple[tuple[Callable[[object], bool], str], ...] = (
    (inspect.iscoroutinefunction, "an `async def`"),
    (inspect.isasyncgenfunction, "an `async def`"),
    (inspect.isgeneratorfunction, "a generator (it has a `yield`)"),
)


def _choose_calling(signature: inspect.Signature) -> Calling:
    parameters = signature.parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) > 1 or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return "second"
    named = signature.parameters.get("experiment")
    return "named" if named is not None and named.kind is named.KEYWORD_ONLY else "config"


def _locate(function: Any) -> str:
    """Return what a function is called, and where it is."""
    name = getattr(function, "__qualname__", repr(function))
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name
