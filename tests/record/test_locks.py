"""Laws of the lock."""

import os
import signal
from pathlib import Path

from mag.record.locks import acquire, is_held


def test_one_holder(tmp_path: Path) -> None:
    """A held lock is not given to another, and is free again when it is let go."""
    path = str(tmp_path / "lock")
    lock = acquire(path)
    assert lock is not None
    assert is_held(path)
    assert acquire(path) is None

    lock.release()

    assert not is_held(path)


def test_child_that_inherits_it_keeps_it(tmp_path: Path) -> None:
    """The lock is held as long as one process of the attempt lives, and free when the last is killed."""
    path = str(tmp_path / "lock")
    lock = acquire(path)
    assert lock is not None
    child = os.fork()
    if child == 0:
        signal.pause()
    lock.release()
    assert is_held(path)

    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    assert not is_held(path)


def test_lock_file_that_was_replaced(tmp_path: Path) -> None:
    """A lock on a file that has lost its name keeps nobody away from the new one."""
    path = tmp_path / "lock"
    old = acquire(str(path))
    path.unlink()

    new = acquire(str(path))

    assert old is not None
    assert new is not None


def test_nothing_to_hold(tmp_path: Path) -> None:
    """A lock that was never made is not held."""
    assert not is_held(str(tmp_path / "lock"))
