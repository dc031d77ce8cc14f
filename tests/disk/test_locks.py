"""Laws of the lock."""

import errno
import fcntl
import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from mag.disk.locks import acquire, is_held, read_holder, write_holder
from mag.errors import RecordError
from mag.record.paths import StorePaths
from mag.record.sweeps import hold_sweep


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


def test_lookers_keep_nobody_away(tmp_path: Path) -> None:
    """Who looks whether a lock is held may do so for a while: it is taken all the same."""
    path = tmp_path / "lock"
    path.touch()
    looker = os.open(path, os.O_RDONLY)
    fcntl.flock(looker, fcntl.LOCK_SH)
    threading.Timer(0.1, os.close, (looker,)).start()

    assert acquire(str(path)) is not None


def test_full_disk(tmp_path: Path) -> None:
    """Where the holder cannot be noted, the lock is held all the same."""
    path = str(tmp_path / "lock")
    lock = acquire(path)
    assert lock is not None
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    write_holder(lock, os.getpid())
    resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (is_held(path), read_holder(path)) == (True, None)


def test_a_holder_takes_the_place_of_the_last(tmp_path: Path) -> None:
    """Whatever longer number was noted before."""
    path = str(tmp_path / "lock")
    Path(path).write_text("1234567\n")
    lock = acquire(path)
    assert lock is not None
    write_holder(lock, 99)

    assert read_holder(path) == 99


@pytest.mark.parametrize("content", ["0", "1", "-5", "x", ""])
def test_a_holder_that_cannot_be_is_none(tmp_path: Path, content: str) -> None:
    """A number that means everyone or oneself to `kill` is no holder's."""
    path = str(tmp_path / "lock")
    lock = acquire(path)
    assert lock is not None
    os.write(lock.descriptor, content.encode())

    assert read_holder(path) is None
    lock.release()


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken there for free, nor for lost, and who needs a lock is told."""
    store = StorePaths(str(tmp_path))
    (tmp_path / "lock").touch()

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)

    assert is_held(str(tmp_path / "lock"))
    store.manifests.mkdir(parents=True)
    with pytest.raises(RecordError, match=r"No locks available\. mag needs a file system"):
        hold_sweep(store, "1")
