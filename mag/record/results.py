"""Results on their way to `results.json` and back."""

import contextlib
from collections.abc import Mapping
from typing import Any

from mag.disk import files, values
from mag.errors import RecordError, ResultError
from mag.record.paths import ExperimentPaths
from mag.record.redaction import NOTHING, Redaction


def encode_results(named: Mapping[str, object], redaction: Redaction) -> dict[str, Any]:
    """Return results as plain JSON data, without what no file may hold.

    Raises:
        ResultError: A value cannot be stored.
    """
    try:
        return {name: redaction.redact_result(name, values.encode_result(name, value)) for name, value in named.items()}
    except RecursionError:
        names = " or ".join(map(repr, named))
        raise ResultError(f"Result {names} holds itself, or is nested too deep to be stored.") from None


def read_results(paths: ExperimentPaths, redaction: Redaction = NOTHING) -> dict[str, Any]:
    """Return what `results.json` holds, encoded: nothing where it is not there, or is nothing that mag could store."""
    found: dict[str, Any] = {}
    with contextlib.suppress(OSError, RecordError):
        for name, value in files.read_object(paths.results).items():
            with contextlib.suppress(ResultError):  # an experiment may have written it itself
                found |= encode_results({name: value}, redaction)
    return found
