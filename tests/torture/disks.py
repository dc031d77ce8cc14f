"""Disks of a test's own: mounted while a block runs, and cut off from their power.

A power cut leaves of a file system what had reached its disk, and nothing of what was still in memory. Here the disk is
an image file behind a loop device. Whatever the file system on it writes ends in that file, and what it does not write
stays in the page cache above it, which a copy of the file knows nothing of. So a copy is the disk after a power cut at
that moment, provided that it is of one moment.

That it is, since the image lies on XFS, which clones a file in one step (FICLONE): the clone holds the image's lock
exclusively, which each write of the loop device has to take, too. So of every request that the file system has sent to
its disk all or nothing is in the copy, and nobody has to be stopped for it: the sweep, the kernel's writeback and the
journal go on. `fsfreeze`, or stopping the processes first, would make for kinder cuts: they let the journal finish.

What it cannot show: a disk that has said that a flush was done and had not done it, and one that keeps later writes and
loses earlier ones that nobody had asked to be flushed. That order is the file system's to see to, not mag's.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_AROUND, _SIZE = 4 << 30, 320 << 20  # of sparse files: no more than what is written is taken


@contextlib.contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[Path]:
    """Mount something on a new folder while the block runs; skip the test where that is not allowed."""
    folder.mkdir()
    done = subprocess.run(["mount", *arguments, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


class Disk:
    """A disk with a file system, of which copies can be taken at any moment.

    Args:
        image: The file behind it, on a file system that clones.

    Attributes:
        image: The same.
    """

    def __init__(self, image: Path) -> None:
        self.image = image
        self._cuts = 0

    def cut(self) -> "Disk":
        """Return the disk as a power cut would leave it now."""
        self._cuts += 1
        copy = self.image.with_name(f"{self.image.name}-{self._cuts}")
        subprocess.run(["cp", "--reflink=always", str(self.image), str(copy)], check=True)
        return Disk(copy)

    @contextlib.contextmanager
    def attached(self, folder: Path, options: str = "loop") -> Iterator[Path]:
        """Mount it on a new folder while the block runs; a copy has its journal replayed by that."""
        folder.mkdir()
        subprocess.run(["mount", "-o", options, str(self.image), str(folder)], check=True)
        try:
            yield folder
        finally:
            subprocess.run(["umount", str(folder)], check=True)
            folder.rmdir()


@contextlib.contextmanager
def made_disk(folder: Path, kind: str) -> Iterator[Disk]:
    """Make a disk with a file system of that kind, while the block runs; skip the test where a means is missing."""
    for tool in ("mkfs.xfs", f"mkfs.{kind}"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool} to make a disk that can be cut off")
    make_file_system(folder / "around", "xfs", _AROUND)
    with mounted(folder / "disks", "-o", "loop", str(folder / "around")) as home:
        make_file_system(home / "disk", kind, _SIZE)
        yield Disk(home / "disk")


def make_file_system(image: Path, kind: str, size: int) -> None:
    """Make an image file that holds an empty file system."""
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run([f"mkfs.{kind}", "-q", str(image)], check=True)
