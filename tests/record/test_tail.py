"""The laws of tails; those of whole logs are in the tests of `mag log`."""

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.record.log import find_tail, follow_log, read_from


@given(content=st.text("a\n", max_size=30), lines=st.integers(0, 9))
def test_the_tail_is_the_last_lines(tmp_path_factory: pytest.TempPathFactory, content: str, lines: int) -> None:
    """From the place that is found, the file holds its last lines, and no other."""
    path = tmp_path_factory.getbasetemp() / "log"
    path.write_text(content)
    rest = b"".join(read_from(str(path), find_tail(str(path), lines))).decode()
    assert rest == "".join(content.splitlines(keepends=True)[-lines:] if lines else [])


def test_a_log_that_comes_later_is_followed(tmp_path: Path) -> None:
    """A log need not be there when following begins."""
    path, shown = tmp_path / "log", bytearray()
    looks = itertools.count()

    def is_over() -> bool:
        look = next(looks)
        if look == 1:
            path.write_bytes(b"late")
        return look > 1

    follow_log(str(path), shown.extend, is_over)
    assert shown == b"late"


def test_a_log_that_is_shortened_is_followed_on(tmp_path: Path) -> None:
    """What is appended to a log after it was shortened is shown, and what was shown is not shown again."""
    path, shown = tmp_path / "log", bytearray()
    path.write_bytes(b"0123456789")
    looks = itertools.count()

    def is_over() -> bool:
        look = next(looks)
        if look == 1:
            os.truncate(path, 4)
        elif look == 3:
            with path.open("ab") as log:
                log.write(b"new")
        return look > 3

    follow_log(str(path), shown.extend, is_over)
    assert shown == b"0123456789new"
