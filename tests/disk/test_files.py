"""Laws of reading and writing small files."""

import contextlib
import itertools
import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from mag.disk.files import NewerVersionError, read_json, remove_temporaries, send_to_disk, write_file
from mag.errors import RecordError


def test_replaces_the_whole_content(tmp_path: Path) -> None:
    """A name leads to the whole new content, and nothing else is left."""
    path = tmp_path / "x"
    path.write_bytes(b"a much longer old content")

    write_file(str(path), b"new", durable=True)

    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["x"]


def test_files_take_the_umask(tmp_path: Path) -> None:
    """Colleagues can read what the user's umask lets them read."""
    before = os.umask(0o027)
    try:
        write_file(str(tmp_path / "x"), b"")
    finally:
        os.umask(before)

    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_failure_keeps_the_old_file_and_names_the_new(tmp_path: Path) -> None:
    """What cannot be written is said with file and reason, and no temporary file stays."""
    target = tmp_path / "x"
    target.mkdir()

    with pytest.raises(RecordError, match=f"Cannot write {target}: Is a directory"):
        write_file(str(target), b"new")

    assert os.listdir(tmp_path) == ["x"]


def test_symbolic_link_is_replaced_not_followed(tmp_path: Path) -> None:
    """A planted link does not lead a write out of the directory."""
    precious = tmp_path / "precious"
    precious.write_text("keep")
    (tmp_path / "x").symlink_to(precious)

    write_file(str(tmp_path / "x"), b"new")

    assert precious.read_text() == "keep"
    assert (tmp_path / "x").read_bytes() == b"new"


def test_leftovers_are_removed(tmp_path: Path) -> None:
    """What a writer left that died is removed, and nothing else."""
    (tmp_path / "record.json.17.tmp").touch()
    (tmp_path / "record.json").touch()

    remove_temporaries(str(tmp_path))

    assert os.listdir(tmp_path) == ["record.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "\0", '{"a": ' * 5000])
def test_garbled_json(tmp_path: Path, content: str) -> None:
    """A file that is no whole JSON object is an error that names it."""
    path = tmp_path / "record.json"
    path.write_text(content)

    with pytest.raises(RecordError, match=r"record\.json"):
        read_json(str(path))


def test_newer_version(tmp_path: Path) -> None:
    """A file of a newer mag is told apart from a broken one."""
    path = tmp_path / "record.json"
    path.write_text('{"version": 2}')

    with pytest.raises(NewerVersionError, match="update mag"):
        read_json(str(path))


@pytest.mark.parametrize("line", range(1, 12))
def test_ctrl_c_leaves_nothing_half(tmp_path: Path, line: int) -> None:
    """Interrupted at any line of the writing, it leaves the old or the new file, and no temporary one."""
    path = tmp_path / "x"
    path.write_bytes(b"old")
    seen = itertools.count(1)

    def interrupt(frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line" and next(seen) == line:
            raise KeyboardInterrupt
        return interrupt if frame.f_code.co_name == "_write_new" else None

    before = sys.gettrace()
    sys.settrace(lambda frame, event, argument: interrupt(frame, event, argument) if event == "call" else None)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            write_file(str(path), b"new", durable=True)
    finally:
        sys.settrace(before)

    assert path.read_bytes() in {b"old", b"new"}
    assert os.listdir(tmp_path) == ["x"]


def test_what_is_no_file_is_not_sent_to_a_disk() -> None:
    """A pipe in the place of a file does no harm: there is nothing to be sent anywhere."""
    ours, theirs = os.pipe()
    send_to_disk(theirs)
    os.close(ours)
    os.close(theirs)
