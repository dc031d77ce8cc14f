"""Locks and turns: what several processes do with the same files, one at a time.

The lock of an experiment is held as long as a process of its attempt lives. In a shared folder writers take turns, and
tidy up after those that died.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mag.clock import count_seconds
from mag.disk import files, leases
from mag.errors import RecordError
from mag.patterns import compile_lazily

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_TRIES = 500  # against those who only look, and have a hold on it for some microseconds


@dataclass(frozen=True, slots=True)
class Lock:
    """A held lock.

    Attributes:
        descriptor: The open file that carries it; a forked child inherits it.
    """

    descriptor: int

    def release(self) -> None:
        """Let go of this process's part: the lock is free when nobody else holds the same open file."""
        path = locate(self) if has_lease(self) else None
        os.close(self.descriptor)
        if path is not None:
            leases.tend(path)

    def free(self) -> None:
        """Let go of the lock for all who hold the same open file, such as workers that live on."""
        with contextlib.suppress(OSError):  # somebody has closed all that was open
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
            self.release()


def acquire(path: str) -> Lock | None:
    """Take the lock at `path`, or return None if it is held by another.

    Raises:
        OSError: The file cannot be opened, for example since its folder is gone, or its file system has no locks.
    """
    for _ in range(_TRIES):
        descriptor = os.open(path, _FLAGS, 0o666)
        taken = _lock(descriptor, fcntl.LOCK_EX)
        if taken and is_at(path, lock := Lock(descriptor)):
            return lock if _take_lease(path, lock) else None
        looked_at = not taken and _lock(descriptor, fcntl.LOCK_SH)  # who shares it with us does not hold it
        os.close(descriptor)
        if looked_at:
            time.sleep(0.002)
        elif not taken:
            return None
    return None


def has_lease(lock: Lock) -> bool:
    """Tell whether other machines are kept away from a lock by a lease, which they may take over."""
    return leases.are_needed(os.fstat(lock.descriptor).st_dev)


def _take_lease(path: str, lock: Lock) -> bool:
    """Keep other machines away, too, where the lock does not; where one of them was quicker, let go of the lock."""
    if not leases.are_needed(os.fstat(lock.descriptor).st_dev):
        return True
    try:
        if leases.take(path):
            leases.keep(path)
            return True
    except BaseException:
        lock.release()
        raise
    lock.release()
    return False


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


NOBODY_YET = 0
"""Instead of a process: the lock is held for one that has not begun."""


def write_holder(lock: Lock, pid: int) -> None:
    """Note in the lock's file which process it is held for; on a full disk that remains unsaid, and so does `0`."""
    with contextlib.suppress(OSError):
        if pid == NOBODY_YET:  # any other is longer, and takes its place
            os.ftruncate(lock.descriptor, 0)
        os.pwrite(lock.descriptor, b"%d\n" % pid, 0)


def read_holder(path: str) -> int | None:
    """Return the process that the lock at `path` is held for; None if it is free, or the process not noted."""
    if not is_held(path):
        return None
    try:
        with open(path, "rb") as file:
            pid = int(file.readline(20))
    except (OSError, ValueError):
        return None
    return pid if pid > 1 else None  # to signal 0 or 1 as a group would be to signal oneself, or everyone


def has_begun(lock: Lock) -> bool:
    """Tell whether the process for which a lock was held before has begun; true, too, where that is not known."""
    return os.pread(lock.descriptor, 20, 0) != b"%d\n" % NOBODY_YET


def is_held(path: str) -> bool:
    """Tell whether some process holds the lock at `path`, without keeping it from anyone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except PermissionError:
        return True  # somebody else's, who knows: better not to call it lost
    except OSError:
        return False
    try:
        if not _lock(descriptor, fcntl.LOCK_SH):
            return True
        return leases.are_needed(os.fstat(descriptor).st_dev) and leases.is_elsewhere(path)
    except OSError:  # no telling: better not to call it lost
        return True
    finally:
        os.close(descriptor)


def is_at(path: str, lock: Lock) -> bool:
    """Tell whether a lock's file is the one at `path`: its folder may have been moved or removed."""
    try:
        named, opened = os.stat(path, follow_symlinks=False), os.fstat(lock.descriptor)
    except OSError:
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def locate(lock: Lock) -> str | None:
    """Return where a lock's file is now; None where that is unknown, or it is gone (Linux)."""
    try:
        path = os.readlink(f"/proc/self/fd/{lock.descriptor}")
    except OSError:
        return None
    return path if is_at(path, lock) else None


_TURN_SECONDS = 0.002
_SILENCE_SECONDS = 600
_WRITER = compile_lazily(r"\.([1-9]\d{0,8})\.\d+\.tmp$")


def write_shared_file(path: str, content: bytes | Iterable[bytes], *, durable: bool = False) -> None:
    """Replace a file in a folder of a store's own folder, both made if need be, into which several processes write.

    They take turns there, and what one of them left that died while it wrote is removed.

    Raises:
        RecordError: The file system refused; the old file is still whole.
    """
    folder = os.path.dirname(path)
    try:
        files.make_own_folder(os.path.dirname(folder))
        files.make_own_folder(folder)
    except OSError as error:
        raise RecordError(f"Cannot make {folder}: {error.strerror}.") from error
    with take_turn(folder) as alone:
        if alone:
            _remove_left(folder)
        files.write_file(path, content, durable=durable)


def tidy_shared_folder(folder: str) -> None:
    """Remove what processes left that died in `write_shared_file`; where there is nothing, nothing is written."""
    with contextlib.suppress(RecordError):  # there is none
        files.refuse_link(os.path.dirname(folder))
        files.refuse_link(folder)
        with take_turn(folder) as alone:
            if alone:
                _remove_left(folder)


def _remove_left(folder: str) -> None:
    """Remove the temporary files of processes that are gone; who waited for its turn in vain may be writing, too."""
    for name in files.list_temporaries(folder):
        if _is_left(f"{folder}/{name}"):
            files.remove_file(f"{folder}/{name}")


def _is_left(path: str) -> bool:
    """Tell whether the writer of a temporary file is gone; another machine's is, when it wrote nothing for long."""
    writer = _WRITER.search(path)
    if writer is not None and not path[: writer.start()].endswith(f".{files.HOST}"):
        return leases.count_age(path) > _SILENCE_SECONDS
    return writer is None or not _lives(int(writer[1]))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


@contextlib.contextmanager
def take_turn(folder: str, patience: float = 2.0) -> Iterator[bool]:
    """Let no other process that asks for it be in such a block at the same time; lend whether that is so.

    It is not on file systems without locks, or where another is halted in its block.

    Raises:
        RecordError: There is no such folder.
    """
    try:
        turn, taken = _take(folder, patience)
    except OSError as error:
        raise RecordError(f"Cannot open {folder}: {error.strerror}.") from error
    try:
        yield taken
    finally:
        with contextlib.suppress(OSError):  # a process that another thread forked meanwhile has it open, too
            fcntl.flock(turn, fcntl.LOCK_UN)
        os.close(turn)


def _take(folder: str, patience: float) -> tuple[int, bool]:
    """Return what is open and locked, the folder or, where none can be, a file in it; and whether it is locked."""
    turn = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return turn, _wait_for_turn(turn, patience)
    except OSError:  # NFS
        os.close(turn)
    turn = os.open(f"{folder}/turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        return turn, _wait_for_turn(turn, patience)
    except OSError:
        return turn, False


def _wait_for_turn(turn: int, patience: float) -> bool:
    deadline = count_seconds() + patience
    while count_seconds() < deadline:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_TURN_SECONDS)
        else:
            return True
    return False
