"""What ended an experiment, as text without secrets: exception objects never leave the process that raised them."""

import dataclasses
import json
import os
import re
import traceback
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mag.config.secrets import MASK, find_values, is_secret, mask_urls
from mag.errors import ProgramError
from mag.record.records import Status

_SHORT = 4  # so short a text is part of many others: it is redacted where it stands alone
_SHORTEST_VARIABLE = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Redaction:
    """What is secret in one experiment.

    Attributes:
        values: The secret texts.
        patterns: More key patterns that count as secret.
    """

    values: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, config: Mapping[str, Any], patterns: Sequence[str] = (), variables: frozenset[str] | None = None
    ) -> Self:
        """Return what is secret in a config and in the environment."""
        if variables is None:
            variables = find_secret_variables(patterns)
        return cls(frozenset(find_values(config, patterns)) | variables, tuple(patterns))

    def redact(self, text: str) -> str:
        """Return a text with `***` for every secret value in it.

        >>> Redaction(frozenset({"hunter2"})).redact("login as me:hunter2 failed")
        'login as me:*** failed'
        """
        text = mask_urls(text)
        for form in _list_forms(self.values):
            if len(form) >= _SHORT:
                text = text.replace(form, MASK)
            elif form in text:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", MASK, text)
        return text

    def redact_result(self, name: str, value: Any) -> Any:
        """Return a result, encoded already, without secrets: texts whose name looks secret, and secrets in texts.

        >>> Redaction(frozenset({"hunter2"})).redact_result("best", {"api_key": "x", "max_token": 3, "url": "hunter2!"})
        {'api_key': '***', 'max_token': 3, 'url': '***!'}
        """
        if isinstance(value, str):
            return MASK if value and is_secret(name, self.patterns) else self.redact(value)
        if isinstance(value, dict):
            return {self.redact(key): self.redact_result(f"{name}.{key}", item) for key, item in value.items()}
        return [self.redact_result(name, item) for item in value] if isinstance(value, list) else value


def find_secret_variables(patterns: Sequence[str] = ()) -> frozenset[str]:
    """Return the values of the environment variables whose names look secret, except for paths that exist."""
    return frozenset(
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST_VARIABLE and is_secret(name, patterns) and not os.path.exists(value)
    )


NOTHING = Redaction()
"""Nothing is secret."""


@lru_cache(maxsize=8)  # a result may have thousands of texts
def _list_forms(values: frozenset[str]) -> list[str]:
    return sorted({form for value in values for form in _spell(value)}, key=len, reverse=True)


def _spell(value: str) -> set[str]:
    """Return a secret as it may stand in a message: as it is, and inside quotes of Python and of JSON."""
    return {form for form in (value, repr(value)[1:-1], json.dumps(value)[1:-1], value.strip()) if form}


_LONGEST = 2_000


def judge(error: BaseException) -> Status:
    """Return the status of an experiment that `error` ended.

    Even `sys.exit(0)` is a failure: `completed` is for a run that returned.
    """
    if isinstance(error, ProgramError) and error.signal is not None:
        return "killed"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"


def describe_exception(error: BaseException, redaction: Redaction) -> dict[str, Any]:
    """Return type, message and place of an exception."""
    return {
        "type": type(error).__qualname__,
        "message": redaction.redact(_message(error))[:_LONGEST],
        "where": None if isinstance(error, ProgramError) else _place(error.__traceback__),
    }


def format_traceback(error: BaseException, redaction: Redaction) -> str:
    """Return what Python would print of an exception that nobody caught; of a program's failure, how it ended."""
    if isinstance(error, ProgramError):
        return redaction.redact(f"mag: {error}\n")
    return redaction.redact("".join(traceback.format_exception(type(error), error, _skip_own(error.__traceback__))))


def _skip_own(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames of mag's own that lead to the user's function."""
    own, first = str(Path(__file__).parent.parent) + os.sep, trace
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(own):
        trace = trace.tb_next
    return first if trace is None else trace


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"sys.exit({error.code!r}) was called before the experiment returned"
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (the user's own __str__ may do anything)
        return "(its message cannot be shown)"


def _place(trace: TracebackType | None) -> str | None:
    """Return the innermost place that is not mag's own, as `file.py:12 in train`."""
    frames = traceback.extract_tb(trace)
    own = str(Path(__file__).parent.parent)
    theirs = [frame for frame in frames if not frame.filename.startswith(own)] or frames
    if not theirs:
        return None
    frame = theirs[-1]
    return f"{frame.filename}:{frame.lineno} in {frame.name}"
