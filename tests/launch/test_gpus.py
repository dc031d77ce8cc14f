"""Laws of GPUs: which are meant by what is typed, and that no two runners give away the same."""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from mag.disk import locks
from mag.errors import UsageError
from mag.launch.gpu_book import FOLDER_VARIABLE, GpuBook, list_entries, tell_busy
from mag.launch.gpus import VARIABLES, GpuRequest, describe, read_request
from mag.record.paths import StorePaths

A, B = "GPU-11111111-2222-3333-4444-555555555555", "GPU-66666666-7777-8888-9999-000000000000"
DRIVER = """
#include <stdio.h>
int nvmlInit_v2(void) { return 0; }
int nvmlInitWithFlags(unsigned flags) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = (void *)(size_t)(index + 1); return 0; }
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned size) {
    snprintf(uuid, size, "%s", device == (void *)1 ? "A" : "B");
    return 0;
}
"""


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have a book of GPUs of one's own, and no variable about them, and no driver."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "book"))
    monkeypatch.setattr("mag.launch.gpus.list_devices", list)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def read_tokens(text: str, each: int = 1, share: int = 1) -> list[str]:
    """Return what experiments may be told."""
    return [gpu.token for gpu in read_request(text, each, share).gpus]


@pytest.mark.parametrize(
    ("text", "visible", "tokens", "slots"),
    [
        ("0,1", "4,5", ["4", "5"], 2),
        ("1,", "4,5", ["5"], 1),
        ("1", "4,5", ["4", "5"], 1),
        ("all", "4,5", ["4", "5"], 2),
        ("all", f"{A},{B}", [A, B], 2),
        (B[:12], f"{A},{B}", [B], 1),
        ("all", "4,-1,5", ["4"], 1),
        ("0,2", None, ["0", "2"], 2),
        (A, None, [A], 1),
    ],
)
def test_gpus_count_among_the_visible(
    text: str, visible: str | None, tokens: list[str], slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number in a list counts among those that the variable leaves; a number alone is how many."""
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert read_tokens(text) == tokens
    assert read_request(text, 1, 1).slots == slots
    assert (describe(read_request(text, 1, 1)) is not None) == (visible is not None)


@pytest.mark.parametrize(
    ("text", "visible", "said"),
    [
        ("4,5", "4,5", "--gpus 4 is none of the 2 .* type --gpus 0,1"),
        ("3", "4,5", "more than the 2 .*: type --gpus 2"),
        ("0", "4,5", "--gpus 0 asks for none"),
        ("1", "", "may use no GPU"),
        ("all", None, "which GPUs there are is not known"),
        ("2", None, "Name them, as in --gpus 0,1"),
        ("0,0", None, "twice: --per-gpu 2"),
        ("0-3", None, "write 0,1,2,3"),
        ("0,,1", None, "write 0,1"),
        (A, B, "is none of the 1"),
    ],
)
def test_what_is_refused(text: str, visible: str | None, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """GPUs that may not be used, more than there are, or that nobody knows."""
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(UsageError, match=said):
        read_request(text, 1, 1)


def test_variables_of_amd(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set in place of CUDA's variable tells experiments of their own; two that differ are refused."""
    monkeypatch.setenv("HIP_VISIBLE_DEVICES", "2,3")
    book = GpuBook(read_request("all", 1, 1), "store")
    with book.lend("a", lambda: False) as variables:
        assert variables == (("HIP_VISIBLE_DEVICES", "2"),)
    monkeypatch.setenv("ROCR_VISIBLE_DEVICES", "0")
    with pytest.raises(UsageError, match="unset one of them"):
        read_request("all", 1, 1)


def lend(book: GpuBook, name: str, stack: ExitStack) -> str | None:
    """Return the GPUs that an experiment is lent until the stack is closed; None if there are none now."""
    variables = stack.enter_context(book.lend(name, lambda: True))
    return variables[0][1] if variables else None


def test_two_runners_never_meet(tmp_path: Path) -> None:
    """What one has lent the other does not, until it is given back."""
    request = read_request("0,1", 1, 1)
    one, other = GpuBook(request, str(tmp_path), "s1"), GpuBook(request, str(tmp_path), "s2")
    with ExitStack() as ones, ExitStack() as others:
        assert [lend(one, "a", ones), lend(other, "b", others), lend(other, "c", others)] == ["0", "1", None]
        assert [(entry.key, entry.sweep) for entry in list_entries()] == [("0", "s1"), ("1", "s2")]
        assert "0 by sweep s1 in" in str(tell_busy(request))
        ones.close()
        assert lend(other, "c", others) == "0"
        assert lend(one, "a", ones) is None

    assert (list_entries(), tell_busy(request)) == ([], None)


def test_several_for_one_and_one_for_several(tmp_path: Path) -> None:
    """An experiment gets all of its GPUs or none; those that share one are spread evenly."""
    pairs = GpuBook(read_request("0,1,2", 2, 1), str(tmp_path))
    with ExitStack() as stack:
        assert [lend(pairs, name, stack) for name in "ab"] == ["0,1", None]
        rest = GpuBook(read_request("0,1,2", 1, 2), str(tmp_path))
        assert [lend(rest, name, stack) for name in "cde"] == ["2", "2", None]
    shared = GpuBook(read_request("0,1", 1, 2), str(tmp_path))
    with ExitStack() as stack:
        assert [lend(shared, name, stack) for name in "abcde"] == ["0", "1", "0", "1", None]


def test_a_number_of_gpus_is_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four GPUs `--gpus 2` uses two, whichever are free, and leaves the rest to others."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    one, other = (GpuBook(read_request("2", 1, 1), str(tmp_path)) for _ in range(2))
    with ExitStack() as stack:
        assert [lend(one, name, stack) for name in "abc"] == ["4", "5", None]
        assert [lend(other, name, stack) for name in "abc"] == ["6", "7", None]


def test_experiments_without_their_runner_keep_theirs(tmp_path: Path) -> None:
    """Where a runner was killed, its GPUs are free when its experiments have ended."""
    paths = StorePaths(str(tmp_path)).experiment("a")
    os.makedirs(paths.private)
    lock = locks.acquire(paths.lock)
    assert lock is not None
    code = (
        "import os, sys\nfrom mag.launch.gpus import read_request\nfrom mag.launch.gpu_book import GpuBook\n"
        "lent = GpuBook(read_request('0,', 1, 1), sys.argv[1]).lend('a', lambda: False)\n"
        "lent.__enter__()\nos.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    book = GpuBook(read_request("0,", 1, 1), str(tmp_path))
    with ExitStack() as stack:
        assert lend(book, "b", stack) is None
        assert [entry.key for entry in list_entries()] == ["0"]
        lock.release()
        assert lend(book, "b", stack) == "0"


def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    """The book is not kept where others may have put something."""
    (tmp_path / "book").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="name another folder in MAG_RUNTIME_DIR"):
        GpuBook(GpuRequest((), 0), "store")


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler to make a driver of")
def test_the_driver_is_asked(tmp_path: Path) -> None:
    """NVIDIA's library tells how many GPUs there are, and which number a UUID has."""
    source = tmp_path / "driver.c"
    source.write_text(DRIVER.replace('"A"', f'"{A}"').replace('"B"', f'"{B}"'))
    subprocess.run(["cc", "-w", "-shared", "-fPIC", "-o", tmp_path / "libnvidia-ml.so.1", source], check=True)
    code = (
        "from mag.launch.gpus import read_request as read\n"
        f"print(read('all', 1, 1).gpus == read('2', 1, 1).gpus, *[g for t in ('all', '{B}', '1,') "
        "for gpu in read(t, 1, 1).gpus for g in gpu])\ntry: read('3', 1, 1)\nexcept Exception as e: print(e)"
    )
    told = subprocess.check_output(
        [sys.executable, "-c", code], text=True, env=os.environ | {"LD_LIBRARY_PATH": str(tmp_path)}
    ).splitlines()

    assert told[0] == f"True 0 0 1 1 {B} 1 1 1"
    assert "more than the 2 that this process may use (as the NVIDIA driver says)" in told[1]
