"""Soundness: checks the types inside a record's fields, whoever wrote it."""

from collections.abc import Mapping
from typing import Any

from mag.errors import RecordError

_TEXT, _FLAG, _NUMBER = (str, type(None)), (bool, type(None)), (int, float, type(None))
_INNER: dict[str, dict[str, tuple[type, ...]]] = {
    "commit": {
        **dict.fromkeys(("hash", "snapshot", "branch", "remote", "top", "reason", "elsewhere_files"), _TEXT),
        **dict.fromkeys(("not_captured", "changed", "elsewhere"), (list,)),
        "dirty": _FLAG,
        "taken": _NUMBER,
    },
    "configs": {"path": _TEXT, "name": _TEXT, "further": (list,)},
    "host": {"name": _TEXT, "pid": _NUMBER},
    "environment": {"digest": _TEXT, "variables": (dict,), "hash_seed": _NUMBER},
    "exit": {"code": _NUMBER, "signal": (int, str, type(None)), "cpu_seconds": _NUMBER, "peak_memory_bytes": _NUMBER},
    "error": {"type": _TEXT, "message": _TEXT, "where": _TEXT},
}
"""The kinds of what stands inside some fields."""


def check_inner(known: Mapping[str, Any], path: str) -> None:
    """Refuse a record that holds a value of a type no reader expects.

    Raises:
        RecordError: There is.
    """
    for field, kinds in _INNER.items():
        for name, value in (known.get(field) or {}).items():
            if not isinstance(value, kinds.get(name, (object,))):
                raise RecordError(f"Cannot read {path}: {name!r} in its {field} is of the wrong kind.")
    if {type(one) for one in (known.get("configs") or {}).get("further", ())} - {str}:
        raise RecordError(f"Cannot read {path}: 'further' in its configs is of the wrong kind.")
    commit = known.get("commit") or {}
    for name, kind in (("not_captured", dict), ("elsewhere", dict), ("changed", str)):
        if {type(one) for one in commit.get(name) or ()} - {kind}:
            raise RecordError(f"Cannot read {path}: {name!r} in its commit is of the wrong kind.")
