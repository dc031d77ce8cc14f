"""Laws of files in a folder that several processes write into."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from mag.disk.files import HOST
from mag.disk.locks import take_turn, tidy_shared_folder, write_shared_file


def test_the_next_writer_removes_what_a_dead_one_left(tmp_path: Path) -> None:
    """In a folder that processes share nothing of one that died while it wrote stays."""
    (tmp_path / "other.json.123.tmp").write_bytes(b"half")

    write_shared_file(str(tmp_path / "x"), b"whole")

    assert os.listdir(tmp_path) == ["x"]


def test_who_is_writing_is_left_alone(tmp_path: Path) -> None:
    """Many processes that write into one folder at once take nothing from each other."""
    children = []
    for number in range(8):
        if (child := os.fork()) == 0:
            for turn in range(50):
                write_shared_file(str(tmp_path / "shared" / str(number)), b"%d" % turn)
            os._exit(0)
        children.append(child)

    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    assert sorted(os.listdir(tmp_path / "shared")) == [str(number) for number in range(8)]


def test_a_shared_folder_is_tidied(tmp_path: Path) -> None:
    """What a writer left that died is removed, what was written stays, and a folder need not be there."""
    write_shared_file(f"{tmp_path}/a.json", b"1")
    (tmp_path / "b.json.1.tmp").write_bytes(b"half")
    tidy_shared_folder(str(tmp_path))
    tidy_shared_folder(f"{tmp_path}/missing")

    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_only_what_the_dead_left_is_removed(tmp_path: Path) -> None:
    """A process that lives may be writing, even if it has waited for its turn in vain."""
    folder = tmp_path / "shared"
    folder.mkdir()
    with subprocess.Popen(["true"]) as gone:
        pass
    for name in (f"a.json.{HOST}.{gone.pid}.0.tmp", f"b.json.{HOST}.{os.getpid()}.0.tmp", "c.tmp"):
        (folder / name).touch()
    write_shared_file(str(folder / "d.json"), b"")

    assert sorted(path.name for path in folder.iterdir()) == [f"b.json.{HOST}.{os.getpid()}.0.tmp", "d.json"]


def test_what_another_machine_writes_is_left_alone(tmp_path: Path) -> None:
    """Its processes are not seen here, so that only what is old by the file system's clock is removed."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.json.another.{os.getpid()}.0.tmp").touch()
    os.utime(tmp_path / f"b.json.another.{os.getpid()}.0.tmp", (0, 0))
    write_shared_file(str(tmp_path / "d.json"), b"")

    assert sorted(path.name[0] for path in tmp_path.glob("*.json*")) == ["a", "d"]


def test_one_at_a_time(tmp_path: Path) -> None:
    """Whoever waits gets its turn when the other is done, or is told that it has none."""
    with take_turn(str(tmp_path)) as first, take_turn(str(tmp_path), 0.05) as second:
        assert (first, second) == (True, False)
    with take_turn(str(tmp_path)) as third:
        assert third


def test_where_no_folder_can_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in it is, as on NFS."""
    lock = fcntl.flock

    def refuse_folders(descriptor: int, kind: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(9, "Bad file descriptor")
        lock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", refuse_folders)
    with take_turn(str(tmp_path)) as first, take_turn(str(tmp_path), 0.05) as second:
        assert (first, second) == (True, False)
