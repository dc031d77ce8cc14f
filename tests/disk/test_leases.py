"""Laws of leases: of machines whose locks do not reach each other, one has an experiment at a time."""

import os
import threading
import time
from pathlib import Path

import pytest

from mag.disk import leases, locks

HOUR = 3600


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a lock on a file system that needs leases, with a book of keepers of its own."""
    monkeypatch.setenv("MAG_LEASES", "always")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "private").mkdir()
    return str(tmp_path / "private" / "lock")


def let_lapse(lock: str) -> None:
    """Have the newest lease not renewed for too long."""
    (path,) = Path(lock).parent.glob("lock.lease.*")
    past = path.stat().st_mtime - leases.LEASE_SECONDS - 1
    os.utime(path, (past, past))


def test_one_machine_at_a_time(lock: str) -> None:
    """A lease that is renewed keeps others away; one that is given up, or no longer renewed, does not."""
    assert leases.take(lock, "a")
    assert not leases.take(lock, "b")
    assert leases.is_elsewhere(lock, "b")
    leases.drop(lock, "a")
    assert leases.take(lock, "b")
    let_lapse(lock)
    assert not leases.is_elsewhere(lock, "a")
    assert leases.take(lock, "a")
    assert not leases.renew(lock, "b")
    leases.drop(lock, "b")
    assert leases.is_elsewhere(lock, "b")


@pytest.mark.parametrize("skew", [-HOUR, HOUR])
def test_clocks_do_not_matter(lock: str, skew: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose clock is an hour off neither takes what another has, nor waits an hour for what is free."""
    real = time.time
    assert leases.take(lock, "a")
    monkeypatch.setattr(time, "time", lambda: real() + skew)
    assert not leases.take(lock, "b")
    let_lapse(lock)
    assert leases.take(lock, "b")


def test_of_many_that_take_over_one_does(lock: str) -> None:
    """Machines that find a lapsed lease at the same time do not both get it."""
    assert leases.take(lock, "gone")
    let_lapse(lock)
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda name=name: got.append(name) if leases.take(lock, name) else None)
        for name in map(str, range(8))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_a_lock_needs_the_lease(lock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another machine has the lease the lock is held, for readers and runners, until that is silent."""
    monkeypatch.setattr(leases, "keep", lambda _: None)
    Path(lock).touch()
    assert leases.take(lock, "b")
    assert locks.is_held(lock)
    assert locks.acquire(lock) is None
    let_lapse(lock)
    assert not locks.is_held(lock)
    held = locks.acquire(lock)
    assert held is not None
    held.release()


def test_the_keeper_renews_and_gives_up(lock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease is renewed as long as the lock is held, whoever holds it, and given up after that."""
    monkeypatch.setattr("subprocess.run", lambda *_, **__: None)
    held = locks.acquire(lock)
    assert held is not None
    let_lapse(lock)
    thread = threading.Thread(target=leases.run_keeper, args=(0.01,))
    thread.start()
    deadline = time.monotonic() + 10
    while not leases.is_elsewhere(lock, "b"):
        assert time.monotonic() < deadline
    held.release()
    thread.join(10)
    assert not thread.is_alive()
    assert not list(Path(lock).parent.glob("lock.lease.*"))


@pytest.mark.parametrize(
    ("kind", "options", "local"),
    [
        ("ext4", "rw", False),
        ("nfs4", "rw,vers=4.2,local_lock=none", False),
        ("nfs", "rw,nolock,local_lock=all", True),
        ("lustre", "rw,flock", False),
        ("lustre", "rw,localflock", True),
        ("fuse.sshfs", "rw", True),
        ("fuse.glusterfs", "rw", False),
        ("fuseblk", "rw", False),
    ],
)
def test_where_locks_do_not_reach(kind: str, options: str, *, local: bool) -> None:
    """The kind of mount and its options tell."""
    assert leases.has_local_locks(kind, set(options.split(","))) is local
