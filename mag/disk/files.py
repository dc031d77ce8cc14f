"""Reading and writing small files so that a reader, a crash or a power cut never sees half of one.

A file is written beside its target under a temporary name and renamed over it, so that its name always leads to
the whole old or the whole new content. Durable writes go through `fsync` of the file before the rename and of the
directory after it. Everything else is never torn by a crash of mag, and is sent to the disk at once, though not waited
for: left to itself, the kernel would keep it in memory for half a minute, while the name is on the disk already, and a
power cut would leave an empty file.
"""

import contextlib
import errno
import itertools
import json
import os
import stat
from collections.abc import Iterable, Mapping
from typing import Any

from mag.errors import RecordError

TEMPORARY = ".tmp"
HOST = os.uname().nodename.replace("/", "_")[:64]
"""Stands in the names of temporary files, since machines that share a folder have processes of the same number."""
_LARGEST = 256 << 20
_numbers = itertools.count()
"""Tells temporary files of one process apart: a signal handler may write one while another is being written."""
OLD_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0)
"""How a file that others may have put there is opened: no link is followed, and no pipe waited for."""


class NewerVersionError(RecordError):
    """The file was written by a newer mag; it is whole, and to be left alone."""


class RefusedError(RecordError):
    """The file system would not let the file be read, perhaps only now: nothing is known of what it holds."""


SOMETHING_ELSE = {errno.ELOOP, errno.EINVAL, errno.EFBIG, errno.ENOTDIR, errno.EISDIR, errno.ENXIO}
"""What the system says of a path where no file is that mag may have written."""
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)


def write_file(
    path: str, content: bytes | Iterable[bytes], *, scratch: str | None = None, durable: bool = False
) -> None:
    """Replace the file at `path` by `content` in one step, with the user's umask.

    Raises:
        RecordError: The file system refused; the old file is still whole.
    """
    folder, name = os.path.split(path)
    temporary = f"{scratch or folder}/{name}.{HOST}.{os.getpid()}.{next(_numbers)}{TEMPORARY}"
    try:
        _write_new(temporary, content, durable=durable)
        os.replace(temporary, path)
        if durable:
            sync_directory(folder)
    except OSError as error:
        remove_file(temporary)
        raise RecordError(f"Cannot write {path}: {error.strerror or error}.") from error
    except BaseException:  # Ctrl-C
        remove_file(temporary)
        raise


def make_own_folder(path: str) -> None:
    """Make a folder of mag's own inside a store if it is not there.

    Raises:
        OSError: It cannot be made.
        RecordError: A link stands in its place.
    """
    refuse_link(path)
    os.makedirs(path, exist_ok=True)


def refuse_link(path: str) -> None:
    """Raise a `RecordError` if a link stands where mag has a folder of its own: it would lead its writing elsewhere."""
    if os.path.islink(path):
        raise RecordError(f"Cannot use {path}: it is a link, and mag does not write through links; remove it.")


def _write_new(path: str, content: bytes | Iterable[bytes], *, durable: bool) -> None:
    try:
        descriptor = os.open(path, _NEW_FILE, 0o666)
    except FileExistsError:  # left by a process that died here and had the same number
        os.unlink(path)
        descriptor = os.open(path, _NEW_FILE, 0o666)
    try:
        for piece in (content,) if isinstance(content, bytes) else content:
            view = memoryview(piece)
            while view:
                view = view[os.write(descriptor, view) :]
        if durable:
            os.fsync(descriptor)
        else:
            send_to_disk(descriptor)
    finally:
        os.close(descriptor)


def send_to_disk(descriptor: int) -> None:
    """Have the kernel begin to write what it holds of a file; nobody waits for it, and nothing is promised."""
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):  # a pipe
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def send_file_to_disk(path: str) -> None:
    """Have the kernel begin to write what it holds of the file at `path`, if there is one."""
    if not os.access(path, os.F_OK):  # cheaper than an exception, to a process that was just forked
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(path, OLD_FILE)
        send_to_disk(descriptor)
        os.close(descriptor)


def remove_file(path: str) -> None:
    """Remove a file if it is there and can be removed."""
    try:
        os.unlink(path)
    except OSError:
        return


def sync_directory(path: str) -> None:
    """Return when the names in the directory `path` have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporaries(folder: str) -> None:
    """Remove what a process that died while writing left in `folder`; to be called by the holder of its lock."""
    for name in list_temporaries(folder):
        remove_file(f"{folder}/{name}")


def list_temporaries(folder: str) -> list[str]:
    """Return the names of what processes are writing in `folder`, or left when they died."""
    try:
        return [name for name in os.listdir(folder) if name.endswith(TEMPORARY)]
    except OSError:
        return []


def read_file(path: str) -> bytes:
    """Return the content of a regular file; a link is not followed, a pipe not waited for.

    Raises:
        FileNotFoundError: There is none.
        OSError: It cannot be read, is no regular file, or is larger than any that mag writes.
    """
    descriptor = os.open(path, OLD_FILE)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", path)
        if status.st_size > _LARGEST:
            raise OSError(errno.EFBIG, f"it is larger than {_LARGEST >> 20} MB", path)
        content = os.read(descriptor, status.st_size + 1)
        if len(content) != status.st_size:  # it is being changed, or read in pieces
            while chunk := os.read(descriptor, 1 << 20):
                content += chunk
        return content
    finally:
        os.close(descriptor)


def is_hollow(path: str) -> bool:
    """Tell whether a file is empty or all zeros: what a power cut leaves of one that had not reached the disk."""
    try:
        return not read_file(path).strip(b"\0")
    except OSError:
        return False


def read_object(path: str) -> dict[str, Any]:
    """Return the object in a JSON file: a config or results, whose keys are the user's.

    Raises:
        FileNotFoundError: There is none.
        RecordError: It cannot be read, or is no JSON object.
    """
    try:
        data = json.loads(read_file(path).decode("utf-8", "surrogatepass"))
    except FileNotFoundError:
        raise
    except OSError as error:
        kind = RecordError if error.errno in SOMETHING_ELSE else RefusedError
        raise kind(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"Cannot read {path}: it is not whole JSON.") from error
    if not isinstance(data, dict):
        raise RecordError(f"Cannot read {path}: it holds no JSON object.")
    return data


def read_json(path: str) -> dict[str, Any]:
    """Return the object in a JSON file of mag's own, which tells the version of its format.

    Raises:
        FileNotFoundError: There is none.
        RecordError: It cannot be read, or is no JSON object.
    """
    data = read_object(path)
    if isinstance(version := data.get("version"), int) and version > 1:
        raise NewerVersionError(
            f"Cannot read {path}: it is of format version {version}, and this mag knows version 1; update mag."
        )
    return data


def pick_fields(data: Mapping[str, Any], kinds: Mapping[str, type | tuple[type, ...]], path: str) -> dict[str, Any]:
    """Return those fields of an object that are known, for what others may have written into the file `path`.

    Raises:
        RecordError: A field is of another kind.
    """
    known = {name: data[name] for name in kinds if name in data}
    for name, value in known.items():
        if not isinstance(value, kinds[name]):
            raise RecordError(f"Cannot read {path}: its {name} is of the wrong kind.")
    return known
