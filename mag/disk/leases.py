"""Leases: what keeps other machines away where the locks of a file system do not reach them.

On one machine the kernel's lock decides. Beside it, a lease says which machine has the experiment; a process of that
machine, the keeper, renews it as long as anybody there holds the lock. Ages are told by the file system's clock alone,
so that it does not matter what time the machines believe it is.
"""

import contextlib
import errno
import fcntl
import functools
import hashlib
import os
import sys
import threading
import time
from pathlib import Path

from mag.disk import files

RENEWAL_SECONDS = 5
LEASE_SECONDS = 45
"""How long a machine may be silent until another may take over what it ran."""
_LOCAL_OPTIONS = {"nolock", "local_lock=all", "local_lock=flock", "localflock", "nobrl"}
_ALONE = {"9p", "afs", "smb3", "cifs", "virtiofs"}
"""Network file systems of which nobody promises that their locks reach other machines; those by FUSE, too, but for: """
_FAR_REACHING = {"fuse.glusterfs", "fuse.juicefs", "fuse.ceph-fuse", "fuse.ceph", "fuse.mfs", "fuse.lustre"}


def are_needed(device: int) -> bool:
    """Tell whether the file system of that device needs leases; MAG_LEASES=always or never decides instead."""
    asked = os.environ.get("MAG_LEASES")
    return asked == "always" if asked in {"always", "never"} else _list_devices().get(device, False)


@functools.cache
def _list_devices() -> dict[int, bool]:
    """Return for each mounted device whether its locks end at this machine; empty where there is no telling."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        words = line.split()
        major, minor = words[2].split(":")
        kind, *_, options = words[words.index("-") + 1 :]
        found[os.makedev(int(major), int(minor))] = has_local_locks(kind, {*options.split(","), *words[5].split(",")})
    return found


def has_local_locks(kind: str, options: set[str]) -> bool:
    """Tell whether the locks of a mounted file system end at this machine."""
    is_alone = kind in _ALONE or (kind.partition(".")[0] == "fuse" and kind not in _FAR_REACHING)
    return is_alone or bool(options & _LOCAL_OPTIONS)


@functools.cache
def name_host() -> str:
    """Return a name for this machine since it was started."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return f"{os.uname().nodename}:{boot}"


def take(lock: str, host: str | None = None) -> bool:
    """Take the lease of a lock for this machine, which holds the lock by now; return whether it is ours.

    Each lease has a number of its own, so that of two machines that take over at once one is refused.

    Raises:
        OSError: The file system refused.
    """
    host = host or name_host()
    number, path = _find(lock)
    if path is not None and _read(path) != host and count_age(path) < LEASE_SECONDS:
        return False
    if path is not None and _read(path) == host:
        os.utime(path)
        return True
    scratch = f"{lock}.{files.HOST}.{os.getpid()}.{threading.get_ident()}{files.TEMPORARY}"
    Path(scratch).write_text(host, encoding="utf-8")
    try:
        os.link(scratch, f"{lock}.lease.{number + 1}")
    except (FileExistsError, FileNotFoundError):  # who has the lease has tidied up
        return False
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(scratch)
    if path is not None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    return True


def is_elsewhere(lock: str, host: str | None = None) -> bool:
    """Tell whether another machine has the lease of a lock, and renews it."""
    _, path = _find(lock)
    return path is not None and _read(path) not in {"", host or name_host()} and count_age(path) < LEASE_SECONDS


def renew(lock: str, host: str | None = None) -> bool:
    """Renew the lease of a lock; return whether it is still ours."""
    _, path = _find(lock)
    if path is None or _read(path) != (host or name_host()):
        return False
    with contextlib.suppress(OSError):
        os.utime(path)
    return True


def drop(lock: str, host: str | None = None) -> None:
    """Give up the lease of a lock, if it is ours."""
    _, path = _find(lock)
    if path is not None and _read(path) == (host or name_host()):
        with contextlib.suppress(OSError):
            os.unlink(path)


def _find(lock: str) -> tuple[int, str | None]:
    """Return the number and path of the newest lease of a lock."""
    folder, start = os.path.dirname(lock), f"{os.path.basename(lock)}.lease."
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return 0, None
    numbers = [int(name[len(start) :]) for name in names if name.startswith(start) and name[len(start) :].isdecimal()]
    number = max(numbers, default=0)
    return number, f"{lock}.lease.{number}" if numbers else None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def count_age(path: str) -> float:
    """Return for how many seconds a lease was not renewed, by the clock that stamps its file."""
    try:
        return _read_clock(f"{os.path.dirname(path)}/clock") - os.stat(path).st_mtime
    except FileNotFoundError:
        return LEASE_SECONDS
    except OSError:
        return 0.0  # no telling: better not to take it


def _read_clock(path: str) -> float:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    os.utime(path)
    return os.stat(path).st_mtime


def keep(lock: str) -> None:
    """Have the keeper renew the lease of a lock as long as somebody here holds that."""
    import subprocess  # noqa: PLC0415 - a fork carries what is loaded, and few file systems need leases

    book = _find_book()
    entry = book / hashlib.sha256(lock.encode()).hexdigest()[:32]
    scratch = book / f"{entry.name}.{os.getpid()}.tmp"
    scratch.write_text(os.path.abspath(lock), encoding="utf-8")
    scratch.replace(entry)
    if (turn := _take_turn(book)) is None:
        return
    os.close(turn)
    words = [sys.executable, "-m", "mag.disk.leases"]
    # the shell ends at once, so that the keeper is nobody's child here
    subprocess.run(
        ["/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "sh", *words], check=False, start_new_session=True
    )


def _find_book() -> Path:
    """Return the folder that lists the locks whose leases are renewed: of this machine, user and control group.

    Jobs on one node have control groups of their own, with which what runs in them is ended, a keeper included.

    Raises:
        PermissionError: It is somebody else's.
    """
    import tempfile  # noqa: PLC0415 - the same

    try:
        group = Path("/proc/self/cgroup").read_bytes()
    except OSError:
        group = b""
    book = Path(tempfile.gettempdir(), f"mag-leases-{os.getuid()}-{hashlib.sha256(group).hexdigest()[:8]}")
    book.mkdir(mode=0o700, exist_ok=True)
    if book.lstat().st_uid != os.getuid():
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(book))
    return book


def _take_turn(book: Path) -> int | None:
    descriptor = os.open(book / "keeper", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def run_keeper(pause: float = RENEWAL_SECONDS) -> None:
    """Renew what is in the book until nothing is left in it."""
    book = _find_book()
    while _list_entries(book) and (turn := _take_turn(book)) is not None:
        while entries := _list_entries(book):
            for entry in entries:
                if not tend(entry.read_text(encoding="utf-8")):
                    entry.unlink(missing_ok=True)
            time.sleep(pause)
        os.close(turn)  # somebody may have come meanwhile who saw it held


def _list_entries(book: Path) -> list[Path]:
    return [path for path in book.iterdir() if path.name != "keeper" and path.suffix != ".tmp"]


def tend(lock: str) -> bool:
    """Renew a lease, or give it up where the lock is free; return whether it is held."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # its directory was removed or moved
        drop(lock)
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return renew(lock)
    else:
        drop(lock)  # nobody can take the lock meanwhile
        return False
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    run_keeper()
