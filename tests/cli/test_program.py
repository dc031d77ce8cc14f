"""Laws of the program: help, exit statuses, unknown commands."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import click
import pytest

from mag.cli.group import program
from mag.cli.pages import COMMANDS

Mag = Callable[..., CompletedProcess[str]]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """A command's own short help is the one in the list; its page has text, and a line for every option."""
    command = program.get_command(click.Context(program), name)

    assert command.short_help == COMMANDS[name]
    assert len(command.help or "") > 100
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_help_lists_every_command(mag: Mag) -> None:
    """`mag --help` and `mag -h` list the commands."""
    done = mag("--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert mag("-h").stdout == done.stdout


def test_unknown_command(mag: Mag) -> None:
    """An unknown command is exit status 2, with the nearest name."""
    done = mag("sweeep")

    assert done.returncode == 2
    assert "sweep" in done.stderr


def test_an_early_interruption_is_one_word() -> None:
    """Ctrl-C is no traceback, not even while a command is still being loaded."""
    code = (
        "import sys\nclass Interrupted:\n    @staticmethod\n    def find_spec(name, *_):\n"
        "        if name == 'click':\n            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted)\nfrom mag.cli.program import main\nmain(['ls'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "mag: interrupted\n")


@pytest.mark.parametrize(("number", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_command_that_is_ended_tidies_up(number: str, status: int) -> None:
    """Whatever it is doing; its exit status says how it was ended."""
    code = (
        "import os, signal, sys, tempfile, time\nclass Ended:\n    @staticmethod\n    def find_spec(name, *_):\n"
        "        if name == 'click':\n            with tempfile.TemporaryDirectory() as folder:\n"
        f"                print(folder, flush=True)\n                os.kill(os.getpid(), signal.{number})\n"
        "                time.sleep(20)\n"
        "sys.meta_path.insert(0, Ended)\nfrom mag.cli.program import main\nmain(['sweep'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (status, "")
    assert not Path(done.stdout.strip()).exists()


@pytest.mark.parametrize("words", [["--C=2"], ["--C", "2"], ["-C=2"]])
def test_an_override_with_dashes(project: Path, mag: Mag, words: list[str]) -> None:
    """An override that is typed like an option is told how to be typed."""
    assert project.is_dir()
    done = mag("config", *words)
    assert (done.returncode, done.stderr.splitlines()[-1].rpartition(": type ")[2]) == (2, "C=2")
    assert "type" not in mag("ls", *words).stderr
    assert "Choose from: bash, zsh, fish. See" in mag("completion").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--cfg", "job"], "mag config"),
        (["run", "-m"], "mag sweep"),
        (["run", "-cn", "other"], "there are: config"),
        (["sweep", "--config-dir=x"], "no folder of configs"),
        (["run", "--info", "defaults"], "mag config --choices"),
    ],
)
def test_options_of_hydra(project: Path, mag: Mag, words: list[str], said: str) -> None:
    """An option of Hydra's programs is told what there is in its place."""
    assert project.is_dir()
    last = mag(*words).stderr.splitlines()[-1]
    assert said in last
    assert "dashes" not in last


def test_version(mag: Mag) -> None:
    """`mag --version` is one line."""
    assert mag("--version").stdout.startswith("mag ")


@pytest.mark.parametrize("words", [["run"], ["sweep", "C=1,2"], ["ls"], ["config"], ["status"], ["show", "1"]])
def test_the_current_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mag: Mag, words: list[str]
) -> None:
    """In a directory that was deleted a command says so in a sentence."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    done = mag(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mag: The current directory was deleted: cd to one that is there.\n"


def start(code: str, project: Path) -> CompletedProcess[str]:
    """Run some code, and then `mag config --json` as the console script does."""
    code = f"{code}\nfrom mag.cli.program import main\nmain(['config', '--json'])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=project)


def test_what_waits_for_the_end_is_run(project: Path) -> None:
    """A process is not taken apart in the end, but what was registered to be called then is called."""
    done = start("import atexit\natexit.register(print, 'the end')", project)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "the end")


def test_threads_are_waited_for(project: Path) -> None:
    """What runs in a thread comes to its end."""
    done = start(
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(1), print('late'))).start()", project
    )

    assert done.stdout.splitlines()[-1] == "late"


def test_a_profiler_sees_the_end(project: Path) -> None:
    """Where somebody looks on, the process ends in Python's own way."""
    command = [sys.executable, "-m", "cProfile", "-m", "mag", "config"]

    assert "function calls" in subprocess.run(command, capture_output=True, text=True, check=True, cwd=project).stdout


def test_output_that_nobody_takes_is_a_failure(project: Path) -> None:
    """What could not be written in the end shows in the exit status, as with Python itself."""
    done = start("import atexit, sys\natexit.register(lambda: sys.stdout.close())", project)

    assert done.returncode == 120
