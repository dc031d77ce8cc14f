"""The floor under a sweep: N experiments that do nothing, two at a time, and nothing but what must reach the disk.

    python bare_sweep.py N FOLDER [MODULE ...]

For each experiment it does what `strace -f mag sweep 'x=range(6)' -j 2` shows mag to do, less all that only looks:

    mkdir   DIR, DIR/.mag
    open    DIR/.mag/lock (O_CREAT), and flock it; once forked, write the process number into it
    write   DIR/.mag/config.json.PID.tmp (13 bytes), rename it to DIR/config.json
    write   DIR/.mag/record.json.PID.tmp (954 bytes), rename it to DIR/.mag/record.json
    open    DIR/log (O_CREAT)
    fork; in the child setsid, descriptors 0, 1 and 2 on /dev/null and the log
    write   DIR/.mag/record.json.PID.tmp (1,071 bytes), fsync it, rename it to DIR/.mag/record.json
    fsync   DIR/.mag
    exit; in the parent wait4

Here the child does all of it: the loop itself only forks and waits. It imports nothing but os, sys and fcntl, and the
modules that are named, which it does not use: a process that has more loaded costs more to fork and to end.
"""

import fcntl
import importlib
import os
import sys

_CONFIG = b"c" * 13
_RUNNING = b"r" * 954
_COMPLETED = b"r" * 1071
_AT_A_TIME = 2


def run_all(number: int, folder: str) -> None:
    """Run `number` experiments in directories of `folder`, two at a time."""
    os.mkdir(folder)
    running = 0
    for index in range(number):
        if running == _AT_A_TIME:
            os.wait()
            running -= 1
        if os.fork() == 0:
            _run_one(f"{folder}/{index}")
            os._exit(0)
        running += 1
    for _ in range(running):
        os.wait()


def _run_one(directory: str) -> None:
    os.mkdir(directory)
    private = f"{directory}/.mag"
    os.mkdir(private)
    lock = os.open(f"{private}/lock", os.O_RDWR | os.O_CREAT, 0o666)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _write(f"{private}/config.json", f"{directory}/config.json", _CONFIG)
    _write(f"{private}/record.json", f"{private}/record.json", _RUNNING)
    log = os.open(f"{directory}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _write(f"{private}/record.json", f"{private}/record.json", _COMPLETED, durable=True)
    os.fsync(os.open(private, os.O_RDONLY | os.O_DIRECTORY))


def _write(scratch: str, path: str, content: bytes, *, durable: bool = False) -> None:
    temporary = f"{scratch}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    os.write(descriptor, content)
    if durable:
        os.fsync(descriptor)
    os.close(descriptor)
    os.rename(temporary, path)


if __name__ == "__main__":
    for name in sys.argv[3:]:
        importlib.import_module(name)
    run_all(int(sys.argv[1]), sys.argv[2])
