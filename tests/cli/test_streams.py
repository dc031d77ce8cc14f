"""Laws of what mag writes to: a full disk, a closed pipe and a missing descriptor are no tracebacks."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.records import Record

Read = Callable[[str], Record]
Shell = Callable[[str], CompletedProcess[str]]
FULL = f"mag: cannot write to standard output: {os.strerror(errno.ENOSPC)}"


@pytest.fixture
def shell(project: Path) -> Shell:
    """Return a function that runs a command line of bash in a project; `mag` is mag."""
    assert project.is_dir()

    def run_shell(line: str) -> CompletedProcess[str]:
        script = f'mag() {{ {sys.executable} -m mag "$@"; }}; set -o pipefail; {line}'
        return subprocess.run(["bash", "-c", script], check=False, capture_output=True, text=True, timeout=60)

    return run_shell


LOOKING = ["ls", "ls --json", "config", "config --json", "sweep C=1,2 -n", "sweep C=1,2 -n --json",
           "show 7", "path 7", "log 7", "summarize", "--help", "--version", "ls --help"]  # fmt: skip


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("command", LOOKING)
def test_a_full_disk_is_one_sentence(shell: Shell, project: Path, command: str) -> None:
    """The exit status is 1, and nothing but the reason is said, even if messages would follow."""
    (project / "train.py").write_text("import mag\n@mag.main('configs')\ndef train(c): print(c.C); return 1\n")
    shell("mag run C=7 -q; mv experiments/7* experiments/7")
    done = shell(f"mag {command} >/dev/full")

    assert (done.returncode, done.stderr) == (1, FULL + "\n")


@pytest.mark.parametrize("command", ["config", "config --json", "sweep 'C=range(100)' -n --json", "sweep C=1,2 -n"])
def test_a_closed_pipe_is_no_error(shell: Shell, project: Path, command: str) -> None:
    """Who reads one line and goes gets it, and no more is said on the other channel."""
    (project / "configs" / "config.yaml").write_text("C: 1\n" + "".join(f"k{n}: {'x' * 99}\n" for n in range(2000)))
    done = shell(f"mag {command} | head -c 1")

    assert (done.returncode, len(done.stdout)) == (0, 1)
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_missing_descriptor_harms_nothing(shell: Shell, read: Read, closed: str) -> None:
    """An experiment runs, its log has all that it printed, and no file of mag's takes the descriptor's number."""
    done = shell(f"mag run C=1 {closed}")

    assert done.returncode == 0, done.stderr
    assert read("1|0.5").status == "completed"
    assert Path("experiments", "1|0.5", "log").read_text() == "C is 1\n"
    assert "Error" not in done.stdout + done.stderr


@pytest.mark.parametrize(("closed", "shown"), [(">&-", ""), ("2>&-", "C is 1\n")])
def test_a_program_of_its_own_may_miss_one_too(shell: Shell, closed: str, shown: str) -> None:
    """`python train.py` is no different."""
    done = shell(f"PYTHONPATH={os.getcwd()}:{Path(__file__).parents[2]} {sys.executable} train.py {closed}")

    assert (done.returncode, done.stdout) == (0, shown)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_run_outlives_what_shows_it(shell: Shell, read: Read) -> None:
    """The experiment completes, wherever its output and the messages go."""
    done = shell("mag run C=1 >/dev/full")
    assert (done.returncode, done.stderr.count("mag: cannot write"), "Exception" in done.stderr) == (0, 1, False)
    assert shell("mag sweep C=1,2 2>/dev/full").returncode == 0
    assert [read(name).status for name in ("1|0.5", "2|0.5")] == ["completed"] * 2


def test_escapes_in_what_was_typed_are_spelled_out(shell: Shell) -> None:
    """No error of any kind sends to the terminal what stood on the command line."""
    for words in ("run $'C=\\e[31m'", "run $'nothing\\e[31m=1'", "run $'--\\e[31m'", "run -j $'\\e'", "$'\\e[31m'",
                  "sweep C=1 -j $'\\e[31m'", "show $'\\e[31m'", "ls $'a\\e>>1'", "run $'C=1,\\e[31m'",
                  "sweep C=1 --where $'\\e=='", "config --explain $'\\e'"):  # fmt: skip
        done = shell(f"mag {words}")
        assert "\x1b" not in done.stderr + done.stdout, words
        assert "Traceback" not in done.stderr, words
