"""Diagnosis: checks this machine, its limits, its GPUs and a file system for `mag doctor`."""

import errno
import fcntl
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from mag.disk import files, leases
from mag.errors import UsageError
from mag.launch.capacity import count_cpus, count_room
from mag.launch.gpu_book import list_entries
from mag.launch.gpus import VARIABLES, explain_silence, list_devices, read_visible

State = Literal["fine", "note", "trouble"]

_SHARED_MEMORY = "/dev/shm"  # noqa: S108  (it is only looked at)
_MANY = 1 << 20
_LITTLE_SPACE = 1 << 30
_LITTLE_SHARED = 256 << 20
_SLOW_SECONDS = 0.05
_SKEW_SECONDS = 2.0
_FEW_PROCESSES = 200
_NETWORKS = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "lustre", "gpfs", "beegfs", "afs", "ceph")


class Finding(NamedTuple):
    """What was found out about one thing.

    Attributes:
        about: The thing, in a word or two.
        state: Whether it is fine, to be known, or in the way.
        finding: What it is, and means.
        advice: What to do about it; None where there is nothing to do.
    """

    about: str
    state: State
    finding: str
    advice: str | None = None


def examine_machine() -> Iterator[Finding]:
    """Yield what there is of processors and memory."""
    cpus, all_cpus = count_cpus(), os.cpu_count() or 1
    name = f"{platform.system()} {platform.release()}, {platform.machine()}"
    some = f"{cpus} of {all_cpus} CPUs" if cpus < all_cpus else f"{cpus} CPU{'s' * (cpus > 1)}"
    why = " (by affinity or control group)" if cpus < all_cpus else ""
    yield Finding("machine", "fine", f"{name}: {some}{why}, so that {cpus} run at a time where -j says nothing")
    memory, limit = _read_memory(), _read_memory_limit()
    if limit is not None and (memory is None or limit < memory):
        told = f"the control group allows {_format(limit)}: beyond that the kernel kills, and records say so"
        yield Finding("memory", "note", told, "--memory 4G ends only the experiment that takes too much")
    elif memory is not None:
        yield Finding("memory", "fine", _format(memory))
    yield from _examine_shared_memory()


def _examine_shared_memory() -> Iterator[Finding]:
    try:
        size = shutil.disk_usage(_SHARED_MEMORY).total
    except OSError:
        return
    if size < _LITTLE_SHARED:
        told = f"{_SHARED_MEMORY} holds {_format(size)}, too little for worker processes of torch's DataLoader"
        yield Finding("shared memory", "note", told, "give the container more, docker run --shm-size=8g")


def _read_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _read_memory_limit() -> int | None:
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            return int(Path(path).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return None


def examine_limits() -> Iterator[Finding]:
    """Yield what `ulimit` allows."""
    room, cpus = count_room(), count_cpus()
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if room < max(64, 4 * cpus):
        told = f"{allowed} allow {room} experiment{'s' * (room > 1)} at a time"
        more = "type `ulimit -n 4096` before mag" if most == resource.RLIM_INFINITY or most >= 4096 else "ask for more"  # noqa: PLR2004
        yield Finding("open files", "note", told, more)
    else:
        yield Finding("open files", "fine", f"{allowed if room < _MANY else 'no limit'}")
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if processes != resource.RLIM_INFINITY and processes < _FEW_PROCESSES:
        told = f"{processes} for this user: an experiment has one, and its threads and workers count, too"
        yield Finding("processes", "note", told, "type `ulimit -u 4096` before mag, or -j with a small number")
    size = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if size != resource.RLIM_INFINITY:
        told = f"a file may have {_format(size)}: a longer log ends its experiment"
        yield Finding("file size", "note", told, "type `ulimit -f unlimited` before mag")


def examine_gpus() -> Iterator[Finding]:
    """Yield which GPUs experiments can be given."""
    devices = list_devices()
    try:
        variables, visible = read_visible()
    except UsageError as error:
        yield Finding("GPUs", "trouble", str(error))
        return
    if visible is not None:
        told = f"{variables[0]}={os.environ[variables[0]]} leaves {len(visible)} to this process"
        yield Finding("GPUs", "fine" if visible else "note", told, "--gpus all gives them out" if visible else None)
    elif devices:
        yield Finding("GPUs", "fine", f"{len(devices)}, as NVIDIA's driver says", "--gpus all gives them out")
    elif os.path.exists("/proc/driver/nvidia/version"):
        yield Finding("GPUs", "note", "NVIDIA's driver is there, but not asked: --gpus needs names", explain_silence())
    else:
        yield Finding("GPUs", "fine", f"none is known: neither by a driver nor by {VARIABLES[0]}")
    if entries := list_entries():
        yield Finding("GPUs", "note", f"in use by other sweeps: {', '.join(entry.key for entry in entries)}")


def examine_file_system(store: Path) -> Iterator[Finding]:
    """Yield what the file system of a store can do; tried out in a temporary directory beside it."""
    folder = next(place for place in (store, *store.absolute().parents) if place.is_dir())
    about = "file system"
    try:
        with tempfile.TemporaryDirectory(prefix=".mag-doctor-", dir=folder) as scratch:
            kind = _read_kind(folder)
            yield Finding(about, "fine", f"{folder.absolute()} is writable{f', {kind}' if kind else ''}")
            yield from _try_locks(scratch)
            yield from _try_writing(scratch)
            yield from _try_names(scratch)
    except OSError as error:
        told = f"{folder.absolute()} cannot be written: {error.strerror}"
        yield Finding(about, "trouble", told, "name another place with --dir, or experiments_dir in [tool.mag]")
        return
    if kind and kind.startswith(_NETWORKS):
        told = f"{kind} is shared by machines: runners on several of them see each other only where locks reach"
        yield Finding(about, "note", told)
    yield from _examine_space(folder)


def _try_locks(scratch: str) -> Iterator[Finding]:
    first, second = (os.open(os.path.join(scratch, "lock"), os.O_RDWR | os.O_CREAT) for _ in range(2))
    try:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if leases.are_needed(os.fstat(first).st_dev):
            told = "end at this machine: others are kept away by leases, renewed while an experiment runs"
            yield Finding("locks", "note", told, "mag help clusters")
        else:
            yield Finding("locks", "fine", "work: two runners never run the same experiment")
    except OSError as error:
        told = f"there are none ({error.strerror}): nothing can be run here"
        yield Finding("locks", "trouble", told, "name a place on another file system with --dir")
    else:
        told = "do not exclude each other: two runners could run the same experiment"
        yield Finding("locks", "trouble", told, "name a place on another file system with --dir")
    finally:
        os.close(first)
        os.close(second)


def _try_writing(scratch: str) -> Iterator[Finding]:
    """Write a record as experiments do, and see how long that takes and whether the clocks agree."""
    path = os.path.join(scratch, "record")
    began = time.monotonic()
    for content in (b"1", b"2"):
        files.write_file(path, content, durable=True)
    seconds = (time.monotonic() - began) / 2
    told = f"a record is on the disk, by fsync and rename, after {seconds * 1000:.1f} ms"
    if seconds > _SLOW_SECONDS:
        advice = "for many short experiments name a faster place with --dir, and keep the results elsewhere later"
        yield Finding("writing", "note", f"{told}, three times an experiment", advice)
    else:
        yield Finding("writing", "fine", told)
    if abs(skew := os.stat(path).st_mtime - time.time()) > _SKEW_SECONDS:
        told = f"its clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}: changes of the code may be missed"
        yield Finding("clock", "note", told, "set both clocks by NTP")


def _try_names(scratch: str) -> Iterator[Finding]:
    Path(scratch, "Aa").touch()
    if os.path.exists(os.path.join(scratch, "aA")):
        told = "capital and small letters are the same: names that differ only in that get a suffix"
        yield Finding("names", "note", told)
    try:
        Path(scratch, "10|0.01").touch()
    except OSError as error:
        reason = "the | is not allowed in names" if error.errno in {errno.EINVAL, errno.EACCES} else str(error.strerror)
        yield Finding("names", "trouble", reason, 'set separator = "-" in [tool.mag]')


def _examine_space(folder: Path) -> Iterator[Finding]:
    usage, system = shutil.disk_usage(folder), os.statvfs(folder)
    if usage.free < _LITTLE_SPACE:
        yield Finding("space", "note", f"{_format(usage.free)} are free", "make room, or name another place with --dir")
    else:
        yield Finding("space", "fine", f"{_format(usage.free)} are free")
    if system.f_files and system.f_favail < _MANY // 10:
        yield Finding("space", "note", f"{system.f_favail} more files can be made; an experiment has 5 or more")


def _read_kind(folder: Path) -> str | None:
    """Return the kind of file system that a folder is on (Linux)."""
    place, longest, found = os.path.realpath(folder) + os.sep, "", None
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        _, mount, kind, *_ = line.split(" ")
        root = mount.replace("\\040", " ").rstrip("/") + os.sep
        if place.startswith(root) and len(root) >= len(longest):
            longest, found = root, kind
    return found


def examine_python() -> Iterator[Finding]:
    """Yield which interpreter runs, and how it names files."""
    where = "in a virtual environment" if sys.prefix != sys.base_prefix else "of the system"
    yield Finding("Python", "fine", f"{platform.python_version()} {where}, {sys.executable}")
    if (encoding := sys.getfilesystemencoding()) != "utf-8":
        told = f"file names are {encoding} by the locale, and mag's are UTF-8"
        yield Finding("Python", "note", told, "set LC_ALL=C.UTF-8, or PYTHONUTF8=1")


def _format(size: int) -> str:
    value, units = float(size), ["B", "KB", "MB", "GB", "TB"]
    while value >= 1024 and len(units) > 1:  # noqa: PLR2004
        value, units = value / 1024, units[1:]
    return f"{value:.3g} {units[0]}"
