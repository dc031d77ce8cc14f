"""Laws of `mag sweep`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.records import Record
from mag.run.limits import list_tree

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]
SLEEPER = """\
import os, signal, time
import mag

@mag.main(config_path="configs", config_name="config")
def train(config):
    with open("ledger", "a") as file:
        file.write(f"{config.C}\\n")
    if config._seed == "a":
        time.sleep(config.gamma)
        raise ValueError("bad seed")
    if config._seed:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        time.sleep(config.gamma)
    finally:
        if config.gamma == 31:
            time.sleep(0.5)
            open(f"tidied{config.C}", "w").close()
"""


def names(project: Path) -> list[str]:
    """Return the names in the store."""
    return sorted(path.name for path in (project / "experiments").iterdir() if path.name != ".mag")


def test_every_combination(project: Path, mag: Mag, read: Read) -> None:
    """Each combination has a directory with config, log, results and a record that says completed."""
    done = mag("sweep", "C=1,10", "gamma=0.01,0.1")

    assert (done.returncode, done.stdout) == (0, "")
    assert names(project) == ["10|0.01", "10|0.1", "1|0.01", "1|0.1"]
    assert read("10|0.01").status == "completed"
    directory = project / "experiments" / "10|0.01"
    assert json.loads((directory / "config.json").read_text()) == {"C": 10, "_seed": 0, "gamma": 0.01}
    assert json.loads((directory / "results.json").read_text()) == {"score": 0.1}
    assert (directory / "log").read_text() == "C is 10\n"
    assert "4 experiments: 4 completed.\nNext: mag summarize\n" in done.stderr


def test_again_runs_nothing(project: Path, mag: Mag) -> None:
    """The same command again runs nothing, writes nothing and says so."""
    mag("sweep", "C=1,10")
    before = {path: path.stat().st_mtime_ns for path in (project / "experiments").rglob("*")}
    done = mag("sweep", "C=1,10")

    assert done.returncode == 0
    assert "2 experiments: all are done already, nothing to run." in done.stderr
    assert {path: path.stat().st_mtime_ns for path in (project / "experiments").rglob("*")} == before


@pytest.mark.usefixtures("project")
def test_one_more_value_runs_what_is_new(mag: Mag) -> None:
    """With one more value only what is new runs."""
    mag("sweep", "C=1,10")
    done = mag("sweep", "C=1,10,100")

    assert "3 experiments: 1 completed, 2 done before." in done.stderr


def test_failed_ones_are_tried_again(project: Path, mag: Mag, read: Read) -> None:
    """A failed experiment runs again with the same command; its first attempt is kept."""
    app = (project / "train.py").read_text()
    (project / "train.py").write_text(app.replace("print(", "assert config.C < 10, 'too large'; print("))
    assert mag("sweep", "C=1,10").returncode == 1
    (project / "train.py").write_text(app)
    done = mag("sweep", "C=1,10")

    assert done.returncode == 0
    assert (read("10|0.5").status, read("10|0.5").attempt) == ("completed", 2)
    kept = project / "experiments" / "10|0.5" / ".mag" / "attempts" / "1"
    assert "AssertionError: too large" in (kept / "log").read_text()


def test_a_failure_is_told_with_its_reason_and_the_next_command(project: Path, mag: Mag) -> None:
    """A failed experiment gets its line, and the last words name the command that shows its log."""
    (project / "train.py").write_text((project / "train.py").read_text().replace("print(", "1 / 0; print("))
    done = mag("sweep", "C=1,10")

    assert "failed      1|0.5" in done.stderr
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "Next: mag log '" in done.stderr


@pytest.mark.usefixtures("project")
def test_force_runs_completed_ones_again(mag: Mag, read: Read) -> None:
    """`--force` runs what completed once more."""
    mag("sweep", "C=1,10")
    mag("sweep", "C=1,10", "--force")

    assert (read("1|0.5").attempt, read("1|0.5").status) == (2, "completed")


def test_dry_run(project: Path, mag: Mag) -> None:
    """`--dry-run` shows names and states on standard output and writes nothing."""
    mag("sweep", "C=1")
    done = mag("sweep", "C=1,10", "--dry-run")

    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()[-2:]] == [["1|0.5", "completed"], ["10|0.5", "new"]]
    assert names(project) == ["1|0.5"]
    assert [row["name"] for row in json.loads(mag("sweep", "C=1,10", "-n", "--json").stdout)] == ["1|0.5", "10|0.5"]


def test_options_may_stand_between_overrides(project: Path, mag: Mag) -> None:
    """The order of options and overrides does not matter."""
    mag("sweep", "C=1,10", "-j", "1", "gamma=0.1")

    assert names(project) == ["10|0.1", "1|0.1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["D=1,2"], "no key D"),
        (["gama=1,2"], "did you mean gamma"),
        (["C=1,2", "gamma=[1"], "never closed"),
        (["C"], "type C=VALUE"),
        (["C=range(5,5)"], "no values"),
        (["C=1", "C=2,3"], "leave one of them out"),
        (["C=1,2", "C=3,4"], "swept twice"),
        (["_seed=1,2"], "hidden"),
        (["model=svm,mlp"], "no key model"),
        (["C=glob(*)"], "needs a group"),
        (["--jobs", "0", "C=1"], "--jobs"),
        (["--nosuch", "C=1"], "--nosuch"),
    ],
)
def test_a_mistake_starts_nothing(project: Path, mag: Mag, arguments: list[str], message: str) -> None:
    """A mistake costs exit status 2 and a sentence without traceback, and leaves no directory."""
    done = mag("sweep", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert message in done.stderr
    assert not (project / "experiments").exists()


def test_missing_value(project: Path, mag: Mag) -> None:
    """A value that is still `???` is asked for, and giving it is enough."""
    (project / "configs" / "config.yaml").write_text("C: ???\ngamma: 0.5\n")

    done = mag("sweep", "gamma=1,2")
    assert (done.returncode, "type C=VALUE" in done.stderr) == (2, True)
    assert not (project / "experiments").exists()
    (project / "configs" / "config.yaml").write_text("C: ???\ngamma: 0.5\n_seed: 0\n")
    assert mag("sweep", "C=3").returncode == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("C: 1\nC: 2\n", "config.yaml:2"),
        ("C: [1\n", "config.yaml:"),
        ("\tC: 1\n", "config.yaml:1"),
        ("5\n", "config.yaml"),
    ],
)
def test_broken_config_file(project: Path, mag: Mag, text: str, place: str) -> None:
    """A broken config file is named with its line."""
    (project / "configs" / "config.yaml").write_text(text)
    done = mag("sweep", "C=1,2")

    assert (done.returncode, place in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_alias_bomb(project: Path, mag: Mag) -> None:
    """A few bytes that would expand to millions of nodes are refused at once."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{k}: &{k} [{', '.join([f'*{chr(ord(k) - 1)}'] * 9)}]" for k in "bcdefgh"]
    (project / "configs" / "config.yaml").write_text("\n".join(lines))
    done = mag("sweep", "C=1,2")

    assert (done.returncode, "alias" in done.stderr) == (2, True)


def test_store_that_cannot_be_written(project: Path, mag: Mag) -> None:
    """Where experiments cannot be kept, nothing starts, and the message names the place."""
    (project / "experiments").touch()
    done = mag("sweep", "C=1,2")

    assert done.returncode == 2
    assert "experiments" in done.stderr
    assert "Traceback" not in done.stderr


def test_same_points_run_once(project: Path, mag: Mag) -> None:
    """Points that are the same experiment run once, and the command says so."""
    (project / "configs" / "config.yaml").write_text("C: 1.0\ngamma: 0.5\n_seed: 0\n")
    done = mag("sweep", "C=1,1.0,2")

    assert names(project) == ["1.0|0.5", "2.0|0.5"]
    assert "1 asked for more than once" in done.stderr


def test_edit_in_mid_sweep_changes_nothing(project: Path, mag: Mag, read: Read) -> None:
    """What runs is the plan, whatever happens to the config files meanwhile."""
    app = "import mag\n@mag.main('configs')\ndef train(c):\n    open('configs/config.yaml', 'w').write('gamma: 7')\n"
    (project / "train.py").write_text(app)
    mag("sweep", "C=1,2,3", "-j", "1")

    assert names(project) == ["1|0.5", "2|0.5", "3|0.5"]
    assert read("3|0.5").config["gamma"] == 0.5


@pytest.mark.usefixtures("project")
def test_outside_a_repository_and_inside(mag: Mag, read: Read) -> None:
    """The commit is recorded once there is one; before, the record says why there is none."""
    mag("sweep", "C=1")
    environment = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *command], check=True, env=os.environ | environment)
    mag("sweep", "C=2", **environment)

    commit = read("1|0.5").commit
    assert (commit["hash"], commit["reason"]) == (None, "not in a git repository")
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    assert read("2|0.5").commit["hash"] == head
    assert read("2|0.5").commit["dirty"] is False


def test_secrets_are_masked(project: Path, mag: Mag) -> None:
    """A secret that is typed stands in no file that mag writes, and in nothing that it says."""
    (project / "train.py").write_text(
        "import mag\n@mag.main('configs')\ndef train(c):\n    assert c.token == 'hunter2'\n"
        "    raise ValueError('refused hunter2')\n"
    )
    done = mag("sweep", "+token=hunter2", "C=1,2")

    files = [path for path in (project / "experiments").rglob("*") if path.is_file() and path.name != "log"]
    assert "ValueError: refused ***" in done.stderr
    assert "hunter2" not in done.stderr
    assert not [path for path in files if b"hunter2" in path.read_bytes()]


def heed_interrupts() -> None:
    """Be a process that Ctrl-C and a hang-up reach, as one started from a terminal is."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a sweep of sleepers, and return when two of them run."""
    (project / "train.py").write_text(SLEEPER)
    process = subprocess.Popen(
        [sys.executable, "-m", "mag", "sweep", "C=1,2,3,4", "-j", "2", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509  (the test has one thread)
        start_new_session=True,
    )
    wait_for(lambda: count_starts(project) == 2)
    return process


def count_starts(project: Path) -> int:
    """Return how many experiments have started, by their own account."""
    ledger = project / "ledger"
    return len(ledger.read_text().splitlines()) if ledger.exists() else 0


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds, at most 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited 20 s in vain"
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_stops_cleanly(project: Path, read: Read, number: int, code: int) -> None:
    """What runs is ended and recorded as interrupted, nothing more starts, and the next run does the rest."""
    process = start(project, "gamma=30")
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=20)

    assert (process.returncode, count_starts(project)) == (code, 2)
    assert (read("1|30.0").status, read("2|30.0").status) == ("interrupted", "interrupted")
    assert "2 interrupted, 2 not started" in said
    assert "same command again" in said


def test_grace_then_kill(project: Path, read: Read) -> None:
    """An experiment that does not heed SIGTERM is killed when its grace period is over."""
    process = start(project, "gamma=30", "_seed=1", "--grace", "0.3")
    process.terminate()
    process.communicate(timeout=20)

    assert (process.returncode, read("1|30.0").status, read("1|30.0").exit["signal"]) == (143, "interrupted", 9)


def test_second_signal_stops_at_once(project: Path) -> None:
    """A second Ctrl-C does not wait for the grace period."""
    process = start(project, "gamma=30", "_seed=1", "--grace", "25")
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=15)

    assert process.returncode == 130


def tell_the_tree(pid: int) -> None:
    """Send SIGTERM to a process and all below it, as systemd and Slurm do."""
    for child in children(pid):
        tell_the_tree(child)
    os.kill(pid, signal.SIGTERM)


def hang_up_twice(pid: int) -> None:
    """Hang up as a window does that is closed: the shell says so, and then the kernel."""
    for _ in range(2):
        os.killpg(pid, signal.SIGHUP)
        time.sleep(0.1)


def press_twice(pid: int) -> None:
    """Ask to stop as `timeout` does: the process, and then its group."""
    os.kill(pid, signal.SIGTERM)
    time.sleep(0.1)
    os.killpg(pid, signal.SIGTERM)


@pytest.mark.parametrize("tell", [tell_the_tree, hang_up_twice, press_twice])
def test_a_request_that_comes_from_several(project: Path, read: Read, tell: Callable[[int], None]) -> None:
    """Whoever tells whom to stop at the same time, what runs has its grace period."""
    process = start(project, "gamma=31")
    tell(process.pid)
    process.communicate(timeout=20)

    assert process.returncode in {128 + signal.SIGTERM, 128 + signal.SIGHUP}
    assert sorted(path.name for path in project.glob("tidied*")) == ["tidied1", "tidied2"]
    assert (read("1|31.0").status, read("2|31.0").status) == ("interrupted", "interrupted")


def test_killed_runner(project: Path, mag: Mag, read: Read) -> None:
    """After `kill -9` of the runner what runs completes and is recorded, nothing starts, and the rest can be run."""
    process = start(project, "gamma=1")
    process.kill()
    process.communicate()
    wait_for(lambda: {read("1|1.0").status, read("2|1.0").status} == {"completed"})
    time.sleep(0.3)

    assert count_starts(project) == 2
    assert "\tlost\t" in mag("status").stdout
    assert mag("watch").stdout.endswith(" lost: 2 of 4: 2 completed, 0 running, 2 to go\n")
    done = mag("sweep", "C=1,2,3,4", "gamma=1")
    assert "4 experiments: 2 completed, 2 done before." in done.stderr
    assert count_starts(project) == 4


def children(pid: int) -> list[int]:
    """Return the children of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def test_killed_supervisor(project: Path) -> None:
    """A supervisor that is killed takes nothing along: its experiment completes, and the others run."""
    process = start(project, "gamma=1")
    server = children(process.pid)[0]
    os.kill(children(server)[0], signal.SIGKILL)
    _, said = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "4 experiments: 4 completed" in said
    assert count_starts(project) == 4


def test_two_runners_share_the_work(project: Path) -> None:
    """Two runners of one sweep start each experiment once."""
    first = start(project, "gamma=0.3")
    second = subprocess.run(first.args, capture_output=True, text=True, check=False, timeout=30)
    first.communicate(timeout=20)

    assert (first.returncode, second.returncode, count_starts(project)) == (0, 0, 4)


def test_two_runners_that_run_all_again_share_that(project: Path, mag: Mag) -> None:
    """With --force, too, each experiment is run once by one of them."""
    mag("sweep", "C=1,2,3,4", "gamma=1.5")
    first = start(project, "gamma=1.5", "--force")
    second = subprocess.run(first.args, capture_output=True, text=True, check=False, timeout=30)
    first.communicate(timeout=20)

    assert (first.returncode, second.returncode, count_starts(project)) == (0, 0, 4)


def test_two_runners_share_failures(project: Path) -> None:
    """What has failed in the hands of one has failed for the other, too; a later command runs it again."""
    first = start(project, "gamma=1.5", "_seed=a")
    second = subprocess.run(first.args, capture_output=True, text=True, check=False, timeout=30)
    _, said = first.communicate(timeout=20)

    assert (first.returncode, second.returncode, count_starts(project)) == (1, 1, 4)
    assert ["4 experiments: 4 failed" in each for each in (said, second.stderr)] == [True, True]
    assert subprocess.run(first.args, capture_output=True, check=False, timeout=30).returncode == 1
    assert count_starts(project) == 8


def test_closed_output_harms_nothing(project: Path, read: Read) -> None:
    """An experiment does not notice that nobody reads what mag says."""
    command = f"{sys.executable} -m mag sweep C=1,2,3 -j 1 2>&1 | head -1"
    subprocess.run(["bash", "-c", command], check=False, capture_output=True)

    wait_for((project / "experiments" / "3|0.5" / ".mag" / "record.json").exists)
    wait_for(lambda: read("3|0.5").status == "completed")


def test_what_another_runner_was_running_is_taken_over(project: Path, read: Read) -> None:
    """A runner waits for what another one runs; if that is killed with all its processes, it runs it itself."""
    first = start(project, "gamma=30")
    command = [sys.executable, "-m", "mag", "sweep", "C=1,2", "gamma=30", "--timeout", "0.4s"]
    second = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert second.stderr is not None
    assert "waiting for 2 experiments that another process is running\n" in iter(second.stderr.readline, "")

    for pid in list_tree(first.pid):
        os.kill(pid, signal.SIGKILL)
    first.communicate(timeout=20)
    second.communicate(timeout=20)

    assert (read("1|30.0").status, read("2|30.0").status) == ("timeout", "timeout")
    assert second.returncode == 1


@pytest.mark.usefixtures("project")
def test_json_is_for_a_plan(mag: Mag) -> None:
    """A sweep that runs has no JSON, and says what has; nothing was started."""
    done = mag("sweep", "C=1,2", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "add --dry-run" in done.stderr
    assert not Path("experiments").exists()


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_the_line_of_a_failure_is_short(project: Path, mag: Mag, command: str) -> None:
    """However long a message is, its line has the beginning of it, and the record all that it keeps."""
    (project / "train.py").write_text(
        "import mag\n@mag.main('configs')\ndef train(c):\n    raise ValueError('x' * 1500)\n"
    )
    line = next(line for line in mag(command, "C=1").stderr.splitlines() if line.startswith("failed"))
    assert 200 <= len(line) <= 300
    assert line.endswith("xx\u2026")


@pytest.mark.usefixtures("project")
def test_a_value_that_is_still_missing(mag: Mag) -> None:
    """What is missing is named, and typing it helps; nobody is blamed."""
    done = mag("run", "C=???")
    said = "mag: C (C=???) must be given: type C=VALUE (it is still ???). If the function fills them, say so: "
    assert (done.returncode, done.stderr) == (2, f'{said}@mag.main(missing="late").\n')
    assert mag("run", "C=2").returncode == 0
