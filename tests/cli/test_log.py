"""The laws of `mag log`."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.cli.log import Pane
from mag.disk.locks import acquire
from mag.record.paths import ExperimentPaths

Run = Callable[..., Any]
Write = Callable[..., ExperimentPaths]
OnTerminal = Callable[..., tuple[int, str]]
NASTY = b" 50%\r\x1b[1;31mred\x1b[0m 100%\x1b[K\n\x1b]0;title\x07 \x1b[2J caf\xc3\xa9 \xff\x9b \xe2\x80\xae\tend\n"


def start_following(*arguments: str) -> subprocess.Popen[bytes]:
    """Start `mag log` with these arguments and return the process."""
    command = [sys.executable, "-m", "mag", "log", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_pipe_gets_every_byte(write: Write) -> None:
    """Through a pipe the log is what was printed, byte for byte, whatever it is."""
    content = bytes(range(256)) * 1000
    write("1", {"C": 1}, log=content)
    done = subprocess.run([sys.executable, "-m", "mag", "log", "1"], capture_output=True, check=True)
    assert done.stdout == content


def test_a_terminal_gets_text_and_colours(on_terminal: OnTerminal, write: Write) -> None:
    """On a terminal colours stay, other control characters are spelled out, and colour ends with the log."""
    write("1", {"C": 1}, log=NASTY)
    status, shown = on_terminal("log", "1")
    assert status == 0
    assert shown == ("\x1b[1;31mred\x1b[0m 100%\n\\x1b]0;title\\x07 \\x1b[2J café \\xff\\x9b \\u202e\tend\n\x1b[0m")


def test_raw(on_terminal: OnTerminal, write: Write) -> None:
    """--raw passes everything on."""
    write("1", {"C": 1}, log=b"\x1b]0;title\x07\n")
    assert on_terminal("log", "1", "--raw")[1] == "\x1b]0;title\x07\n"


@given(st.binary(), st.integers(1, 5))
def test_chunks_do_not_matter(data: bytes, size: int) -> None:
    """What a terminal gets does not depend on how the log came in."""
    data = NASTY + data
    whole, pieces = Pane(), Pane()
    expected = whole.feed(data) + whole.finish()
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    assert b"".join(map(pieces.feed, chunks)) + pieces.finish() == expected


def test_progress_bars_fold() -> None:
    """Of a line that is written over its last state stays; followed, it is shown as it stands, and replaced."""
    bar = [b"epoch 1\n 10%|#", b"  \r 55%|##", b"\r100%|###\r\n", b"done"]
    folded, live = Pane(), Pane(width=20)
    assert b"".join(map(folded.feed, bar)) + folded.finish() == b"epoch 1\n100%|###\ndone"
    shown = [live.feed(chunk) for chunk in bar]
    assert shown[0] == b"epoch 1\n 10%|#"
    assert shown[1:] == [b"\r\x1b[K 55%|##", b"\r\x1b[K100%|###\n", b"done"]
    assert live.finish() == b"\r\x1b[Kdone"


@pytest.mark.parametrize(
    ("log", "lines", "expected"),
    [
        (b"a\nb\nc\n", 2, "b\nc\n"),
        (b"a\nb\nc", 2, "b\nc"),
        (b"a\nb\n", 9, "a\nb\n"),
        (b"a\nb\n", 0, ""),
        (b"a\nb", 0, ""),
        (b"\n\n\n", 1, "\n"),
        (b"", 3, ""),
        (b"x" * 70_000 + b"\n" + b"y" * 70_000 + b"\nz\n", 2, "y" * 70_000 + "\nz\n"),
        (b"a\n" * 100_000, 50_000, "a\n" * 50_000),
    ],
)
def test_the_last_lines(run: Run, write: Write, log: bytes, lines: int, expected: str) -> None:
    """--lines shows the end; a line that has not ended yet is one."""
    write("1", {"C": 1}, log=log)
    assert run("log", "1", "--lines", str(lines)).out == expected


@pytest.fixture
def resumed(write: Write) -> ExperimentPaths:
    """Put an experiment into the store that went on twice, once without printing anything."""
    paths = write("1", {"C": 1}, log=b"x\ny\n", attempt=4, since=1)
    for number, log in ((1, b"a\nb"), (2, b"c\n"), (3, b"")):
        Path(paths.attempt(number)).mkdir(parents=True)
        if log:
            Path(paths.attempt(number), "log").write_bytes(log)
    return paths


@pytest.mark.usefixtures("resumed")
def test_all_attempts_are_one_log(run: Run) -> None:
    """Of an experiment that went on nothing is left out, and a line of its own says where an attempt begins."""
    headings = ["--- attempt 2 ---\n", "--- attempt 3 ---\n", "--- attempt 4 ---\n"]
    assert run("log", "1").out == f"a\nb\n{headings[0]}c\n{headings[1]}{headings[2]}x\ny\n"


@pytest.mark.usefixtures("resumed")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (0, ""),
        (1, "y\n"),
        (2, "x\ny\n"),
        (3, "c\n--- attempt 3 ---\n--- attempt 4 ---\nx\ny\n"),
        (4, "b\n--- attempt 2 ---\nc\n--- attempt 3 ---\n--- attempt 4 ---\nx\ny\n"),
    ],
)
def test_the_last_lines_of_all_attempts(run: Run, lines: int, expected: str) -> None:
    """--lines reaches back into earlier attempts, whose headings do not count."""
    assert run("log", "1", "--lines", str(lines)).out == expected


@pytest.mark.usefixtures("resumed")
def test_one_attempt(run: Run) -> None:
    """--attempt shows the log that one left, byte for byte; one that never was is not found."""
    assert run("log", "1", "--attempt", "1").out == "a\nb"
    assert run("log", "1", "--attempt", "4").out == "x\ny\n"
    assert run("log", "1", "--attempt", "3").err == "mag: 1 has no log: it printed nothing\n"
    assert run("log", "1", "--attempt", "5") == (4, "", "mag: 1 has no attempt 5: there is 1, 2, 3, 4.\n")


@pytest.mark.parametrize("since", [3, None])
def test_what_was_set_aside_whole_is_another_log(run: Run, write: Write, since: int | None) -> None:
    """An attempt that began with an empty directory shows nothing of those before."""
    paths = write("1", {"C": 1}, log=b"third\n", attempt=3, since=since)
    for number in (1, 2):
        Path(paths.attempt(number)).mkdir(parents=True)
        Path(paths.attempt(number), "log").write_bytes(b"old\n")
    assert run("log", "1").out == "third\n"


def test_no_log(run: Run, write: Write) -> None:
    """An experiment that printed nothing has no log, which is no error."""
    write("1", {"C": 1})
    assert run("log", "1") == (0, "", "mag: 1 has no log: it printed nothing\n")


def test_what_is_no_file_is_not_read(run: Run, write: Write) -> None:
    """A link is not followed, and a pipe not waited for."""
    paths = write("1", {"C": 1})
    Path(paths.log).symlink_to("/etc/passwd")
    assert run("log", "1")[:2] == (2, "")
    Path(paths.log).unlink()
    os.mkfifo(paths.log)
    assert run("log", "1")[1] == ""


def test_following_ends_with_the_experiment(write: Write) -> None:
    """-f shows what is appended as long as the lock is held, and then ends with status 0."""
    paths = write("1", {"C": 1}, status="running", log=b"a\nb\n")
    lock = acquire(paths.lock)
    assert lock
    with start_following("1", "-f", "--lines", "1") as process:
        assert process.stdout
        assert process.stdout.read(2) == b"b\n"
        with Path(paths.log).open("ab") as log:
            log.write(b"c\n")
        assert process.stdout.readline() == b"c\n"
        lock.release()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_following_survives_a_new_attempt(write: Write) -> None:
    """When the log is set aside for that of a new attempt, that one is followed from its beginning."""
    paths = write("1", {"C": 1}, status="running", log=b"long first log\n")
    lock = acquire(paths.lock)
    assert lock
    with start_following("1", "-f") as process:
        assert process.stdout
        assert process.stdout.readline() == b"long first log\n"
        Path(paths.log).rename(f"{paths.private}/old")
        Path(paths.log).write_bytes(b"new\n")
        assert process.stdout.readline() == b"new\n"
        lock.release()
    assert process.returncode == 0


def test_following_is_ended_with_ctrl_c(write: Write) -> None:
    """Ctrl-C ends with status 130."""
    paths = write("1", {"C": 1}, status="running", log=b"a\n")
    lock = acquire(paths.lock)
    assert lock
    with start_following("1", "--follow") as process:
        assert process.stdout
        process.stdout.readline()
        threading.Timer(0.1, process.send_signal, [signal.SIGINT]).start()
        assert process.wait() == 130
    lock.release()
