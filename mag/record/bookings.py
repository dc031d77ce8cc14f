"""Bookings: which new directory is for which identity, noted before it is made.

Runners whose settings give other names would each make a directory of its own for the same experiment. Each of them
appends a line to one file first; whose line comes first has chosen the directory.
"""

import contextlib
import json
import os
import time

from mag.disk import files, locks, values
from mag.errors import MagError
from mag.record.paths import StorePaths

_APPEND = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_LARGEST = 1 << 20
_MAKING_SECONDS = 0.2
"""How long who has booked a directory may take to make it."""


def book(store: StorePaths, identity: str, name: str) -> str:
    """Return the directory for a new experiment: this one, or the one that another runner is making for it."""
    content = b""
    with contextlib.suppress(OSError):  # a store on a read-only or full disk, or not there yet
        content = _append(store, values.dump_line([identity, name]))
    for line in content.splitlines():
        other = _read(line, identity) if identity.encode() in line else None
        if other not in {None, name} and _is_used(store, other, identity):
            return str(other)
    return name


def _append(store: StorePaths, line: bytes) -> bytes:
    """Append a line, and return all up to it."""
    descriptor = os.open(store.bookings, _APPEND, 0o666)
    try:
        if os.fstat(descriptor).st_size > _LARGEST:  # nothing in it matters for longer than a directory takes to make
            os.ftruncate(descriptor, 0)
        os.write(descriptor, line)
        content = os.pread(descriptor, 2 * _LARGEST, 0)
    finally:
        os.close(descriptor)
    own = content.rfind(line)
    return content[: max(own, 0)]


def _read(line: bytes, identity: str) -> str | None:
    with contextlib.suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, list) and found[:1] == [identity] and isinstance(found[-1], str):
            return found[-1] if "/" not in found[-1] else None
    return None


def _is_used(store: StorePaths, name: str | None, identity: str) -> bool:
    """Tell whether the directory that was booked is there, or comes at once, and is of that identity."""
    paths = store.experiment(str(name))
    deadline = time.monotonic() + _MAKING_SECONDS
    while True:
        if os.path.isdir(paths.private):
            with contextlib.suppress(OSError, MagError):
                return files.read_json(paths.record).get("identity") == identity
            if locks.is_held(paths.lock):
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
