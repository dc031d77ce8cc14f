"""What ended an experiment, as text: exception objects never leave the process that raised them."""

import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from mag.config.secrets import MASK, mask
from mag.record.records import Status

_LONGEST = 2_000


def judge(error: BaseException) -> Status:
    """Return the status of an experiment that `error` ended.

    Even `sys.exit(0)` is a failure: `completed` is for a run that returned.
    """
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"


def describe_exception(error: BaseException, *, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """Return type, message and place of an exception.

    Args:
        error: The exception, with its traceback.
        secrets: Values to be left out of the message.
    """
    return {
        "type": type(error).__qualname__,
        "message": redact(_message(error), secrets)[:_LONGEST],
        "where": _place(error.__traceback__),
    }


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


def redact(text: str, secrets: Sequence[str]) -> str:
    """Return `text` with every secret value replaced by `***`.

    >>> redact("login failed for hunter2", ["hunter2"])
    'login failed for ***'
    """
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def find_secrets(config: Any, patterns: Sequence[str] = ()) -> list[str]:
    """Return the values in a config that are masked wherever mag writes, longest first.

    >>> find_secrets({"db": {"user": "me", "password": "hunter2"}})
    ['hunter2']
    """
    pairs, found = [(config, mask(config, patterns))], set()
    while pairs:
        shown, masked = pairs.pop()
        if isinstance(shown, dict):
            pairs += [(shown[key], masked[key]) for key in shown]
        elif isinstance(shown, list):
            pairs += zip(shown, masked, strict=True)
        elif masked == MASK and shown != MASK:
            found.add(str(shown))
    return sorted(found, key=len, reverse=True)
