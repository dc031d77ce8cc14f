"""Laws of `--debug`: experiments run in the command's own process, and a debugger opens where one fails."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pexpect
import pytest

from mag.record.records import Record

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]
Start = Callable[..., "pexpect.spawn[str]"]
APP = """\
import mag

@mag.main
def train(config):
    secret = config.C + 40
    print("C is", config.C)
    if config.C == 2:
        raise ValueError("bad C")
    if config.C == 3:
        breakpoint()
        print("went on")
    return secret

if __name__ == "__main__":
    train()
"""


@pytest.fixture(autouse=True)
def app(project: Path) -> Path:
    """Make the project's app one to be debugged."""
    (project / "train.py").write_text(APP)
    return project


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts Python with some arguments on a terminal."""
    children: list[pexpect.spawn[str]] = []

    def start_python(*arguments: str) -> "pexpect.spawn[str]":
        children.append(pexpect.spawn(sys.executable, list(arguments), encoding="utf-8", timeout=30))
        return children[-1]

    yield start_python
    for child in children:
        child.close(force=True)


def answer(child: "pexpect.spawn[str]", command: str, shown: str = "") -> None:
    """Type a command at the debugger's prompt, and wait for what it shows."""
    child.expect_exact("(Pdb) ")
    child.sendline(command)
    child.expect_exact(shown or command)


@pytest.mark.parametrize(
    "command", [["-m", "mag", "run"], ["-m", "mag", "sweep"], ["train.py"], ["-m", "mag", "--debug", "run"]]
)
def test_the_failing_frame(start: Start, read: Read, command: list[str]) -> None:
    """On a terminal pdb stands in the frame that failed; the failure is on record by then."""
    child = start(*command, "+C=2", *["--debug"] * ("--debug" not in command))
    answer(child, "p secret", "42")
    assert (read("2").status, (read("2").error or {})["message"]) == ("failed", "bad C")
    answer(child, "q")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 1


def test_going_on(start: Start, read: Read) -> None:
    """In a sweep `c` goes on with the next experiment; what is printed beyond a breakpoint is in the log."""
    child = start("-m", "mag", "sweep", "+C=2,3,4", "--debug")
    answer(child, "c")
    answer(child, "p secret", "43")
    answer(child, "n", "went on")
    answer(child, "c")
    child.expect_exact("3 experiments: 2 completed, 1 failed.")
    child.expect(pexpect.EOF)

    assert read("4").results == {"result": 44}
    assert Path("experiments/3/log").read_text() == "C is 3\nwent on\n"


@pytest.mark.parametrize(("C", "status"), [("2", "failed"), ("3", "interrupted")])
def test_leaving(start: Start, read: Read, C: str, status: str) -> None:  # noqa: N803
    """Who leaves the debugger ends the sweep; the same command does what is left."""
    child = start("-m", "mag", "sweep", f"+C={C},4,5", "--debug")
    answer(child, "q")
    child.expect_exact(f"1 {status}, 2 not started.")
    child.expect(pexpect.EOF)

    assert read(C).status == status


def test_without_a_terminal(mag: Mag, read: Read) -> None:
    """Through a pipe the traceback is shown, and the sweep goes on."""
    done = mag("sweep", "+C=2,4", "--debug")

    assert (done.returncode, read("2").status, read("4").status) == (1, "failed", "completed")
    assert 'raise ValueError("bad C")' in done.stdout
    assert "2 experiments: 1 completed, 1 failed." in done.stderr


@pytest.mark.parametrize("caught", ["raise", "return 1"])
def test_a_request_to_stop(app: Path, read: Read, caught: str) -> None:
    """SIGTERM interrupts the experiment and ends the sweep, as Ctrl-C does, even if the function catches that."""
    (app / "train.py").write_text(
        "import os, signal, time\nimport mag\n@mag.main\ndef train(config):\n    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n        time.sleep(60)\n"
        f"    except KeyboardInterrupt: {caught}\n"
    )
    command = [sys.executable, "-m", "mag", "sweep", "+C=4,5", "--debug"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, read("4").status) == (143, "interrupted")
    assert "1 interrupted, 1 not started" in done.stderr


@pytest.mark.parametrize("options", [["-j", "2"], ["--snapshot"]])
def test_what_does_not_go_together(mag: Mag, options: list[str]) -> None:
    """Several at a time, or a copy of the code, is a mistake; the advice works."""
    assert mag("sweep", "+C=4,5", "--debug", *options).returncode == 2
    assert not Path("experiments").exists()
    assert mag("sweep", "+C=4,5", "--debug").returncode == 0
