"""What ended an experiment, as text: exception objects never leave the process that raised them."""

import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from mag.errors import ProgramError
from mag.record.records import Status
from mag.record.redaction import Redaction

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
    return redaction.redact("".join(traceback.format_exception(error)))


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
