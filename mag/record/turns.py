"""Files in a folder that several processes write into: they take turns, and tidy up after those that died."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator

from mag.errors import RecordError
from mag.patterns import compile_lazily
from mag.record import files
from mag.record.clock import count_seconds

_TURN_SECONDS = 0.002
_WRITER = compile_lazily(r"\.([1-9]\d{0,8})\.\d+\.tmp$")


def write_shared_file(path: str, content: bytes | Iterable[bytes], *, durable: bool = False) -> None:
    """Replace a file in a folder of a store's own folder, both made if need be, into which several processes write.

    They take turns there, and what one of them left that died while it wrote is removed.

    Args:
        path: The file.
        content: All its bytes, at once or piece by piece.
        durable: Return only when the content and its name have reached the disk.

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
        writer = _WRITER.search(name)
        if writer is None or not _lives(int(writer[1])):
            files.remove_file(f"{folder}/{name}")


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

    Args:
        folder: What is shared.
        patience: How many seconds to wait.

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
