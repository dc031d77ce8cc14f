"""Laws of the commands that look at, and steer, a sweep from another terminal."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pexpect
import pytest

from mag.record.records import Record

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]
Start = Callable[..., "subprocess.Popen[str]"]
APP = """\
import os, signal, time
import mag

@mag.main(config_path="configs", config_name="config")
def train(config):
    print("running", config.C)
    with open("ledger", "a") as file:
        file.write(f"{config.C} {os.environ.get('CUDA_VISIBLE_DEVICES')}\\n")
    while not os.path.exists(f"go{config.C}") and not os.path.exists("go"):
        time.sleep(0.02)
    if config.gamma > 1:
        raise ValueError("gamma is too large")
    return {"score": config.C}
"""


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds, at most 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited 20 s in vain"
        time.sleep(0.02)


def starts() -> list[str]:
    """Return what the experiments that started wrote into their ledger."""
    return Path("ledger").read_text().splitlines() if Path("ledger").exists() else []


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Return a function that starts a sweep of experiments which wait until a file says go."""
    (project / "train.py").write_text(APP)
    started: list[subprocess.Popen[str]] = []

    def start_sweep(*arguments: str, running: int = 2) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "mag", "sweep", *arguments]
        started.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        wait_for(lambda: len(starts()) >= running)
        return started[-1]

    yield start_sweep
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


def test_status_of_a_sweep(start: Start, mag: Mag) -> None:
    """While it runs a sweep is running, with its counts; then it has ended."""
    process = start("C=1,2,3", "-j", "2")
    Path("go1").touch()
    wait_for(lambda: len(starts()) == 3)
    wait_for(lambda: json.loads(mag("status", "--json").stdout)[0]["progress"]["counts"] == {"completed": 1})

    assert json.loads(mag("status", "--json").stdout)[0]["state"] == "running"
    assert "1/3" in mag("status").stdout
    Path("go").touch()
    process.communicate(timeout=20)
    assert json.loads(mag("status", "--json").stdout)[0]["state"] == "ended"
    assert "3 completed" in mag("status").stdout


def test_status_of_a_sweep_whose_runner_was_killed(start: Start, mag: Mag) -> None:
    """A sweep whose runner died before the end is lost, and says what it had done."""
    process = start("C=1,2,3", "-j", "2")
    process.kill()
    Path("go").touch()
    process.communicate()

    assert json.loads(mag("status", "--json").stdout)[0]["state"] == "lost"


def test_watch_through_a_pipe(start: Start) -> None:
    """Through a pipe, watching prints lines until the sweep ends; the last one says how."""
    process = start("C=1,2,3", "-j", "2")
    watcher = subprocess.Popen([sys.executable, "-m", "mag", "watch"], stdout=subprocess.PIPE, text=True)
    assert watcher.stdout is not None
    while watcher.stdout.readline() != "0 of 3: 2 running, 3 to go\n":
        assert watcher.poll() is None
    Path("go").touch()
    process.communicate(timeout=20)
    out, _ = watcher.communicate(timeout=20)

    assert watcher.returncode == 0
    assert out.splitlines()[-1].endswith("ended: 3 of 3: 3 completed")


def test_stop_a_sweep(start: Start, mag: Mag, read: Read) -> None:
    """Stopping a sweep ends what runs, as interrupted, and starts nothing more."""
    process = start("C=1,2,3", "-j", "2")
    done = mag("stop")
    process.communicate(timeout=20)

    assert (done.returncode, process.returncode, len(starts())) == (0, 1, 2)
    assert (read("1|0.5").status, read("2|0.5").status) == ("interrupted", "interrupted")
    assert mag("stop").returncode == 2


def test_an_experiment_whose_name_ends_an_id(start: Start, mag: Mag) -> None:
    """It is meant, and not the sweep of that id."""
    process = start("C=1,2", "-j", "2")
    identifier = json.loads(mag("status", "--json").stdout)[0]["id"]
    for name in (identifier[-1], identifier[-6:]):
        Path("experiments", name, ".mag").mkdir(parents=True, exist_ok=True)
        assert mag("stop", name).returncode in {2, 4}

    Path("go").touch()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_sweep_that_is_being_stopped(start: Start, mag: Mag) -> None:
    """It cannot be given more to do, and can be stopped at once."""
    Path("train.py").write_text(APP.replace("time.sleep(0.02)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"))
    process = start("C=1,2,3", "-j", "2", "--grace", "60s")
    stopping = subprocess.Popen([sys.executable, "-m", "mag", "stop"], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: mag("resume").returncode == 2)

    assert "is being stopped" in mag("jobs", "3").stderr
    assert mag("stop", "--now").returncode == 0
    process.communicate(timeout=20)
    assert (process.returncode, stopping.communicate(timeout=20)[1][:9]) == (1, "The sweep")


def test_stop_an_experiment(start: Start, mag: Mag, read: Read) -> None:
    """Stopping an experiment ends it alone; its sweep goes on, even one that gives up at the first failure."""
    process = start("C=1,2,3", "-j", "2", "-x")
    assert mag("stop", "1|0.5").returncode == 0
    wait_for(lambda: len(starts()) == 3)
    Path("go").touch()
    process.communicate(timeout=20)

    assert [read(f"{C}|0.5").status for C in (1, 2, 3)] == ["interrupted", "completed", "completed"]
    assert mag("stop", "2|0.5").returncode == 2
    assert mag("stop", "nothing").returncode == 4


def test_a_paused_sweep_tries_nothing_again(start: Start, mag: Mag, read: Read) -> None:
    """A retry waits, too, until the sweep is resumed."""
    process = start("C=1,2", "gamma=2", "-j", "2", "--retries", "1")
    assert mag("pause").returncode == 0
    Path("go").touch()
    wait_for(lambda: [read(f"{C}|2.0").status for C in (1, 2)] == ["failed", "failed"])
    time.sleep(0.3)

    assert len(starts()) == 2
    assert mag("resume").returncode == 0
    process.communicate(timeout=20)
    assert (len(starts()), read("1|2.0").attempt) == (4, 2)


def test_pause_and_resume(start: Start, mag: Mag) -> None:
    """A paused sweep starts nothing until it is resumed; what runs goes on."""
    process = start("C=1,2,3,4", "-j", "2")
    assert mag("pause").returncode == 0  # which returns when the sweep heeds it
    assert json.loads(mag("status", "--json").stdout)[0]["state"] == "paused"
    Path("go").touch()
    wait_for(lambda: json.loads(mag("status", "--json").stdout)[0]["progress"]["counts"] == {"completed": 2})
    assert len(starts()) == 2

    mag("resume")
    process.communicate(timeout=20)
    assert (process.returncode, len(starts())) == (0, 4)


def test_another_number_of_jobs(start: Start, mag: Mag) -> None:
    """A sweep under way can be given more jobs, and fewer."""
    process = start("C=1,2,3,4", "-j", "1", running=1)
    assert len(starts()) == 1
    assert mag("jobs", "3").returncode == 0
    wait_for(lambda: len(starts()) == 3)
    assert json.loads(mag("status", "--json").stdout)[0]["progress"]["jobs"] == 3
    assert " runs 4 experiments at a time, the most it can.\n" in mag("jobs", "9").stderr
    Path("go").touch()
    process.communicate(timeout=20)
    assert mag("jobs", "three").returncode == 2


def test_gpus(start: Start, mag: Mag) -> None:
    """Each of those that run at the same time has GPUs of its own, and `mag status` tells which."""
    process = start("C=1,2,3,4", "--gpus", "0,1,2,3,4", "--gpus-per-experiment", "2")
    assert sorted(line.split()[1] for line in starts()) == ["0,1", "2,3"]
    assert json.loads(mag("status", "--json").stdout)[0]["gpus"] == ["0", "1", "2", "3"]
    assert "\t0,1,2,3\t" in mag("status").stdout
    Path("go").touch()
    process.communicate(timeout=20)

    assert {line.split()[1] for line in starts()} == {"0,1", "2,3"}


def test_too_few_gpus(project: Path, mag: Mag) -> None:
    """Fewer GPUs than one experiment needs is a mistake."""
    done = mag("sweep", "C=1,2", "--gpus", "0,", "--gpus-per-experiment", "2")

    assert (done.returncode, "fewer than the 2" in done.stderr, (project / "experiments").exists()) == (2, True, False)


@pytest.mark.usefixtures("project")
def test_then(mag: Mag) -> None:
    """When all is in, the command given is run."""
    mag("sweep", "C=1,2", "--then", "ls experiments > listing")

    assert Path("listing").read_text() == "1|0.5\n2|0.5\n"


def test_only(project: Path, mag: Mag) -> None:
    """Of a sweep only some can be run, by name or pattern; a pattern that matches none is a mistake."""
    mag("sweep", "C=1,2,10", "--only", "1*")

    assert sorted(path.name for path in (project / "experiments").iterdir() if path.name != ".mag") == [
        "10|0.5",
        "1|0.5",
    ]
    assert mag("sweep", "C=1,2", "--only", "7|0.5").returncode == 2


def test_failures_are_grouped(start: Start, mag: Mag, project: Path) -> None:
    """What broke alike is one group, and the command it shows runs exactly those again."""
    Path("go").touch()
    start("C=1,2", "gamma=0.5,2", running=4).communicate(timeout=20)
    done = mag("failures")
    group = json.loads(mag("failures", "--json").stdout)[0]

    assert done.returncode == 1
    assert done.stdout.startswith("2 experiments failed: ValueError at ")
    assert group["experiments"] == ["1|2.0", "2|2.0"]
    assert "train.py:12 in train" in group["where"]
    (project / "train.py").write_text(APP.replace("> 1:", "> 100:"))
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    again = subprocess.run(
        ["bash", "-c", group["commands"][0]], capture_output=True, text=True, check=False, env=environment
    )
    assert "2 experiments: 2 completed" in again.stderr
    assert mag("failures").returncode == 0


def test_nothing_to_look_at(project: Path, mag: Mag) -> None:
    """Where there are no sweeps, the commands say so and touch nothing."""
    assert mag("status").returncode == 0
    assert [mag(command).returncode for command in ("watch", "stop", "pause", "resume")] == [4] * 4
    assert not (project / "experiments").exists()


def test_advice_about_a_sweep_elsewhere_leads_there(start: Start, mag: Mag) -> None:
    """With `--dir`, what is advised next has it too."""
    process = start("C=1,2", "-j", "2", "--dir", "else where")
    advised = [mag(*words, "--dir", "else where").stderr for words in (["pause"], ["resume"], ["jobs", "2"])]
    Path("go").touch()
    process.communicate()

    assert all(text.endswith(" --dir 'else where'\n") for text in advised)


def test_ctrl_z_and_fg(project: Path, read: Read) -> None:
    """A sweep that is put aside at a terminal goes on in the foreground, and what ran meanwhile is not run again."""
    (project / "train.py").write_text(APP)
    shell = pexpect.spawn(
        "bash", ["--norc", "--noprofile", "-i"], encoding="utf-8", timeout=30, env=os.environ | {"PS1": "$ "}
    )
    shell.sendline(f"{sys.executable} -m mag sweep C=1,2 -j 1")
    shell.expect_exact("running 1")
    shell.sendcontrol("z")
    shell.expect_exact("Stopped")
    Path("go").touch()
    wait_for(lambda: read("1|0.5").status == "completed")
    assert starts() == ["1 None"]
    shell.sendline("fg")
    shell.expect_exact("2 experiments: 2 completed.")
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
    shell.close()

    assert starts() == ["1 None", "2 None"]


def test_jobs_of_a_sweep_that_is_named(start: Start, mag: Mag) -> None:
    """The sweep may be named by the end of its id."""
    process = start("C=1,2,3", "-j", "1", running=1)
    sweep = json.loads(mag("status", "--json").stdout)[0]["id"]
    assert mag("jobs", sweep[-6:], "3").returncode == 0
    wait_for(lambda: len(starts()) == 3)
    Path("go").touch()
    process.communicate(timeout=20)

    assert process.returncode == 0


@pytest.mark.parametrize("arguments", [["C=1,2"], ["C=1", "gamma=2"]])
def test_then_is_run_whatever_came_of_it(project: Path, mag: Mag, arguments: list[str]) -> None:
    """The command that follows is run after failures, too, and where all was done before."""
    (project / "train.py").write_text(APP)
    (project / "go").touch()
    for name in ("first", "second"):
        mag("sweep", *arguments, "--then", f"touch {name}")

        assert Path(name).exists()


def test_then_waits_for_all(project: Path, mag: Mag) -> None:
    """Where experiments were not started the command that follows is not run, which is said; it is once they are in."""
    (project / "train.py").write_text(APP)
    (project / "go").touch()
    order = ("sweep", "gamma=2,0.5", "-j", "1", "--then", "touch done")
    given_up = mag(*order, "-x")

    assert "--then 'touch done' was not run: 1 of the experiments" in given_up.stderr
    assert (given_up.returncode, Path("done").exists()) == (1, False)
    mag(*order)
    assert Path("done").exists()


@pytest.mark.usefixtures("project")
def test_then_that_fails(mag: Mag) -> None:
    """It is said how it ended, last of all, and the exit status tells; a second run runs it again."""
    for end in ("7", "7"):
        done = mag("sweep", "C=1", "--then", f"exit {end}")

        assert (done.returncode, done.stderr.splitlines()[-1]) == (
            1,
            "mag: --then 'exit 7' failed with exit status 7",
        )
    assert mag("sweep", "C=1", "-q", "--then", "kill -9 $$").stderr.endswith(" was ended by signal 9\n")


@pytest.mark.usefixtures("project")
def test_what_then_prints_on_a_terminal_stays() -> None:
    """The live view is taken away before the command is run, and the counts are said."""
    command = [sys.executable, "-m", "mag", "sweep", "C=1", "--then", "echo above; sleep 0.6; echo below"]
    shown = str(pexpect.run(shlex.join(command), timeout=30, encoding="utf-8"))

    assert shown.index("1 experiment: 1 completed.") < shown.index("above")
    assert "\x1b" not in shown[shown.index("above") :]


@pytest.mark.usefixtures("project")
def test_no_more_at_a_time_than_there_may_be_open_files() -> None:
    """A sweep of very many at a time runs as many as `ulimit -n` lets it, and says so."""
    command = [sys.executable, "-m", "mag", "sweep", "C=range(60)", "-j", "60"]
    done = subprocess.run(
        ["sh", "-c", f"ulimit -n 48; exec {shlex.join(command)}"], capture_output=True, text=True, check=False
    )

    assert "60 experiments: 60 completed." in done.stderr
    assert " at a time, not 60: `ulimit -n` allows no more open files\n" in done.stderr
